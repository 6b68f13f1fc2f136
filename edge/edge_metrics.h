#pragma once
// A shard's own cells of the edge's metrics; every limit that can be reached has one (brink_edge_limit_total).

#include <array>

#include "config/runtime/metrics.h"
#include "edge/access_log.h"
#include "edge/proxy_protocol.h"

namespace brink::edge {

// A bound that was reached; the label of brink_edge_limit_total.
enum class Limit : std::uint8_t {
  HeaderTimeout, BodyTimeout, IdleTimeout, WriteTimeout, HeaderBytes, HeaderFields, UriBytes, BodyBytes,
  Connections, ConnectionsPerAddress, Fetches, Followers, FollowerTimeout, BackgroundFetches, Framing,
  SlowReaders, Tags, WarmJobs, WarmUrls, ProxyHeader, HandshakeTimeout, Handshakes, Http2Streams, Http2Resets, Http2Pings,
  Http2Settings, Http2Priorities,
  Http2EmptyFrames, Http2WindowUpdates, Http2Continuations,
  Count_,
};
std::string_view to_string(Limit limit);
// A cell of brink_edge_limit_total, for who is no shard.
Counter& limit_counter(MetricsRegistry& registry, Limit limit);

struct EdgeMetrics {
  explicit EdgeMetrics(MetricsRegistry& registry);

  void count_request(CacheResult result) { requests_by_result[static_cast<std::size_t>(result)]->add(); }
  void count_limit(Limit limit, std::uint64_t times = 1) { limits[static_cast<std::size_t>(limit)]->add(times); }
  void count_fault(ProxyFault fault) { proxy_faults[static_cast<std::size_t>(fault)]->add(); }
  void count_status(int status);  // by class: 1xx … 5xx

  std::array<Counter*, static_cast<std::size_t>(CacheResult::Count_)> requests_by_result;
  std::array<Counter*, static_cast<std::size_t>(Limit::Count_)> limits;
  std::array<Counter*, static_cast<std::size_t>(ProxyFault::Count_)> proxy_faults;
  std::array<Counter*, 6> responses_by_class;
  Histogram& hit_seconds;        // head complete → last byte handed to the socket
  Histogram& miss_seconds;
  Counter& bytes_sent;           // bodies
  Counter& bytes_received;
  Counter& collapsed;            // requests that followed another's fetch
  Counter& fetches;              // leaders, passes and background fetches
  Counter& background_fetches;
  Counter& fills_cut;            // bodies that broke off
  Counter& connections_accepted;
  Gauge& connections;
  Counter& http2_connections;
  Counter& http2_streams;
  Gauge& fetches_active;
  Counter& tunnels;
};

}  // namespace brink::edge
