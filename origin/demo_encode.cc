// Escapes and containers: HTML, JSON, CRC-32, stored DEFLATE, gzip.
#include <fmt/format.h>

#include <array>

#include "origin/demo_http.h"

namespace brink::origin {
namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc & 1U) ? 0xedb88320U ^ (crc >> 1U) : crc >> 1U;
    table[i] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

void append_little_endian(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i)
    out += static_cast<char>((value >> (8U * unsigned(i))) & 0xffU);
}

// Length of the UTF-8 sequence at the front of `text`; 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80                      ? 1
                             : (lead >= 0xc2 && lead <= 0xdf) ? 2
                             : (lead >= 0xe0 && lead <= 0xef) ? 3
                             : (lead >= 0xf0 && lead <= 0xf4) ? 4
                                                              : 0;
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  if (length < 3) return length;
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool out_of_range = (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf4 && byte(1) > 0x8f);
  return overlong || out_of_range ? 0 : length;
}

void append_json_character(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20) {
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        out += c;
      }
  }
}

}  // namespace

std::string demo_escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string demo_json_string(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      json += "\xef\xbf\xbd";  // U+FFFD
      text.remove_prefix(1);
      continue;
    }
    if (length == 1) {
      append_json_character(json, text.front());
    } else {
      json += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return json += '"';
}

std::uint32_t demo_crc32(std::string_view bytes, std::uint32_t previous) {
  std::uint32_t crc = ~previous;
  for (const char c : bytes) {
    crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xffU] ^ (crc >> 8U);
  }
  return ~crc;
}

std::string demo_deflate_stored(std::string_view bytes) {
  constexpr std::size_t kBlockBytes = 65'535;
  std::string stream;
  stream.reserve(bytes.size() + bytes.size() / kBlockBytes * 5 + 5);
  do {
    const std::string_view block = bytes.substr(0, kBlockBytes);
    bytes.remove_prefix(block.size());
    const auto length = static_cast<std::uint32_t>(block.size());
    stream += bytes.empty() ? '\1' : '\0';  // final block or not; type 0
    append_little_endian(stream, length, 2);
    append_little_endian(stream, ~length & 0xffffU, 2);
    stream += block;
  } while (!bytes.empty());
  return stream;
}

std::string demo_gzip_stored(std::string_view bytes) {
  std::string gzip("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);  // no name, no time, unknown system
  gzip += demo_deflate_stored(bytes);
  append_little_endian(gzip, demo_crc32(bytes), 4);
  append_little_endian(gzip, static_cast<std::uint32_t>(bytes.size()), 4);
  return gzip;
}

}  // namespace brink::origin
