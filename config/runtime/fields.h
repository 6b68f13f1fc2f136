#pragma once
// Header fields as views: the one vocabulary type that every folder shares (RFC 9110 §5).

#include <algorithm>
#include <span>
#include <string_view>

namespace brink {

// One field line. Views into somebody else's buffer; whoever hands it out says how long it lives.
struct Field {
  std::string_view name;
  std::string_view value;  // without surrounding white space
};
using Fields = std::span<const Field>;

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// ASCII case-insensitive equality: field names, tokens, host names.
constexpr bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return ascii_lower(x) == ascii_lower(y);
         });
}

// The first line with this name, or null.
inline const Field* find_field(Fields fields, std::string_view name) {
  for (const Field& field : fields) {
    if (iequals(field.name, name)) return &field;
  }
  return nullptr;
}

// The first line's value, or an empty view.
inline std::string_view field_value(Fields fields, std::string_view name) {
  const Field* field = find_field(fields, name);
  return field ? field->value : std::string_view{};
}

// Without spaces and tabs at both ends (OWS, RFC 9110 §5.6.3).
constexpr std::string_view trim_ows(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

// Calls `f(element)` for each non-empty element of a comma-separated list; commas inside quoted
// strings do not split (RFC 9110 §5.6.1, §5.6.4). `f` returns false to stop early.
template <class F>
constexpr void for_each_list_element(std::string_view list, F&& f) {
  std::size_t begin = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size()) {
      if (quoted && list[i] == '\\' && i + 1 < list.size()) {
        ++i;
        continue;
      }
      if (list[i] == '"') quoted = !quoted;
      if (list[i] != ',' || quoted) continue;
    }
    std::string_view element = trim_ows(list.substr(begin, i - begin));
    begin = i + 1;
    if (!element.empty() && !f(element)) return;
  }
}

}  // namespace brink
