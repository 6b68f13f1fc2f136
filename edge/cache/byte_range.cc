#include "edge/cache/byte_range.h"

#include <algorithm>
#include <limits>

#include "config/runtime/fields.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
// Ranges as written that are looked at before merging; a field with more is abuse and is ignored.
constexpr std::size_t kMaxRawRanges = 128;

// What follows "bytes=", or empty.
std::string_view range_set(std::string_view field) {
  constexpr std::string_view kUnit = "bytes=";
  field = trim_ows(field);
  return istarts_with(field, kUnit) ? field.substr(kUnit.size()) : std::string_view{};
}

// "0-4", "5-", "-5"; empty when malformed or first > last.
std::optional<RawByteRange> parse_range(std::string_view spec) {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  RawByteRange range;
  if (dash > 0) {
    range.first = parse_digits(spec.substr(0, dash), kMax);
    if (!range.first) return std::nullopt;
  }
  if (dash + 1 < spec.size()) {
    range.last = parse_digits(spec.substr(dash + 1), kMax);
    if (!range.last) return std::nullopt;
  }
  if (!range.first && !range.last) return std::nullopt;
  if (range.first && range.last && *range.first > *range.last) return std::nullopt;
  return range;
}

// Empty when no byte of it exists.
std::optional<ByteRange> resolve(const RawByteRange& raw, std::uint64_t length) {
  if (!raw.first) {
    if (*raw.last == 0 || length == 0) return std::nullopt;
    return ByteRange{length - std::min(*raw.last, length), length};
  }
  if (*raw.first >= length) return std::nullopt;
  return ByteRange{*raw.first, raw.last ? std::min(*raw.last, length - 1) + 1 : length};
}

// Merges `ranges` where they touch or overlap, in ascending order; how many are left.
std::size_t merge(std::span<ByteRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.begin < b.begin; });
  std::size_t last = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].begin <= ranges[last].end) {
      ranges[last].end = std::max(ranges[last].end, ranges[i].end);
    } else {
      ranges[++last] = ranges[i];
    }
  }
  return ranges.empty() ? 0 : last + 1;
}

}  // namespace

RangeSet resolve_ranges(std::string_view range_field, std::uint64_t length) {
  std::array<ByteRange, kMaxRawRanges> found;
  std::size_t count = 0;
  std::size_t seen = 0;
  bool usable = true;
  for_each_list_element(range_set(range_field), [&](std::string_view spec) {
    const auto raw = parse_range(spec);
    usable = raw && ++seen <= kMaxRawRanges;
    if (!usable) return false;
    if (const auto range = resolve(*raw, length)) found[count++] = *range;
    return true;
  });
  RangeSet set;
  if (!usable || seen == 0) return set;
  if (count == 0) {
    set.outcome = RangeOutcome::Unsatisfiable;
    return set;
  }
  count = merge(std::span{found.data(), count});
  if (count > kMaxRanges) return set;
  set.outcome = RangeOutcome::Partial;
  set.count = count;
  std::copy_n(found.begin(), count, set.ranges.begin());
  return set;
}

std::optional<RawByteRange> single_range(std::string_view range_field) {
  return parse_range(trim_ows(range_set(range_field)));
}

std::optional<ContentRange> parse_content_range(std::string_view field) {
  constexpr std::string_view kUnit = "bytes ";
  field = trim_ows(field);
  if (!istarts_with(field, kUnit)) return std::nullopt;
  field.remove_prefix(kUnit.size());
  const std::size_t slash = field.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto raw = parse_range(field.substr(0, slash));
  if (!raw || !raw->first || !raw->last || *raw->last == kMax) return std::nullopt;
  ContentRange result{{*raw->first, *raw->last + 1}, std::nullopt};
  const std::string_view complete = field.substr(slash + 1);
  if (complete == "*") return result;
  result.complete_length = parse_digits(complete, kMax);
  if (!result.complete_length || *result.complete_length == kMax ||
      result.range.end > *result.complete_length) {
    return std::nullopt;
  }
  return result;
}

}  // namespace brink::edge::cache
