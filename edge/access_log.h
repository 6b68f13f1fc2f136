#pragma once
// The access log: one JSON line per request with the decision and its inputs, formatted and written by a thread of its own.
//
// A shard fills an AccessRecord (plain values and short inline text, no allocation) and pushes it into its own bounded
// single-producer queue; a full queue drops the record and counts it. Sampling and redaction happen in the writer thread,
// errors (status >= 500, cut responses) are always kept. The fields are declared once, in access_log.cc's table, which writes
// the line and docs/access-log.md.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "edge/cache/reason.h"
#include "edge/cache/stored_meta.h"

namespace brink::edge {

// How a request was answered: the words of Cache-Status (RFC 9211) and those that never reach the cache.
enum class CacheResult : std::uint8_t {
  Hit,        // from the store, fresh
  Stale,      // from the store, stale (reason says why that was allowed)
  Miss,       // fwd=uri-miss
  VaryMiss,   // fwd=vary-miss
  Partial,    // fwd=partial: some of the bytes are stored, not all
  Validated,  // fwd=stale, a 304 made the stored response fresh
  Expired,    // fwd=stale, upstream sent a new response
  Request,    // fwd=request: the request's own directives sent it on
  Bypass,     // fwd=bypass
  Method,     // fwd=method
  Refused,    // answered by ourselves with an error before the cache was asked (framing, limits, no site)
  Count_,
};
std::string_view to_string(CacheResult result);

// Text of bounded length kept inline; longer input is cut and marked with a trailing "…".
template <std::size_t N>
struct InlineText {
  std::uint16_t length = 0;
  char text[N];
  void assign(std::string_view s) noexcept {
    const bool cut = s.size() > N;
    length = static_cast<std::uint16_t>(cut ? N : s.size());
    s.copy(text, length);
    if (cut) std::string_view("\xe2\x80\xa6").copy(text + N - 3, 3);
  }
  std::string_view view() const noexcept { return {text, length}; }
};

struct AccessRecord {
  TimePoint time{};                    // the request's head was complete
  std::uint64_t duration_ns = 0;       // head complete → last byte handed to the socket
  std::uint64_t first_byte_ns = 0;     // head complete → response head handed to the socket
  std::uint64_t upstream_ns = 0;       // waited for upstream's head; 0 = not asked
  std::uint64_t bytes_sent = 0;        // body bytes
  std::uint64_t bytes_received = 0;    // request body bytes
  std::uint64_t key_hash = 0;
  std::int64_t current_age_s = -1;     // -1 = no stored response was involved
  std::int64_t freshness_lifetime_s = -1;
  std::int16_t status = 0;             // sent to the client; 0 = closed without an answer
  std::int16_t upstream_status = 0;
  std::uint8_t attempts = 0;
  std::uint8_t http_minor = 1;         // HTTP/1.x; 20 = HTTP/2
  CacheResult result = CacheResult::Refused;
  cache::Reason reason = cache::Reason::None;        // of the reuse decision
  cache::Reason store_reason = cache::Reason::None;  // Stored…, or why not
  cache::FreshnessSource freshness_source = cache::FreshnessSource::None;
  bool collapsed = false;
  bool cut = false;                    // the client did not get the whole response
  bool tls = false;
  InlineText<16> method;
  InlineText<46> client;               // address
  InlineText<64> site;
  InlineText<128> host;
  InlineText<64> upstream;             // "http://10.0.0.5:8000"
  InlineText<32> error;                // ErrorCode word
  InlineText<96> user_agent;
  InlineText<384> target;              // path with query (redacted in the writer)
};

class AccessLog {
 public:
  virtual ~AccessLog() = default;  // writes what is queued, then ends the thread
  // One per shard; used by that shard only.
  class Producer {
   public:
    virtual ~Producer() = default;
    // A slot to fill in place, or null when the queue is full or the log is off; then publish().
    virtual AccessRecord* acquire() noexcept = 0;
    virtual void publish() noexcept = 0;
  };
  virtual std::unique_ptr<Producer> make_producer() = 0;
  // A reload: new sampling, redaction, target file. Reopening the same path serves log rotation.
  virtual bool reconfigure(const config::AccessLogOptions& options, std::string& message) = 0;
};

// False in `message` when the file cannot be opened. `node` appears in each line.
std::unique_ptr<AccessLog> make_access_log(const config::AccessLogOptions& options, std::string_view node,
                                           MetricsRegistry& metrics, std::string& message);

}  // namespace brink::edge
