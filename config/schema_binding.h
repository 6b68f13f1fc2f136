#pragma once
// How a line of the schema is tied to a struct's member; used by schema_*.cc only.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/runtime/clock.h"
#include "config/schema.h"

namespace brink::config {

namespace detail {

template <class T>
struct MemberOf;
template <class Object, class Field>
struct MemberOf<Field Object::*> {
  using object_type = Object;
  using field_type = Field;
};

// Assigns a value that was checked against its key, so that the conversions below lose nothing.
template <class Field>
void assign(Field& field, const Value& value) {
  if constexpr (std::is_same_v<Field, Millis>) {
    field = Millis{static_cast<std::int64_t>(std::get<std::uint64_t>(value))};
  } else if constexpr (std::is_same_v<Field, std::optional<Millis>>) {
    field = Millis{static_cast<std::int64_t>(std::get<std::uint64_t>(value))};
  } else if constexpr (std::is_enum_v<Field> ||
                       (std::is_integral_v<Field> && !std::is_same_v<Field, bool>)) {
    field = static_cast<Field>(std::get<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<Field, std::vector<std::string>> ||
                       !requires { typename Field::value_type; } ||
                       std::is_same_v<Field, std::string>) {
    field = std::get<Field>(value);
  } else {  // a vector of an enumeration
    field.clear();
    for (std::uint64_t index : std::get<std::vector<std::uint64_t>>(value)) {
      field.push_back(static_cast<typename Field::value_type>(index));
    }
  }
}

template <class Field>
Value read_back(const Field& field) {
  if constexpr (std::is_same_v<Field, Millis>) {
    return static_cast<std::uint64_t>(field.count());
  } else if constexpr (std::is_same_v<Field, std::optional<Millis>>) {
    return field ? Value(static_cast<std::uint64_t>(field->count())) : Value();
  } else if constexpr (std::is_enum_v<Field> ||
                       (std::is_integral_v<Field> && !std::is_same_v<Field, bool>)) {
    return static_cast<std::uint64_t>(field);
  } else if constexpr (std::is_same_v<Field, std::vector<std::string>> ||
                       !requires { typename Field::value_type; } ||
                       std::is_same_v<Field, std::string>) {
    return field;
  } else {
    std::vector<std::uint64_t> out;
    for (auto element : field)
      out.push_back(static_cast<std::uint64_t>(element));
    return out;
  }
}

// The member itself; of an optional or a vector, a new element.
template <auto Member>
void* enter(void* object) {
  using Object = typename MemberOf<decltype(Member)>::object_type;
  auto& field = static_cast<Object*>(object)->*Member;
  if constexpr (requires { field.emplace_back(); }) {
    return &field.emplace_back();
  } else if constexpr (requires { field.has_value(); }) {
    return &field.emplace();
  } else {
    return &field;
  }
}

}  // namespace detail

// A key that sets one member.
template <auto Member>
constexpr Key leaf(std::string_view name, Type type, std::string_view fallback,
                   std::string_view text) {
  using Object = typename detail::MemberOf<decltype(Member)>::object_type;
  Key key;
  key.name = name;
  key.type = type;
  key.fallback = fallback;
  key.text = text;
  key.set = [](void* object, const Value& value) {
    detail::assign(static_cast<Object*>(object)->*Member, value);
  };
  key.get = [](const void* object) {
    return detail::read_back(static_cast<const Object*>(object)->*Member);
  };
  return key;
}

// A key that leads to another table.
constexpr Key branch(std::string_view name, Type type, const Section& section,
                     void* (*descend)(void*), std::string_view text) {
  Key key;
  key.name = name;
  key.type = type;
  key.section = &section;
  key.descend = descend;
  key.text = text;
  return key;
}

template <auto Member>
constexpr Key branch(std::string_view name, Type type, const Section& section,
                     std::string_view text) {
  return branch(name, type, section, detail::enter<Member>, text);
}

template <class T>
std::shared_ptr<void> fresh() {
  return std::make_shared<T>();
}

}  // namespace brink::config
