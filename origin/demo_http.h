#pragma once
// The little pieces of HTTP, HTML and JSON text that the demo origin needs. Pure functions.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"

namespace brink::origin {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7).
std::string demo_format_date(TimePoint time);
// IMF-fixdate, RFC 850 or asctime; empty when it is none of them.
std::optional<TimePoint> demo_parse_date(std::string_view text);

// "%41" → "A"; with `form`, '+' → ' ' too. Empty for a broken escape or a NUL.
std::optional<std::string> demo_percent_decode(std::string_view text, bool form = false);
std::string demo_percent_encode(std::string_view text);
// The decoded value of `name` in "a=1&b=2".
std::optional<std::string> demo_form_value(std::string_view form, std::string_view name);
// Digits only, at most `most`.
std::optional<std::uint64_t> demo_parse_number(std::string_view text, std::uint64_t most);

// Fit for text and for attribute values in double quotes.
std::string demo_escape_html(std::string_view text);
// With its quotes. Bytes that are no valid UTF-8 are replaced (RFC 8259 §8.1).
std::string demo_json_string(std::string_view text);

// A strong entity tag made of the content: the same bytes give the same tag after a restart.
std::string demo_entity_tag(std::string_view content);
// The type for a file's name, by its extension; application/octet-stream when unknown.
std::string_view demo_content_type(std::string_view file_name);
std::string_view demo_reason_phrase(int status);
// May stand in a field line: no control characters but tab (RFC 9110 §5.5).
bool demo_is_field_value(std::string_view text);

// CRC-32 as PNG and gzip use it.
std::uint32_t demo_crc32(std::string_view bytes, std::uint32_t previous = 0);
// A DEFLATE stream (RFC 1951) of stored blocks: valid for every decoder, without a compressor.
std::string demo_deflate_stored(std::string_view bytes);
std::string demo_gzip_stored(std::string_view bytes);

// The one range of "bytes=…" against a body of `size` bytes (RFC 9110 §14.1.2).
struct DemoRange {
  enum class Kind : std::uint8_t { Whole, Part, Unsatisfiable } kind = Kind::Whole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};
// Whole when there is no range, it is malformed, of another unit, or names several.
DemoRange demo_parse_range(std::string_view field, std::uint64_t size);

}  // namespace brink::origin
