#pragma once
// What GET /v1/nodes and GET /v1/stats say, as JSON. Pure: the node gathers the facts.

#include <cstdint>
#include <string>
#include <vector>

#include "config/options.h"
#include "config/runtime/metrics.h"
#include "edge/store/store.h"
#include "origin/server_group.h"
#include "purge/service.h"

namespace brink::edge {

struct UpstreamFacts {
  std::string group;  // a site's name, or "regional"
  std::vector<origin::ServerGroup::Status> servers;
};

struct NodeFacts {
  std::string name;
  std::string pop;
  config::Role role = config::Role::Edge;
  Seconds uptime{0};
  bool is_ready = false;  // false while draining
  store::StoreStats store;
  std::vector<UpstreamFacts> upstreams;
  std::vector<purge::NodeState> members;  // of the deployment, this node among them
};

// {"nodes":[…]}: the deployment as this node sees it: each member's position in the purge log, and
// of this node, which comes first, also its hit ratio and the health of those it asks.
std::string nodes_json(const NodeFacts& node, const MetricsRegistry& metrics);

// Everything the dashboard shows, summed over the shards. `hit_ratio` is null before the first
// request; it counts answers that did not wait for upstream (hit, stale) among all that were not
// refused.
std::string stats_json(const NodeFacts& node, const MetricsRegistry& metrics);

}  // namespace brink::edge
