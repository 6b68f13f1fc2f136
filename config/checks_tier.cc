// The way to the regional tier, and what only one of the roles can use.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/checks.h"
#include "config/names.h"

namespace brink::config {

namespace {

bool is_only_loopback(const std::vector<std::string>& networks) {
  return std::all_of(networks.begin(), networks.end(), [](const std::string& network) {
    return network.rfind("127.", 0) == 0 || network == "::1/128";
  });
}

void check_regional(const CheckContext& context) {
  const TierOptions& tier = context.options.tier;
  if (context.options.node.role == Role::Regional && context.findings.is_clean("node.role")) {
    context.error(
        "tier.regional",
        "a node with role: regional asks the origin itself; remove the list, or write role: edge");
    return;
  }
  for (std::size_t i = 0; i < tier.regional.size(); ++i) {
    if (!leads_to_self(context.options, tier.regional[i])) continue;
    context.error(
        item_path("tier.regional", i),
        fmt::format("{} is this node itself; name the regional nodes only", tier.regional[i]));
  }
}

}  // namespace

void check_tier(const CheckContext& context) {
  TierOptions& tier = context.options.tier;
  check_upstream(context, tier.upstream, "tier.upstream");
  if (!context.findings.is_clean("tier.regional")) return;
  if (!tier.regional.empty()) return check_regional(context);
  for (std::string_view key : {"tier.fall_back_to_origin", "tier.bounded_load", "tier.upstream"}) {
    if (context.is_set(key) && context.findings.is_clean(key)) {
      context.warning(key, "has no effect without tier.regional");
    }
  }
  const NodeOptions& node = context.options.node;
  if (node.role == Role::Regional && is_only_loopback(node.peers) &&
      context.findings.is_clean("node")) {
    context.warning(
        context.is_set("node.peers") ? "node.peers" : "node.role",
        "this regional node believes edges on its own machine only; name the edges' networks in "
        "node.peers, as in peers: [10.0.0.0/8]");
  }
}

}  // namespace brink::config
