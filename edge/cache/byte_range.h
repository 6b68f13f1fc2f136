#pragma once
// Byte ranges (RFC 9110 §14). A range as written and a range of known length are different types.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace brink::edge::cache {

// As written: closed, either end may be missing. {5, none} = "5-", {none, 5} = "-5" (the last
// five).
struct RawByteRange {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
};

// Resolved against a length: half-open [begin, end), begin < end.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t size() const { return end - begin; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

inline constexpr std::size_t kMaxRanges = 16;

enum class RangeOutcome : std::uint8_t {
  Whole,    // no range, not "bytes", malformed, more than kMaxRanges after merging or 128 before:
            // ignore it
  Partial,  // `ranges` holds what to send, merged where they touch or overlap, in ascending order
  Unsatisfiable,  // 416
};

struct RangeSet {
  RangeOutcome outcome = RangeOutcome::Whole;
  std::size_t count = 0;
  std::array<ByteRange, kMaxRanges> ranges{};
  std::span<const ByteRange> view() const { return {ranges.data(), count}; }
};

// A Range field against a representation of `length` bytes (length 0: every range is
// unsatisfiable). No allocation.
RangeSet resolve_ranges(std::string_view range_field, std::uint64_t length);

// The one range of a Range field, as written; empty when there are several, or it is malformed.
std::optional<RawByteRange> single_range(std::string_view range_field);

struct ContentRange {
  ByteRange range;
  std::optional<std::uint64_t> complete_length;  // "*" = none
};
// "bytes 0-4/10", "bytes 0-4/*"; empty when malformed or contradictory. "bytes */N" is empty too.
std::optional<ContentRange> parse_content_range(std::string_view field);

}  // namespace brink::edge::cache
