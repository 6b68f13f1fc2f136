#include "tests/sim/rfc9111_directives.h"

#include <algorithm>
#include <set>

namespace brink::sim::rfc9111 {
namespace {

using Kind = Control::Argument::Kind;

// Directives that only forbid. HTTP-BEHAVIOUR: a quoted string that is never closed must not hide
// one of them.
const std::set<std::string> kRestrictions = {"no-store", "no-cache", "private", "must-revalidate",
                                             "proxy-revalidate"};
const std::set<std::string> kWithSeconds = {"max-age", "s-maxage", "stale-while-revalidate",
                                            "stale-if-error"};
const std::set<std::string> kFlags = {"public",          "no-store",        "immutable",
                                      "must-revalidate", "must-understand", "proxy-revalidate",
                                      "no-transform"};

std::string unquoted(const std::string& text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// Where a quoted string begins that never ends.
std::size_t unclosed_quote(const std::string& text) {
  std::size_t open = std::string::npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && open != std::string::npos) {
      ++i;
    } else if (text[i] == '"') {
      open = open == std::string::npos ? i : std::string::npos;
    }
  }
  return open;
}

// Fields without which a stored response cannot be kept or described (HTTP-BEHAVIOUR, §3: "treated
// as unqualified where that cannot be done safely").
bool can_do_without(const std::string& name) {
  static const std::set<std::string> kNeeded = {
      "vary", "cache-control", "cdn-cache-control", "brink-cache-control", "expires",
      "date", "age",           "location",          "transfer-encoding"};
  return !kNeeded.contains(name) && !name.starts_with("content-");
}

std::optional<Seconds64> seconds_of(const Control::Argument& argument) {
  return argument.kind == Kind::Text ? delta_seconds(unquoted(argument.text)) : std::nullopt;
}

}  // namespace

// One line: what stands behind an unclosed quote counts only where it forbids.
void Control::take_line(const std::string& line) {
  const std::size_t open = unclosed_quote(line);
  const std::size_t comma = open == std::string::npos ? open : line.find(',', open);
  for (const std::string& member : members(line.substr(0, comma)))
    take_member(member);
  if (comma == std::string::npos) return;
  std::string rest = line.substr(comma + 1);
  std::replace(rest.begin(), rest.end(), '"', '\'');  // no quoted strings any more
  for (const std::string& member : members(rest)) {
    const std::string name = lower(trim(member.substr(0, member.find('='))));
    if (kRestrictions.contains(name)) arguments_[name].emplace_back();
  }
}

void Control::take_member(const std::string& member) {
  const std::size_t equals = member.find('=');
  const std::string name = member.substr(0, equals);
  Argument argument;
  if (equals != std::string::npos) {
    argument.text = member.substr(equals + 1);
    const bool spaced = trim(name) != name || trim(argument.text) != argument.text;
    argument.kind = spaced ? Kind::Broken : Kind::Text;
  }
  arguments_[lower(trim(name))].push_back(argument);
}

Control Control::of_request(const Lines& fields) {
  Control out;
  for (const std::string& line : values(fields, "Cache-Control")) {
    for (const std::string& member : members(line))
      out.take_member(member);
  }
  if (rfc9111::has(fields, "Cache-Control")) return out;
  for (const std::string& line : values(fields, "Pragma")) {
    for (const std::string& member : members(line)) {
      if (lower(member) == "no-cache") out.arguments_["no-cache"].emplace_back();
    }
  }
  return out;
}

Control Control::of_response(const Lines& fields) {
  if (auto ours = of_targeted(fields, "Brink-Cache-Control")) return *ours;
  if (auto cdn = of_targeted(fields, "CDN-Cache-Control")) return *cdn;
  Control out;
  for (const std::string& line : values(fields, "Cache-Control"))
    out.take_line(line);
  return out;
}

// RFC 9213 §2.1; HTTP-BEHAVIOUR: one value of a wrong type, and the whole field is ignored.
std::optional<Control> Control::of_targeted(const Lines& fields, const std::string& field_name) {
  const auto dictionary = parse_dictionary(joined(fields, field_name));
  if (!dictionary || dictionary->empty()) return std::nullopt;
  Control out;
  out.targeted_ = true;
  using Type = DictionaryValue::Type;
  for (const auto& [name, value] : *dictionary) {
    const bool names_fields = name == "no-cache" || name == "private";
    if (kWithSeconds.contains(name)) {
      if (value.type != Type::Integer) return std::nullopt;
      out.arguments_[name].push_back({Kind::Text, std::to_string(value.integer)});
    } else if (value.type == Type::Boolean && (kFlags.contains(name) || names_fields)) {
      if (value.boolean) out.arguments_[name].emplace_back();
    } else if (names_fields && (value.type == Type::String || value.type == Type::Token)) {
      out.arguments_[name].push_back({Kind::Text, value.text});
    } else if (kFlags.contains(name) || names_fields) {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<Seconds64> Control::smallest(const std::string& directive) const {
  std::optional<Seconds64> out;
  if (!has(directive)) return out;
  for (const Argument& argument : arguments_.at(directive)) {
    const auto value = seconds_of(argument);
    if (value && (!out || *value < *out)) out = value;
  }
  return out;
}

std::optional<Seconds64> Control::largest(const std::string& directive) const {
  std::optional<Seconds64> out;
  if (!has(directive)) return out;
  for (const Argument& argument : arguments_.at(directive)) {
    const auto value = seconds_of(argument);
    if (value && (!out || *value > *out)) out = value;
  }
  return out;
}

bool Control::has_bare(const std::string& directive) const {
  if (!has(directive)) return false;
  const auto& all = arguments_.at(directive);
  return std::any_of(all.begin(), all.end(),
                     [](const Argument& a) { return a.kind == Kind::None; });
}

bool Control::has_invalid(const std::string& directive) const {
  if (!has(directive)) return false;
  const auto& all = arguments_.at(directive);
  return std::any_of(all.begin(), all.end(), [](const Argument& a) { return !seconds_of(a); });
}

// The names of one argument; none when it cannot be honoured as written.
static std::vector<std::string> names_in(const Control::Argument& argument) {
  if (argument.kind != Kind::Text) return {};
  std::vector<std::string> names = members(unquoted(argument.text));
  for (std::string& name : names)
    name = lower(name);
  if (!std::all_of(names.begin(), names.end(), can_do_without)) return {};
  return names;
}

bool Control::unqualified(const std::string& directive) const {
  if (!has(directive)) return false;
  const auto& all = arguments_.at(directive);
  return std::any_of(all.begin(), all.end(), [](const Argument& a) { return names_in(a).empty(); });
}

std::vector<std::string> Control::field_names(const std::string& directive) const {
  std::vector<std::string> out;
  if (!has(directive)) return out;
  for (const Argument& argument : arguments_.at(directive)) {
    for (const std::string& name : names_in(argument))
      out.push_back(name);
  }
  return out;
}

}  // namespace brink::sim::rfc9111
