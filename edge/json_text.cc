#include "edge/json_text.h"

#include <cstdint>

namespace brink::edge {

namespace {

bool is_in(char c, unsigned low, unsigned high) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= low && byte <= high;
}

// The length of the well-formed sequence of several bytes at the beginning of `text` (RFC 3629 §4);
// 0 = none.
std::size_t utf8_sequence(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  unsigned low = 0x80;
  unsigned high = 0xBF;
  std::size_t length = 0;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  if (lead == 0xE0) low = 0xA0;   // no overlong forms
  if (lead == 0xED) high = 0x9F;  // no surrogates
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;  // no more than U+10FFFF
  if (length == 0 || text.size() < length || !is_in(text[1], low, high)) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_in(text[i], 0x80, 0xBF)) return 0;
  }
  return length;
}

void append_unicode_escape(std::string& out, unsigned char c) {
  constexpr char kHex[] = "0123456789abcdef";
  out.append("\\u00");
  out.push_back(kHex[c >> 4U]);
  out.push_back(kHex[c & 15U]);
}

void append_control(std::string& out, char c) {
  if (c == '\n') {
    out.append("\\n");
  } else if (c == '\r') {
    out.append("\\r");
  } else if (c == '\t') {
    out.append("\\t");
  } else {
    append_unicode_escape(out, static_cast<unsigned char>(c));
  }
}

// Appends what begins at text[0] and is not plain ASCII; returns how many bytes that were.
std::size_t append_special(std::string& out, std::string_view text) {
  const char c = text[0];
  if (c == '"' || c == '\\') {
    out.push_back('\\');
    out.push_back(c);
    return 1;
  }
  if (is_in(c, 0x00, 0x1F) || c == '\x7f') {
    append_control(out, c);
    return 1;
  }
  const std::size_t length = utf8_sequence(text);
  if (length == 0) {
    out.append("\\ufffd");
    return 1;
  }
  if (c == '\xc2' && is_in(text[1], 0x80, 0x9F)) {
    append_unicode_escape(out, static_cast<unsigned char>(text[1]));
  } else {
    out.append(text.substr(0, length));
  }
  return length;
}

bool is_plain(char c) {
  return is_in(c, 0x20, 0x7E) && c != '"' && c != '\\';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain]))
      ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_special(out, text));
  }
  out.push_back('"');
}

}  // namespace brink::edge
