#include "purge/event.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

namespace brink::purge {

namespace json = boost::json;

namespace {

constexpr std::string_view kPayload = "payload";

// Collects the scalars that a path leads to.
class Walk {
 public:
  Walk(const config::FieldPath& path, std::size_t most) : path_(path), most_(most) {}

  void step(const json::value& value, std::size_t depth) {
    if (!out_.problem.empty() || value.is_null()) return;
    if (const json::array* array = value.if_array()) {
      for (const json::value& each : *array)
        step(each, depth);
      return;
    }
    if (depth == path_.size()) return take(value);
    const json::object* object = value.if_object();
    const json::value* next = object != nullptr ? object->if_contains(path_[depth]) : nullptr;
    if (next != nullptr) step(*next, depth + 1);
  }

  FieldValues end() { return std::move(out_); }

 private:
  void take(const json::value& value) {
    std::string text;
    if (const json::string* string = value.if_string()) {
      text = std::string(*string);
    } else if (value.is_int64() || value.is_uint64() || value.is_bool()) {
      text = json::serialize(value);
    } else {
      return refuse(value.is_object() ? "is an object"
                                      : "is a number with a fraction or an exponent");
    }
    if (text.empty()) return;
    if (out_.texts.size() >= most_) return refuse(fmt::format("has more than {} values", most_));
    out_.texts.push_back(std::move(text));
  }

  void refuse(std::string_view why) {
    out_.problem = fmt::format("the field {} {}", fmt::join(path_, "."), why);
  }

  const config::FieldPath& path_;
  const std::size_t most_;
  FieldValues out_;
};

json::value parse_json(std::string_view text, boost::system::error_code& error) {
  json::parse_options options;
  options.max_depth = kEventDepth;
  return json::parse(json::string_view(text.data(), text.size()), error, {}, options);
}

// The payload of {"schema":…,"payload":…}, if that is all there is.
const json::value* wrapped_in(const json::value& value) {
  const json::object* object = value.if_object();
  const bool is_wrapper = object != nullptr && object->size() == 2 && object->contains("schema");
  return is_wrapper ? object->if_contains(kPayload) : nullptr;
}

const json::string* text_inside(const json::value& value) {
  const json::value* payload = wrapped_in(value);
  return payload != nullptr ? payload->if_string() : value.if_string();
}

FieldValues walk(const json::value& root, const config::FieldPath& path, std::size_t most) {
  Walk from(path, most);
  from.step(root, 0);
  return from.end();
}

}  // namespace

std::optional<Event> Event::parse(std::string_view text, std::string& why) {
  boost::system::error_code error;
  json::value value = parse_json(text, error);
  if (const json::string* inner = error ? nullptr : text_inside(value)) {
    const std::string copy(*inner);
    value = parse_json(copy, error);
  }
  if (error || !value.is_object()) {
    why = fmt::format("it is not a JSON object: {}",
                      error ? error.message() : "it is another kind of value");
    return std::nullopt;
  }
  return Event(std::move(value));
}

bool Event::is_tombstone() const {
  const json::value* payload = wrapped_in(root_);
  return payload != nullptr && payload->is_null();
}

FieldValues Event::find(const config::FieldChoice& field, std::size_t most) const {
  const json::value* payload = wrapped_in(root_);
  for (const config::FieldPath& path : field) {
    FieldValues found = walk(root_, path, most);
    if (found.texts.empty() && found.problem.empty() && payload != nullptr)
      found = walk(*payload, path, most);
    if (!found.texts.empty() || !found.problem.empty()) return found;
  }
  return {};
}

}  // namespace brink::purge
