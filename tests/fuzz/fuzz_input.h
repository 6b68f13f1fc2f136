#pragma once
// What the fuzz targets share: the input as text, and cut into pieces.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/error.h"
#include "config/runtime/fields.h"

namespace brink::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Takes everything up to the next `separator` off the front.
inline std::string_view take_until(std::string_view& text, std::string_view separator) {
  const std::size_t end = text.find(separator);
  const std::string_view piece = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + separator.size());
  return piece;
}

// "Name: value" lines; views into `text`.
inline std::vector<Field> lines(std::string_view text) {
  std::vector<Field> out;
  while (!text.empty()) {
    const std::string_view line = take_until(text, "\n");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    out.push_back({line.substr(0, colon), trim_ows(line.substr(colon + 1))});
  }
  return out;
}

inline std::string upper(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

}  // namespace brink::fuzz
