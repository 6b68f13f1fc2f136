#pragma once
// Cache-Control of requests and responses (RFC 9111 §5.2, RFC 5861, RFC 8246, RFC 9213) as plain
// values.
//
// delta-seconds saturate at 2^31 (§1.2.2). Invalid freshness (`10.0`, `a10`, ` = `) is *present and
// invalid*: it makes a response stale (§4.2.1), never fresh. Conflicting duplicates: the smallest
// counts.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/fields.h"

namespace brink::edge::cache {

using DeltaSeconds = std::uint32_t;
inline constexpr DeltaSeconds kMaxDelta = 1U << 31U;

// Digits only, saturating at kMaxDelta; a quoted number is accepted. Empty when invalid.
std::optional<DeltaSeconds> parse_delta_seconds(std::string_view text);

struct RequestDirectives {
  std::optional<DeltaSeconds> max_age;    // not older than this (§5.2.1.1)
  std::optional<DeltaSeconds> min_fresh;  // fresh for at least this long yet (§5.2.1.3)
  std::optional<DeltaSeconds>
      max_stale;          // may be stale by this much; kMaxDelta without a value (§5.2.1.2)
  bool no_cache = false;  // validate first (§5.2.1.4); also `Pragma: no-cache` alone (§5.4)
  bool no_store = false;
  bool no_transform = false;
  bool only_if_cached = false;
  std::optional<DeltaSeconds> stale_if_error;  // RFC 5861 §4
};

// All Cache-Control lines of a request, or Pragma when there is none. No allocation. Of duplicates
// the strictest counts (the smallest max-age and max-stale, the largest min-fresh); what is not
// understood changes nothing.
RequestDirectives parse_request_directives(Fields request);

struct ResponseDirectives {
  std::optional<DeltaSeconds> max_age;
  std::optional<DeltaSeconds> s_maxage;
  bool invalid_freshness = false;  // a max-age or s-maxage was there and not understood
  bool no_cache = false;           // unqualified, or qualified in a way that cannot be honoured
  bool no_store = false;
  bool is_private = false;  // unqualified
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool no_transform = false;
  bool immutable = false;  // RFC 8246
  std::optional<DeltaSeconds> stale_while_revalidate;
  std::optional<DeltaSeconds> stale_if_error;
  std::vector<std::string> no_cache_fields;  // no-cache="a, b": lower-case names (§5.2.2.4)
  std::vector<std::string> private_fields;   // private="a, b" (§5.2.2.7)
  bool targeted = false;  // they came from Brink-Cache-Control or CDN-Cache-Control (RFC 9213)
};

// What governs this response in a shared cache: Brink-Cache-Control, else CDN-Cache-Control, the
// first of them that is not empty and parses as a Structured Field Dictionary whose known
// directives have the right types (RFC 9213 §2.1, §2.2), else, with `surrogate_control`,
// Surrogate-Control (Edge Architecture Specification 1.0), else Cache-Control. With a targeted
// field Expires does not count. Of Surrogate-Control the directives that Cache-Control has too
// count (the freshness extension behind '+' does not), except those for a surrogate by name; a
// field without any of them, or with a max-age that is none, is ignored. A quoted string that is
// never closed hides nothing restrictive: after it `no-store`, `private`, `no-cache`,
// `must-revalidate` … still count, while `max-age` and other permissions do not.
ResponseDirectives parse_response_directives(Fields response, bool surrogate_control = false);

}  // namespace brink::edge::cache
