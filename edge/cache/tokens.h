#pragma once
// Tokens, digits and field lines: the small grammar that every file of this folder shares (RFC 9110
// §5.6).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/runtime/fields.h"

namespace brink::edge::cache {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_lower_alpha(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_alpha(char c) {
  return is_lower_alpha(ascii_lower(c));
}
constexpr bool is_ows(char c) {
  return c == ' ' || c == '\t';
}

// tchar (RFC 9110 §5.6.2).
constexpr bool is_tchar(char c) {
  return is_alpha(c) || is_digit(c) ||
         std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

constexpr bool is_token(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), is_tchar);
}

// Does `s` start with `prefix`, letter case aside?
constexpr bool istarts_with(std::string_view s, std::string_view prefix) {
  return s.size() >= prefix.size() && iequals(s.substr(0, prefix.size()), prefix);
}

// A strict order of names, letter case aside.
constexpr bool iless(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return ascii_lower(x) < ascii_lower(y);
  });
}

inline void append_lower(std::string_view s, std::string& out) {
  for (const char c : s)
    out.push_back(ascii_lower(c));
}

// Digits only, at least one; saturates at `max`. Empty when anything else is there.
constexpr std::optional<std::uint64_t> parse_digits(std::string_view text, std::uint64_t max) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  bool saturated = false;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    saturated = saturated || value > (max - digit) / 10;
    if (!saturated) value = value * 10 + digit;
  }
  return saturated ? max : value;
}

// The lines of one field: how many, and the first one's value.
struct FieldLines {
  std::size_t count = 0;
  std::string_view first;
};
inline FieldLines field_lines(Fields fields, std::string_view name) {
  FieldLines lines;
  for (const Field& field : fields) {
    if (!iequals(field.name, name)) continue;
    if (lines.count++ == 0) lines.first = trim_ows(field.value);
  }
  return lines;
}

// The value of a field that is allowed once: empty when it is absent or there are several lines.
inline std::string_view single_value(Fields fields, std::string_view name) {
  const FieldLines lines = field_lines(fields, name);
  return lines.count == 1 ? lines.first : std::string_view{};
}

// All lines of a list field as one value (RFC 9110 §5.3), ", " between them.
inline std::string joined_value(Fields fields, std::string_view name) {
  std::string joined;
  bool first = true;
  for (const Field& field : fields) {
    if (!iequals(field.name, name)) continue;
    if (!first) joined += ", ";
    joined += trim_ows(field.value);
    first = false;
  }
  return joined;
}

}  // namespace brink::edge::cache
