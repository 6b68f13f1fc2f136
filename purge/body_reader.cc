#include "purge/body_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

namespace brink::purge {

namespace json = boost::json;

namespace {

constexpr std::size_t kShown = 80;

}  // namespace

std::string shown(std::string_view text) {
  return text.size() <= kShown ? std::string(text) : std::string(text.substr(0, kShown)) + "…";
}

std::variant<json::object, Problem> object_of(std::string_view body, std::string_view example) {
  boost::system::error_code error;
  json::value value = json::parse(body, error);
  if (!error && value.is_object()) return std::move(value.get_object());
  return Problem{400, "invalid-json", "The body is not a JSON object",
                 fmt::format("Send one JSON object, such as {}: {}", example,
                             error ? error.message() : "it is not an object")};
}

void BodyReader::refuse(std::string_view code, std::string detail) {
  if (mistake_) return;
  mistake_ = Problem{422, std::string(code), "The request is not right", std::move(detail)};
}

void BodyReader::expected(std::string_view name, std::string_view what) {
  refuse("invalid-member", fmt::format("\"{}\": expected {}, found {}", name, what,
                                       shown(json::serialize(*find(name)))));
}

void BodyReader::too_long(std::string_view name, std::size_t most, std::string_view unit) {
  refuse("limit-reached",
         fmt::format("\"{}\" is longer than {} {}, which is the limit", name, most, unit));
}

void BodyReader::only(std::span<const std::string_view> known) {
  std::vector<std::string> unknown;
  for (const auto& member : object_) {
    if (std::find(known.begin(), known.end(), member.key()) == known.end())
      unknown.push_back("\"" + shown(member.key()) + "\"");
  }
  if (unknown.empty()) return;
  refuse("unknown-member", fmt::format("{} is not known here; this call takes {}",
                                       fmt::join(unknown, ", "), fmt::join(known, ", ")));
}

bool BodyReader::flag(std::string_view name) {
  const json::value* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_bool()) expected(name, "true or false");
  return value->is_bool() && value->get_bool();
}

std::string BodyReader::text(std::string_view name, std::size_t most) {
  const json::value* value = find(name);
  if (value == nullptr) return {};
  const json::string* string = value->if_string();
  if (string == nullptr || string->empty()) {
    expected(name, "a text");
    return {};
  }
  if (string->size() > most) too_long(name, most, "bytes");
  return std::string(*string);
}

std::int64_t BodyReader::number(std::string_view name, std::int64_t least, std::int64_t most,
                                std::int64_t fallback) {
  const json::value* value = find(name);
  if (value == nullptr) return fallback;
  const std::int64_t* number = value->if_int64();
  if (number != nullptr && *number >= least && *number <= most) return *number;
  expected(name, fmt::format("a whole number from {} to {}", least, most));
  return fallback;
}

std::vector<std::string> BodyReader::texts(std::string_view name, std::size_t most,
                                           std::size_t each_bytes) {
  std::vector<std::string> out;
  const json::array* array = find(name)->if_array();
  if (array == nullptr || array->empty()) {
    expected(name, "a list of at least one text");
    return out;
  }
  if (array->size() > most) {
    too_long(name, most, fmt::format("{}; send several requests", name));
    return out;
  }
  for (const json::value& value : *array) {
    const json::string* string = value.if_string();
    if (string == nullptr || string->empty()) {
      expected(name, "a list of texts");
      return out;
    }
    if (string->size() > each_bytes) too_long(name, each_bytes, "bytes for one of them");
    out.emplace_back(*string);
  }
  return out;
}

}  // namespace brink::purge
