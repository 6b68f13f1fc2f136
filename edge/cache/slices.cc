#include "edge/cache/slices.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "config/runtime/error.h"
#include "edge/cache/storable.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

void append_number(std::string& out, std::uint64_t value, int base = 10) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  out.append(digits.data(), end);
}

}  // namespace

ByteRange SliceMap::range_of(std::uint64_t index) const {
  const std::uint64_t begin = index * slice_bytes;
  return {begin, std::min(begin + slice_bytes, complete_length)};
}

std::string encode_slice_map(const SliceMap& map) {
  std::string out(sizeof map, '\0');
  std::memcpy(out.data(), &map, sizeof map);
  return out;
}

SliceMap decode_slice_map(std::string_view body) {
  SliceMap map;
  CHECK(body.size() == sizeof map);
  std::memcpy(&map, body.data(), sizeof map);
  return map;
}

CacheKey slice_key(std::string_view response_key, const SliceMap& map, std::uint64_t index,
                   std::string& buffer) {
  buffer.assign(response_key);
  buffer.push_back('\n');
  append_number(buffer, map.generation, 16);
  buffer.push_back('/');
  append_number(buffer, index);
  return make_cache_key_of_text(buffer);
}

std::string range_request(ByteRange range, std::uint64_t complete_length) {
  std::string out = "bytes=";
  append_number(out, range.begin);
  out.push_back('-');
  if (range.end < complete_length) append_number(out, range.end - 1);
  return out;
}

bool begins_beyond_slices(std::string_view client_range, std::uint64_t slice_bytes) {
  const auto range = single_range(client_range);
  return range && range->first.value_or(0) / slice_bytes >= kMaxSlices;
}

std::string first_slice_request(std::string_view client_range, std::uint64_t slice_bytes,
                                bool exact) {
  const auto range = single_range(client_range);
  if (!range) return {};
  if (!range->first && *range->last > 0 && *range->last <= slice_bytes) {
    std::string suffix = "bytes=-";
    append_number(suffix, *range->last);
    return suffix;
  }
  const std::uint64_t index = range->first.value_or(0) / slice_bytes;
  if (begins_beyond_slices(client_range, slice_bytes)) return {};
  ByteRange slice{index * slice_bytes, (index + 1) * slice_bytes};
  if (exact && range->first && range->last) slice.end = std::min(slice.end - 1, *range->last) + 1;
  return range_request(slice, std::numeric_limits<std::uint64_t>::max());
}

std::optional<ContentRange> content_of_206(Fields response,
                                           std::optional<std::uint64_t> content_length) {
  const auto content = parse_content_range(single_value(response, "content-range"));
  if (!content || !content->complete_length) return std::nullopt;
  if (content_length && *content_length != content->range.size()) return std::nullopt;
  return content;
}

std::string slice_head(ByteRange range, std::uint64_t complete_length) {
  std::string out = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ";
  append_number(out, range.begin);
  out.push_back('-');
  append_number(out, range.end - 1);
  out.push_back('/');
  append_number(out, complete_length);
  return out.append("\r\n");
}

ByteRange range_in_head(std::string_view slice_head) {
  std::optional<ContentRange> content;
  for_each_stored_field(slice_head, [&](const Field& field) {
    content = parse_content_range(field.value);
    return false;
  });
  CHECK(content.has_value());
  return content->range;
}

}  // namespace brink::edge::cache
