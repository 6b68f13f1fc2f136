#pragma once
// What is remembered of a stored response for later decisions: everything parsed once, when it is
// stored.

#include <cstdint>
#include <limits>

#include "config/runtime/clock.h"

namespace brink::edge::cache {

// Part of the serialised head block, as offset and length; length 0 = absent. Head blocks are at
// most 64 KiB.
struct HeadSlice {
  std::uint16_t offset = 0;
  std::uint16_t length = 0;
};

// Where the freshness lifetime came from (§4.2.1, §4.2.2), for explain and the log.
enum class FreshnessSource : std::uint8_t {
  None,
  TargetedMaxAge,
  SMaxAge,
  MaxAge,
  Expires,
  Heuristic,
  Rule,
  Invalid,
};

// A date that is absent or was not understood.
inline constexpr std::int64_t kNoDate = -(std::int64_t{1} << 47U);

// Seconds since 1970 in six bytes.
class StoredSeconds {
 public:
  constexpr StoredSeconds() noexcept : StoredSeconds(0) {}
  constexpr StoredSeconds(std::int64_t seconds) noexcept  // NOLINT: it is that number
      : parts_{part(seconds, 0), part(seconds, 1), part(seconds, 2)} {}
  constexpr operator std::int64_t() const noexcept {  // NOLINT: ditto
    const auto high = static_cast<std::int64_t>(static_cast<std::int16_t>(parts_[2]));
    return high * (std::int64_t{1} << 32U) +
           static_cast<std::int64_t>(std::uint32_t{parts_[1]} << 16U | parts_[0]);
  }

 private:
  static constexpr std::uint16_t part(std::int64_t seconds, unsigned number) noexcept {
    return static_cast<std::uint16_t>(static_cast<std::uint64_t>(seconds) >> (16U * number));
  }
  std::uint16_t parts_[3];
};

// Plain, trivially copyable, small: one per stored response (STYLE.md: 256 bytes for all metadata).
struct StoredMeta {
  StoredMeta() = default;  // g++ 12 finds no {} for an aggregate with a bit-field of an enumeration
  TimePoint response_time{};  // when its head (or the 304 that freshened it) arrived
  std::uint32_t corrected_initial_age_s = 0;   // §4.2.3, at response_time
  std::uint32_t freshness_lifetime_s = 0;      // §4.2.1; 0 with `source` None or Invalid
  std::uint32_t stale_while_revalidate_s = 0;  // RFC 5861 §3
  std::uint32_t stale_if_error_s = 0;          // RFC 5861 §4; 0 without `explicit_stale_if_error`
  HeadSlice etag;  // field values inside the head block; absent unless exactly one line
  HeadSlice last_modified;
  HeadSlice date;
  HeadSlice vary;              // several lines are joined when stored
  HeadSlice content_language;  // absent unless exactly one line
  std::uint32_t events_as_of = 0;  // the node's count of local events when its fetch began
  StoredSeconds date_s = kNoDate;  // Date and Last-Modified
  std::uint16_t status = 0;
  StoredSeconds last_modified_s = kNoDate;
  FreshnessSource source : 3 = FreshnessSource::None;
  bool no_cache : 1 = false;  // validate before every use
  bool must_revalidate : 1 =
      false;  // must-revalidate, proxy-revalidate or s-maxage: never stale (§4.2.4)
  bool explicit_stale_if_error : 1 =
      false;  // the directive was there: a 5xx answer counts as an error
  bool no_transform : 1 = false;
  bool immutable : 1 = false;
  bool head_only : 1 = false;  // a body was never received
  bool sliced : 1 = false;     // its body is a SliceMap: the bytes are stored as slices (slices.h)
  bool has_hidden_fields : 1 =
      false;  // the head holds fields of hidden_from_clients(); else send it verbatim
  bool has_groups : 1 = false;  // Cache-Groups is there (RFC 9875)
  bool keeps_tag_fields : 1 = false;  // the head holds them as they came (tags.h)
  bool soft_purged : 1 = false;  // its lifetime was cut to the moment of a soft purge
};
static_assert(sizeof(StoredMeta) <= 64);

}  // namespace brink::edge::cache
