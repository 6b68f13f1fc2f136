#include "config/event_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/findings.h"
#include "config/names.h"
#include "config/runtime/log_format.h"

namespace brink::config {

namespace {

bool is_name_character(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != '\x7f' &&
         std::string_view("{}|.+,").find(c) == std::string_view::npos;
}

ParsedField bad_field(std::string_view text, std::string_view why) {
  return {{},
          fmt::format("{} is no field of an event: {}; write it as in after.id, or with a "
                      "second choice as in after.id|before.id",
                      quote(text), why)};
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(at, begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

// JSON holds nothing else, and what an event is compared with is JSON.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const bool is_ascii = static_cast<signed char>(text[i]) >= 0;
    const std::size_t length = is_ascii ? 1 : printable_sequence(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

// Cuts a template into pieces; the first mistake stays.
class TemplateReader {
 public:
  TemplateReader(std::string_view text, bool is_url) : text_(text), is_url_(is_url) {}

  ParsedTemplate read() {
    if (text_.empty()) refuse("it is empty");
    if (!is_utf8(text_)) refuse("it is not UTF-8");
    if (text_.size() > kTemplateBytes)
      refuse(fmt::format("it is longer than {} bytes", kTemplateBytes));
    while (at_ < text_.size() && out_.problem.empty())
      step();
    flush();
    if (fields_ > kTemplateFields)
      refuse(fmt::format("it has more than {} fields", kTemplateFields));
    return std::move(out_);
  }

  void refuse(std::string_view why) {
    if (!out_.problem.empty()) return;
    out_.problem = fmt::format(
        "{} is no template of a {}: {}; for example {}", quote(text_), is_url_ ? "URL" : "tag", why,
        is_url_ ? "\"https://shop.example.com/product/{after.id}\"" : "\"product-{after.id}\"");
  }

 private:
  void step() {
    const char c = text_[at_];
    const bool is_double = at_ + 1 < text_.size() && text_[at_ + 1] == c;
    if ((c == '{' || c == '}') && is_double) {
      literal_.push_back(c);
      at_ += 2;
    } else if (c == '{') {
      read_field();
    } else if (c == '}') {
      refuse("a '}' closes nothing; a brace by itself is written twice");
    } else {
      check_literal(c);
      literal_.push_back(c);
      ++at_;
    }
  }

  void check_literal(char c) {
    const bool is_visible = static_cast<unsigned char>(c) > ' ' && c != '\x7f';
    if (is_url_ && (!is_visible || static_cast<signed char>(c) < 0)) {
      refuse("it holds white space or characters that URLs write as %XX");
    } else if (is_url_ && (c == '#' || c == '\\')) {
      refuse("it holds '#' or '\\', which no request for a URL has");
    } else if (!is_url_ && (!is_visible || c == ',')) {
      refuse("it holds white space or a comma, and no tag does");
    }
  }

  void read_field() {
    const std::size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) return refuse("a '{' is not closed");
    std::string_view inner = text_.substr(at_ + 1, end - at_ - 1);
    TemplatePiece piece;
    if (inner.starts_with('+')) {
      if (!is_url_) return refuse("'+' is for URLs, where it keeps slashes");
      piece.keeps_slashes = true;
      inner.remove_prefix(1);
    }
    ParsedField parsed = parse_field_choice(inner);
    if (!parsed.problem.empty()) return refuse(parsed.problem);
    piece.field = std::move(parsed.field);
    flush();
    out_.pieces.push_back(std::move(piece));
    ++fields_;
    at_ = end + 1;
  }

  void flush() {
    if (literal_.empty()) return;
    out_.pieces.push_back({std::exchange(literal_, {}), {}, false});
  }

  const std::string_view text_;
  const bool is_url_;
  std::size_t at_ = 0;
  std::size_t fields_ = 0;
  std::string literal_;
  ParsedTemplate out_;
};

// "https://shop.example.com/…" → "shop.example.com"; empty when the text does not begin so.
std::string_view host_of(std::string_view literal) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!literal.starts_with(scheme)) continue;
    const std::string_view rest = literal.substr(scheme.size());
    const std::size_t slash = rest.find('/');
    return slash == std::string_view::npos ? std::string_view{} : rest.substr(0, slash);
  }
  return {};
}

}  // namespace

ParsedField parse_field_choice(std::string_view text) {
  ParsedField out;
  for (const std::string_view choice : split(text, '|')) {
    FieldPath path;
    for (const std::string_view name : split(choice, '.')) {
      if (name.empty()) return bad_field(text, "a name is missing");
      if (!std::all_of(name.begin(), name.end(), is_name_character))
        return bad_field(text, "a name holds white space or one of {}|.+,");
      path.emplace_back(name);
    }
    if (path.size() > kFieldDepth)
      return bad_field(text, fmt::format("it has more than {} names", kFieldDepth));
    out.field.push_back(std::move(path));
  }
  if (out.field.size() > kFieldChoices)
    return bad_field(text, fmt::format("it has more than {} choices", kFieldChoices));
  return out;
}

ParsedTemplate parse_tag_template(std::string_view text) {
  return TemplateReader(text, false).read();
}

ParsedTemplate parse_url_template(std::string_view text) {
  TemplateReader reader(text, true);
  ParsedTemplate out = reader.read();
  if (!out.problem.empty()) return out;
  const std::string_view host = host_of(out.pieces.front().literal);
  if (host.empty() || !problem_in_host(host).empty()) {
    TemplateReader refusal(text, true);
    refusal.refuse("it begins with the scheme, the host and a '/' as they are, without fields");
    out.problem = refusal.read().problem;
  }
  return out;
}

std::string problem_in_tag_template(std::string_view text) {
  return parse_tag_template(text).problem;
}
std::string problem_in_url_template(std::string_view text) {
  return parse_url_template(text).problem;
}
std::string problem_in_field_choice(std::string_view text) {
  return text.size() > kTemplateBytes
             ? bad_field(text, fmt::format("it is longer than {} bytes", kTemplateBytes)).problem
             : parse_field_choice(text).problem;
}

}  // namespace brink::config
