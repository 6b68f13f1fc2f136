#pragma once
// The alphabets of Structured Fields (RFC 9651 §3), shared by the parser and the writer so that
// each is stated once.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edge/cache/tokens.h"

namespace brink::edge::cache::sf {

constexpr bool is_key_start(char c) {
  return is_lower_alpha(c) || c == '*';
}
constexpr bool is_key_char(char c) {
  return is_lower_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
constexpr bool is_token_start(char c) {
  return is_alpha(c) || c == '*';
}
constexpr bool is_token_char(char c) {
  return is_tchar(c) || c == ':' || c == '/';
}
constexpr bool is_printable(char c) {
  return c >= ' ' && c <= '~';
}

// Display Strings take lower-case hexadecimal only (§4.2.10).
constexpr int lower_hex(char c) {
  if (is_digit(c)) return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// RFC 4648 §4. Missing padding is accepted, as §4.2.7 recommends; other alphabets and white space
// are not.
std::optional<std::string> decode_base64(std::string_view text);
void append_base64(std::string_view bytes, std::string& out);

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace brink::edge::cache::sf
