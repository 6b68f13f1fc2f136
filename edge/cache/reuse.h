#pragma once
// Decides whether a stored response may answer this request (RFC 9111 §4, §4.2.4; RFC 5861 §3-4).

#include "edge/cache/directives.h"
#include "edge/cache/reason.h"
#include "edge/cache/storable.h"
#include "edge/cache/stored_meta.h"

namespace brink::edge::cache {

enum class Reuse : std::uint8_t {
  Fresh,                  // answer from it
  ServeStaleAndValidate,  // answer from it and validate behind the client's back (RFC 5861 §3)
  MustValidate,           // ask upstream first, with its validators if it has any
};

struct ReuseDecision {
  Reuse reuse = Reuse::MustValidate;
  Reason reason = Reason::None;
};

// Decisions where the standards leave a choice:
// - s-maxage "incorporates the semantics of proxy-revalidate" (RFC 9111 §5.2.2.10), which forbids
// any stale use without
//   validation (§5.2.2.8, §4.2.4): beside s-maxage, a stale-while-revalidate or stale-if-error has
//   no effect. A targeted max-age (RFC 9213) is no s-maxage and leaves both in force.
// - The windows count from the total age (Age of upstream tiers included), so no tier starts them
// anew.
// - A request's max-age=0 always asks for validation, also within the second of arrival.
// - immutable (RFC 8246 §2): while fresh, a request's max-age (a browser's reload) does not lead to
// validation;
//   no-cache (a forced reload) does.
// - Without freshness information, or with invalid one, neither max-stale nor
// stale-while-revalidate applies.
//
// `now` is the request's receive time (UTC). Pure: no clock, no I/O, no allocation; safe from any
// thread. REQUIRES: `stored` was selected by CacheKey and variant already. Never fails: invalid
// freshness information was marked at parse time and makes the response stale (§4.2.1). `request`
// is ignored when the policy does not honour request directives.
ReuseDecision decide_reuse(const RequestDirectives& request, const StoredMeta& stored,
                           const Policy& policy, TimePoint now);

// What stood in the way of a proper answer, when validation or a fetch failed.
enum class UpstreamFailure : std::uint8_t {
  Unreachable,    // refused, closed, timed out, open circuit, no server
  ErrorResponse,  // an answer of 500, 502, 503 or 504
};

struct StaleDecision {
  bool serve_stale = false;
  Reason reason = Reason::None;  // StaleIfError, StaleUnreachable, or what forbids it
                                 // (MustRevalidate, NoCacheResponse …)
};

// May the stored response be served although upstream failed (RFC 9111 §4.2.4, RFC 5861 §4)? The
// request's own stale-if-error and max-stale count when honoured (they add to what the origin
// allows), its no-cache forbids. A stored 5xx is served stale only by explicit directive: no better
// than our own 504.
StaleDecision decide_stale_on_failure(const RequestDirectives& request, const StoredMeta& stored,
                                      UpstreamFailure failure, const Policy& policy, TimePoint now);

}  // namespace brink::edge::cache
