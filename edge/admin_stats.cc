#include "edge/admin_stats.h"

#include <boost/json.hpp>

#include "edge/edge_metrics.h"

namespace brink::edge {

namespace json = boost::json;

namespace {

std::int64_t requests(const MetricsRegistry& metrics, CacheResult result) {
  return metrics.total("brink_edge_requests_total", {{"result", std::string(to_string(result))}});
}

// Null before the first request.
json::value hit_ratio(const MetricsRegistry& metrics) {
  const std::int64_t asked =
      metrics.total("brink_edge_requests_total") - requests(metrics, CacheResult::Refused);
  if (asked <= 0) return nullptr;
  const std::int64_t hits =
      requests(metrics, CacheResult::Hit) + requests(metrics, CacheResult::Stale);
  return static_cast<double>(hits) / static_cast<double>(asked);
}

json::object node_object(const NodeFacts& node) {
  return {{"name", node.name},
          {"pop", node.pop},
          {"role", node.role == config::Role::Edge ? "edge" : "regional"},
          {"ready", node.is_ready},
          {"uptime_s", node.uptime.count()}};
}

json::object requests_object(const MetricsRegistry& metrics) {
  json::object by_result;
  for (int i = 0; i < static_cast<int>(CacheResult::Count_); ++i) {
    const auto result = static_cast<CacheResult>(i);
    by_result[to_string(result).data()] = requests(metrics, result);
  }
  return {{"total", metrics.total("brink_edge_requests_total")},
          {"hit_ratio", hit_ratio(metrics)},
          {"by_result", std::move(by_result)}};
}

json::object responses_object(const MetricsRegistry& metrics) {
  json::object out;
  for (const char* status_class : {"1xx", "2xx", "3xx", "4xx", "5xx", "none"}) {
    out[status_class] = metrics.total("brink_edge_responses_total", {{"class", status_class}});
  }
  return out;
}

json::object store_object(const store::StoreStats& stats) {
  return {{"responses", stats.responses},
          {"bytes", stats.bytes_used},
          {"ceiling_bytes", stats.bytes_ceiling},
          {"stored", stats.stored},
          {"evicted", stats.evicted_responses},
          {"evicted_bytes", stats.evicted_bytes},
          {"variants_dropped", stats.variants_dropped},
          {"fills_overflowed", stats.fills_overflowed}};
}

json::array upstreams_array(const std::vector<UpstreamFacts>& upstreams) {
  json::array out;
  for (const UpstreamFacts& group : upstreams) {
    json::array servers;
    for (const auto& server : group.servers) {
      servers.push_back(json::object{{"url", server.url},
                                     {"healthy", server.healthy},
                                     {"ejected", server.ejected},
                                     {"outstanding", server.outstanding}});
    }
    out.push_back(json::object{{"group", group.group}, {"servers", std::move(servers)}});
  }
  return out;
}

// The bounds that were reached at all.
json::object limits_object(const MetricsRegistry& metrics) {
  json::object out;
  for (int i = 0; i < static_cast<int>(Limit::Count_); ++i) {
    const std::string word(to_string(static_cast<Limit>(i)));
    const std::int64_t count = metrics.total("brink_edge_limit_total", {{"limit", word}});
    if (count > 0) out[word] = count;
  }
  return out;
}

void add_position(json::object& out, const purge::NodeState& state) {
  out["applied"] = state.applied;
  out["lag"] = state.lag;
  out["fenced"] = state.fenced;
  out["silent_ms"] = state.silent_for.count();
}

}  // namespace

std::string nodes_json(const NodeFacts& node, const MetricsRegistry& metrics) {
  json::object self = node_object(node);
  json::array others;
  for (const purge::NodeState& member : node.members) {
    if (member.is_self) {
      add_position(self, member);
      continue;
    }
    json::object other{{"name", member.node}, {"pop", member.pop}, {"role", member.role}};
    add_position(other, member);
    others.push_back(std::move(other));
  }
  self["hit_ratio"] = hit_ratio(metrics);
  self["upstreams"] = upstreams_array(node.upstreams);
  json::array nodes{std::move(self)};
  for (json::value& other : others)
    nodes.push_back(std::move(other));
  return json::serialize(json::object{{"nodes", std::move(nodes)}}) + "\n";
}

std::string stats_json(const NodeFacts& node, const MetricsRegistry& metrics) {
  const auto total = [&](std::string_view name) { return metrics.total(name); };
  json::object out;
  out["node"] = node_object(node);
  out["requests"] = requests_object(metrics);
  out["responses"] = responses_object(metrics);
  out["bytes"] = {{"sent", total("brink_edge_bytes_sent_total")},
                  {"received", total("brink_edge_bytes_received_total")}};
  out["connections"] = {{"open", total("brink_edge_connections")},
                        {"accepted", total("brink_edge_connections_accepted_total")}};
  out["fetches"] = {{"total", total("brink_edge_fetches_total")},
                    {"active", total("brink_edge_fetches_active")},
                    {"background", total("brink_edge_background_fetches_total")},
                    {"collapsed", total("brink_edge_collapsed_total")},
                    {"cut", total("brink_edge_fills_cut_total")}};
  out["store"] = store_object(node.store);
  out["upstreams"] = upstreams_array(node.upstreams);
  out["limits"] = limits_object(metrics);
  out["access_log"] = {{"lines", total("brink_edge_access_log_lines_total")},
                       {"dropped", total("brink_edge_access_log_dropped_total")}};
  return json::serialize(out) + "\n";
}

}  // namespace brink::edge
