#pragma once
// Templates that make tags and URLs of an event's fields, as text (docs/purging.md, "Events"):
//
//   product-{after.id|before.id}     the first of these fields that the event has
//   https://shop.example.com/{+path} in a URL: slashes of the value stay; all else is
//   percent-encoded
//   {{ }}                            braces
//
// A path is a list of member names with dots between them. Pure; purge/event_template.h fills them.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace brink::config {

inline constexpr std::size_t kTemplateBytes = 1'024;
inline constexpr std::size_t kTemplateFields = 8;  // of one template
inline constexpr std::size_t kFieldChoices = 8;    // of one field
inline constexpr std::size_t kFieldDepth = 16;     // names in a path

using FieldPath = std::vector<std::string>;  // at least one name
using FieldChoice = std::vector<FieldPath>;  // the first that is there counts

struct TemplatePiece {
  std::string literal;  // of a literal
  FieldChoice field;    // of a field; empty = it is a literal
  bool keeps_slashes = false;
};

struct ParsedTemplate {
  std::vector<TemplatePiece> pieces;
  std::string problem;  // what was expected, what was found, how to mend it; empty = none
};

// Literals of a tag hold no white space and no comma, for no tag of a response can.
ParsedTemplate parse_tag_template(std::string_view text);
// The scheme and the host are literals: a field never decides whose content goes.
ParsedTemplate parse_url_template(std::string_view text);

struct ParsedField {
  FieldChoice field;
  std::string problem;
};
// "after.id|before.id", as between the braces.
ParsedField parse_field_choice(std::string_view text);

std::string problem_in_tag_template(std::string_view text);
std::string problem_in_url_template(std::string_view text);
std::string problem_in_field_choice(std::string_view text);

}  // namespace brink::config
