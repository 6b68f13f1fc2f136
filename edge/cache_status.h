#pragma once
// Cache-Status (RFC 9211) and Proxy-Status (RFC 9209): what this node says about a request it handled.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/runtime/error.h"
#include "edge/access_log.h"
#include "edge/cache/reason.h"

namespace brink::edge {

// What became of one request at this node; the same values feed Cache-Status, the access log and the metrics.
struct Outcome {
  CacheResult result = CacheResult::Refused;
  cache::Reason reason = cache::Reason::None;        // why the stored response was used or not
  cache::Reason store_reason = cache::Reason::None;  // what the store made of upstream's answer, if it was asked
  std::optional<std::int64_t> ttl_s;   // remaining freshness; negative when stale
  int upstream_status = 0;             // 0 = not asked, or not answered
  bool stored = false;
  bool collapsed = false;
};

// Appends the line "Cache-Status: [above, ]brink-fra-1; hit; ttl=57; detail=fresh\r\n". `above` holds the members of the
// nodes nearer to the origin. `detail` holds the reason and, behind '/', what the store made of upstream's answer where
// the `stored` parameter does not say it already: "expired/freshened", "not-stored/private".
void append_cache_status(std::string& out, std::string_view node_name, std::string_view above,
                         const Outcome& outcome);

// Appends "Proxy-Status: brink-fra-1; error=connection_refused\r\n".
void append_proxy_status(std::string& out, std::string_view node_name, ErrorCode code);

// The status that an error of ours is answered with.
int status_of(const Error& error);

}  // namespace brink::edge
