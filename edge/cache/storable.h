#pragma once
// May this response be stored by a shared cache (RFC 9111 §3, §3.5), and what is remembered of it?

#include <cstdint>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "config/runtime/fields.h"
#include "edge/cache/directives.h"
#include "edge/cache/reason.h"
#include "edge/cache/stored_meta.h"

namespace brink::edge::cache {

// A site's choices (config::CacheRules, copied so that this folder knows no configuration files).
struct Policy {
  bool honour_request_directives = true;
  bool store_set_cookie = true;
  bool heuristic_freshness = true;
  std::uint32_t stale_if_unreachable_s = 24 * 3600;
  std::int64_t freshness_override_s = -1;  // -1 = what the response says
};

struct ResponseContext {
  std::string_view method;                // of the request that was sent: GET, HEAD, POST …
  bool request_has_authorization = false;
  bool request_no_store = false;
  int status = 0;
  Fields fields;                          // of the response, hop-by-hop included
  TimePoint request_time{};               // the request was sent
  TimePoint response_time{};              // the head arrived
  bool from_tier = false;                 // from a node of ours: its Age is exact, clocks may differ, so the
                                          // apparent age (Date against our clock) does not count
};

struct StoreDecision {
  bool store = false;
  Reason reason = Reason::None;           // Stored, StoredToValidate, or why not
  StoredMeta meta;                        // head slices still empty: see build_stored_head()
};

// Pure; safe from any thread. Never fails: what cannot be understood is not stored or stale.
StoreDecision decide_storable(const ResponseContext& context, const ResponseDirectives& directives,
                              const Policy& policy);

// Serialises the head as it is kept: "HTTP/1.1 200 OK\r\n", then end-to-end fields in their order, without an
// empty line; into `out` (cleared first). Left out: fields named in Connection, all hop-by-hop fields (§3.1),
// Content-Length (respond writes it anew), Age (ditto), Cache-Status (of that hop only), Brink-*, CDN-Cache-Control,
// tag fields, fields named in a qualified private / no-cache. Several Vary lines become one. A missing Date is added
// from response_time (RFC 9110 §6.6.1). Fills meta's slices.
// False when the block would exceed 64 KiB.
bool build_stored_head(const ResponseContext& context, const ResponseDirectives& directives, std::string& out,
                       StoredMeta& meta);

// Iterates the field lines of a block made by build_stored_head(). `f(Field)` returns false to stop.
template <class F>
void for_each_stored_field(std::string_view head, F&& f) {
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, at - begin);
    const std::size_t colon = line.find(':');
    if (!f(Field{line.substr(0, colon), trim_ows(line.substr(colon + 1))})) return;
  }
}

std::string_view reason_phrase(int status);

}  // namespace brink::edge::cache
