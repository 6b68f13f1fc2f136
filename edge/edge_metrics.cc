#include "edge/edge_metrics.h"

#include <string>

namespace brink::edge {

namespace {

constexpr std::array<std::string_view, 6> kClasses = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

std::string_view to_string(Limit limit) {
  switch (limit) {
    case Limit::HeaderTimeout:
      return "header-timeout";
    case Limit::BodyTimeout:
      return "body-timeout";
    case Limit::IdleTimeout:
      return "idle-timeout";
    case Limit::WriteTimeout:
      return "write-timeout";
    case Limit::HeaderBytes:
      return "header-bytes";
    case Limit::HeaderFields:
      return "header-fields";
    case Limit::UriBytes:
      return "uri-bytes";
    case Limit::BodyBytes:
      return "body-bytes";
    case Limit::Connections:
      return "connections";
    case Limit::ConnectionsPerAddress:
      return "connections-per-address";
    case Limit::Fetches:
      return "fetches";
    case Limit::Followers:
      return "followers";
    case Limit::FollowerTimeout:
      return "follower-timeout";
    case Limit::BackgroundFetches:
      return "background-fetches";
    case Limit::Framing:
      return "framing";
    case Limit::SlowReaders:
      return "slow-readers";
    case Limit::Tags:
      return "tags";
    case Limit::WarmJobs:
      return "warm-jobs";
    case Limit::WarmUrls:
      return "warm-urls";
    case Limit::HandshakeTimeout:
      return "handshake-timeout";
    case Limit::Handshakes:
      return "handshakes";
    case Limit::Http2Streams:
      return "http2-streams";
    case Limit::Http2Resets:
      return "http2-resets";
    case Limit::Http2Pings:
      return "http2-pings";
    case Limit::Http2Settings:
      return "http2-settings";
    case Limit::Http2Priorities:
      return "http2-priorities";
    case Limit::Http2EmptyFrames:
      return "http2-empty-frames";
    case Limit::Http2WindowUpdates:
      return "http2-window-updates";
    case Limit::Http2Continuations:
      return "http2-continuations";
    case Limit::ProxyHeader:
      return "proxy-header";
    case Limit::Count_:
      break;
  }
  return "unknown";
}

Counter& limit_counter(MetricsRegistry& registry, Limit limit) {
  return registry.counter("brink_edge_limit_total", "Times a configured bound was reached.",
                          {{"limit", std::string(to_string(limit))}});
}

EdgeMetrics::EdgeMetrics(MetricsRegistry& r)
    : hit_seconds(r.histogram("brink_edge_hit_seconds",
                              "Time of requests answered from the store: from the complete request "
                              "head to the last byte handed to the socket.")),
      miss_seconds(r.histogram("brink_edge_miss_seconds",
                               "Time of all other requests, measured in the same way.")),
      bytes_sent(r.counter("brink_edge_bytes_sent_total", "Body bytes sent to clients.")),
      bytes_received(
          r.counter("brink_edge_bytes_received_total", "Body bytes received from clients.")),
      collapsed(r.counter("brink_edge_collapsed_total",
                          "Requests that were answered by another request's fetch.")),
      fetches(r.counter("brink_edge_fetches_total",
                        "Fetches begun: leaders of a miss, passes and background validations.")),
      background_fetches(
          r.counter("brink_edge_background_fetches_total",
                    "Fetches begun behind the client's back (stale-while-revalidate).")),
      fills_cut(r.counter("brink_edge_fills_cut_total",
                          "Bodies that broke off on their way from upstream.")),
      connections_accepted(
          r.counter("brink_edge_connections_accepted_total", "Client connections accepted.")),
      connections(r.gauge("brink_edge_connections", "Client connections open now.")),
      http2_connections(r.counter("brink_edge_http2_connections_total",
                                  "Client connections that spoke HTTP/2.")),
      http2_streams(r.counter("brink_edge_http2_streams_total",
                              "Streams that clients opened on HTTP/2 connections.")),
      fetches_active(r.gauge("brink_edge_fetches_active", "Fetches under way now.")),
      tunnels(
          r.counter("brink_edge_tunnels_total", "Upgraded connections tunnelled (WebSocket).")) {
  for (std::size_t i = 0; i < requests_by_result.size(); ++i) {
    requests_by_result[i] =
        &r.counter("brink_edge_requests_total", "Requests by how they were answered.",
                   {{"result", std::string(to_string(static_cast<CacheResult>(i)))}});
  }
  for (std::size_t i = 0; i < limits.size(); ++i) {
    limits[i] = &limit_counter(r, static_cast<Limit>(i));
  }
  for (std::size_t i = 0; i < proxy_faults.size(); ++i) {
    proxy_faults[i] =
        &r.counter("brink_edge_proxy_header_faults_total",
                   "Connections closed for their PROXY header, by what was wrong with it; none = it "
                   "did not come within limits.header_timeout.",
                   {{"reason", std::string(to_string(static_cast<ProxyFault>(i)))}});
  }
  for (std::size_t i = 0; i < responses_by_class.size(); ++i) {
    responses_by_class[i] =
        &r.counter("brink_edge_responses_total",
                   "Responses by class of status; none = closed without an answer.",
                   {{"class", std::string(kClasses[i])}});
  }
}

void EdgeMetrics::count_status(int status) {
  const int status_class = status >= 100 && status < 600 ? status / 100 : 0;
  responses_by_class[static_cast<std::size_t>(status_class)]->add();
}

}  // namespace brink::edge
