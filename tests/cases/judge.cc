#include "tests/cases/judge.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <regex>
#include <string_view>

#include "config/runtime/fields.h"
#include "tests/support/transcript.h"

namespace brink::tests::cases {
namespace {

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> field_of(const std::vector<std::pair<std::string, std::string>>& fields,
                                    std::string_view name) {
  for (const auto& field : fields) {
    if (iequals(field.first, name)) return field.second;
  }
  return std::nullopt;
}

// The member of the node nearest the client is brink-edge-1, the regional one brink-regional-1.
std::optional<std::string> cache_status(const HttpMessage& message, std::string_view cache,
                                        const std::string& parameter) {
  const auto value = message.field("Cache-Status");
  if (!value) return std::nullopt;
  for (const CacheStatusMember& member : parse_cache_status(*value)) {
    if (member.name == cache)
      return parameter == "name" ? member.name : member.parameter(parameter);
  }
  return std::nullopt;
}

std::optional<std::string> interim_field(const HttpMessage& message, const std::string& name) {
  for (const HttpMessage& interim : message.interims) {
    if (auto value = interim.field(name)) return value;
  }
  return std::nullopt;
}

std::optional<std::string> interim_list(const HttpMessage& message) {
  std::optional<std::string> list;
  for (const HttpMessage& interim : message.interims) {
    list = (list ? *list + ", " : std::string()) + std::to_string(interim.status());
  }
  return list;
}

bool compare_numbers(Relation relation, const std::string& seen, const std::string& expected) {
  const auto a = number(seen);
  const auto b = number(expected);
  if (!a || !b) return false;
  switch (relation) {
    case Relation::Less:
      return *a < *b;
    case Relation::LessOrEqual:
      return *a <= *b;
    case Relation::Greater:
      return *a > *b;
    default:
      return *a >= *b;
  }
}

bool holds(Relation relation, const std::string& seen, const std::string& expected) {
  switch (relation) {
    case Relation::Present:
      return true;
    case Relation::Absent:
      return false;
    case Relation::Equal:
      return seen == expected;
    case Relation::NotEqual:
      return seen != expected;
    case Relation::Contains:
      return seen.find(expected) != std::string::npos;
    case Relation::Lacks:
      return seen.find(expected) == std::string::npos;
    case Relation::Matches:
      return std::regex_search(seen, std::regex(expected));
    default:
      return compare_numbers(relation, seen, expected);
  }
}

std::string_view word(Relation relation) {
  constexpr std::array<std::string_view, 11> kWords = {
      "is there", "is not there", "==", "!=", "<", "<=", ">", ">=", "contains", "lacks", "matches"};
  return kWords.at(static_cast<std::size_t>(relation));
}

bool labels_contain(std::string_view labels, std::string_view wanted) {
  while (!wanted.empty()) {
    const std::size_t comma = wanted.find("\",");
    const std::string_view one =
        wanted.substr(0, comma == std::string_view::npos ? comma : comma + 1);
    if (labels.find(one) == std::string_view::npos) return false;
    wanted.remove_prefix(comma == std::string_view::npos ? wanted.size() : comma + 2);
  }
  return true;
}

}  // namespace

std::optional<std::string> observe(const Check& check, const HttpMessage& message) {
  switch (check.subject) {
    case Subject::Status:
      return std::string(message.start_part(1));
    case Subject::Reason: {
      const std::string line = message.head.substr(0, message.head.find("\r\n"));
      const std::size_t space = line.find(' ', line.find(' ') + 1);
      return space == std::string::npos ? std::string() : line.substr(space + 1);
    }
    case Subject::Version:
      return std::string(message.start_part(message.head.starts_with("HTTP/") ? 0 : 2));
    case Subject::Method:
      return std::string(message.method());
    case Subject::Target:
      return std::string(message.target());
    case Subject::Header:
      return message.field(check.name);
    case Subject::HeaderCount:
      return std::to_string(message.count(check.name));
    case Subject::Trailer:
      return field_of(message.trailers, check.name);
    case Subject::Body:
      return message.body;
    case Subject::BodySize:
      return std::to_string(message.body.size());
    case Subject::Interim:
      return interim_list(message);
    case Subject::InterimHeader:
      return interim_field(message, check.name);
    case Subject::Edge:
      return cache_status(message, "brink-edge-1", check.name);
    case Subject::Regional:
      return cache_status(message, "brink-regional-1", check.name);
    case Subject::Cut:
      return message.cut.empty() ? std::nullopt : std::optional(message.cut);
    default:
      return std::nullopt;
  }
}

std::string judge(const Check& check, const std::optional<std::string>& seen,
                  const std::string& expected) {
  bool ok = check.relation == Relation::Absent || check.relation == Relation::Lacks ||
            check.relation == Relation::NotEqual;
  try {
    if (seen) ok = holds(check.relation, *seen, expected);
  } catch (const std::regex_error& error) {
    return fmt::format("bad regular expression: {}", error.what());
  }
  if (ok) return {};
  const bool unary = check.relation == Relation::Present || check.relation == Relation::Absent;
  return fmt::format("expected: {}{}{}; seen: {}", word(check.relation), unary ? "" : " ",
                     unary ? "" : "\"" + printable(expected) + "\"",
                     seen ? "\"" + printable(*seen) + "\"" : "nothing");
}

std::optional<std::string> metric_total(const std::string& exposition,
                                        const std::string& selector) {
  const std::size_t brace = selector.find('{');
  const std::string name = selector.substr(0, brace);
  const std::string wanted =
      brace == std::string::npos ? "" : selector.substr(brace + 1, selector.size() - brace - 2);
  std::optional<double> total;
  std::string_view rest(exposition);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.starts_with(name)) continue;
    const std::string_view behind = line.substr(name.size());
    const std::size_t space = line.rfind(' ');
    if (behind.empty() || (behind.front() != '{' && behind.front() != ' ')) continue;
    if (!labels_contain(behind, wanted)) continue;
    if (const auto value = number(line.substr(space + 1))) total = total.value_or(0) + *value;
  }
  if (!total) return std::nullopt;
  return fmt::format("{}", *total);
}

}  // namespace brink::tests::cases
