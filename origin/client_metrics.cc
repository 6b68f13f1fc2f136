#include "origin/client_metrics.h"

namespace brink::origin {
namespace {

Counter& requests(MetricsRegistry& registry, std::string_view outcome) {
  return registry.counter("brink_origin_requests_total",
                          "Requests to upstreams, regional nodes included, by how they ended.",
                          {{"outcome", std::string(outcome)}});
}

Counter& connections(MetricsRegistry& registry, std::string_view kind) {
  return registry.counter("brink_origin_connections_total",
                          "Requests to upstreams by the connection they went over: new or reused.",
                          {{"kind", std::string(kind)}});
}

}  // namespace

ClientMetrics::ClientMetrics(MetricsRegistry& registry)
    : cancelled(requests(registry, "cancelled")),
      retries(
          registry.counter("brink_origin_retries_total", "Further attempts after a failed one.")),
      connections_new(connections(registry, "new")),
      connections_reused(connections(registry, "reused")),
      waited(registry.counter("brink_origin_waited_total",
                              "Requests that found all of `connections` in use and had to wait.")),
      ejections(registry.counter("brink_origin_ejections_total",
                                 "Servers ejected after failures in a row.")),
      first_byte(registry.histogram("brink_origin_first_byte_seconds",
                                    "From the request's sending to the first byte of its answer.")),
      registry_(registry),
      answered_(requests(registry, "answered")),
      server_error_(requests(registry, "server_error")) {}

void ClientMetrics::failed(ErrorCode code) {
  const auto index = static_cast<std::size_t>(code);
  CHECK(index < failed_.size());
  if (!failed_[index]) failed_[index] = &requests(registry_, to_string(code));
  failed_[index]->add();
}

}  // namespace brink::origin
