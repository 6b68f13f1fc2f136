#pragma once
// An event's JSON and the values of its fields (docs/purging.md, "Events"). Pure; all of it is the
// network's.
//
// A message of Debezium's may be wrapped ({"schema":…,"payload":{…}}, and no more) or not: of one
// that is, a path that leads to nothing from the root is looked up in "payload". An outbox's is the
// text of its payload column: a JSON text that is JSON itself, wrapped or not. Nothing else is
// looked into, for what a column holds must never be taken for the event's structure.

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/event_template.h"

namespace brink::purge {

inline constexpr std::size_t kEventDepth = 32;  // of its JSON

// What a field comes to: one text, or one for each element of the arrays on its path.
struct FieldValues {
  std::vector<std::string> texts;  // none is empty; without a problem, no text = it is missing
  std::string problem;             // it is there and cannot be used
};

class Event {
 public:
  // Nothing, with the reason in `why`, when the text is not one JSON object.
  static std::optional<Event> parse(std::string_view text, std::string& why);

  // The first of the choices that is there: null, "" and empty arrays are not. Texts, whole numbers
  // and booleans can be used; objects and fractions cannot. At most `most` values.
  FieldValues find(const config::FieldChoice& field, std::size_t most) const;

  // Wrapped, and nothing in it: what follows a deleted row.
  bool is_tombstone() const;

  const boost::json::value& json() const { return root_; }

 private:
  explicit Event(boost::json::value root) : root_(std::move(root)) {}
  boost::json::value root_;
};

}  // namespace brink::purge
