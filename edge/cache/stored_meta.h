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
inline constexpr std::int64_t kNoDate = std::numeric_limits<std::int64_t>::min();

// Plain, trivially copyable, small: one per stored response (STYLE.md: 256 bytes for all metadata).
struct StoredMeta {
  TimePoint response_time{};  // when its head (or the 304 that freshened it) arrived
  std::uint32_t corrected_initial_age_s = 0;   // §4.2.3, at response_time
  std::uint32_t freshness_lifetime_s = 0;      // §4.2.1; 0 with `source` None or Invalid
  std::uint32_t stale_while_revalidate_s = 0;  // RFC 5861 §3
  std::uint32_t stale_if_error_s = 0;          // RFC 5861 §4; 0 without `explicit_stale_if_error`
  HeadSlice etag;  // field values inside the head block; absent unless exactly one line
  HeadSlice last_modified;
  HeadSlice date;
  HeadSlice vary;                 // several lines are joined when stored
  HeadSlice content_language;     // absent unless exactly one line
  std::uint32_t groups_as_of = 0;  // the node's count of group invalidations when its fetch began
  std::int64_t date_s = kNoDate;  // Date and Last-Modified as seconds since 1970
  std::int64_t last_modified_s = kNoDate;
  std::uint16_t status = 0;
  FreshnessSource source = FreshnessSource::None;
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
};
static_assert(sizeof(StoredMeta) <= 72);

}  // namespace brink::edge::cache
