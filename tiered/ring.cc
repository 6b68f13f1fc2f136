#include "tiered/ring.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>

#include "origin/server.h"
#include "tiered/tier_upstream.h"

namespace brink::tiered {
namespace {

using ServerPtr = std::shared_ptr<origin::Server>;

config::UpstreamOptions node_options(const config::TierOptions& options) {
  config::UpstreamOptions nodes = options.upstream;
  nodes.servers = options.regional;
  return nodes;
}

std::vector<std::string> names(const origin::ServerGroup& group) {
  std::vector<std::string> urls;
  for (const ServerPtr& server : group.servers())
    urls.push_back(server->url());
  return urls;
}

}  // namespace

HashCircle::HashCircle(std::span<const std::string> nodes) : nodes_(nodes.size()) {
  points_.reserve(nodes.size() * kPointsPerNode);
  for (std::uint32_t node = 0; node < nodes.size(); ++node) {
    const std::string& name = nodes[node];
    for (std::uint32_t i = 0; i < kPointsPerNode; ++i) {
      points_.push_back({XXH3_64bits_withSeed(name.data(), name.size(), i), node});
    }
  }
  std::sort(points_.begin(), points_.end(), [&](const Point& a, const Point& b) {
    return a.at != b.at ? a.at < b.at : nodes[a.node] < nodes[b.node];
  });
}

std::size_t HashCircle::first_point(std::uint64_t key_hash) const {
  // Mixed once more: whatever the key's hash is good for elsewhere, here all its bits must count.
  const std::uint64_t at = XXH3_64bits(&key_hash, sizeof key_hash);
  const auto found = std::lower_bound(points_.begin(), points_.end(), at,
                                      [](const Point& p, std::uint64_t h) { return p.at < h; });
  return found == points_.end() ? 0 : static_cast<std::size_t>(found - points_.begin());
}

Ring::Ring(const config::TierOptions& options, const Ring* previous)
    : group_(origin::ServerGroup::create(node_options(options),
                                         previous ? previous->group_.get() : nullptr)),
      bounded_load_(options.bounded_load),
      fall_back_to_origin_(options.fall_back_to_origin),
      circle_(names(*group_)) {}

std::uint32_t Ring::bound() const {
  std::uint64_t under_way = 1;  // the one to place
  std::uint32_t nodes = 0;
  for (const ServerPtr& server : group_->servers()) {
    if (!server->well()) continue;
    under_way += server->outstanding();
    ++nodes;
  }
  if (nodes == 0) return kUnboundedBelow;
  const double share = std::ceil(bounded_load_ * static_cast<double>(under_way) / nodes);
  return std::max(kUnboundedBelow, static_cast<std::uint32_t>(std::min(share, 4e9)));
}

ServerPtr Ring::pick(std::uint64_t key_hash, std::span<const ServerPtr> tried, Ticks now) const {
  if (empty()) return nullptr;
  const std::uint32_t most = bound();
  ServerPtr picked;
  const auto take = [&](std::uint32_t node, bool bounded) {
    const ServerPtr& server = group_->servers()[node];
    if (std::find(tried.begin(), tried.end(), server) != tried.end()) return false;
    if (bounded && server->outstanding() >= most) return false;
    if (!group_->take(server, now)) return false;
    picked = server;
    return true;
  };
  if (!circle_.walk(key_hash, [&](std::uint32_t node) { return take(node, true); })) {
    circle_.walk(key_hash, [&](std::uint32_t node) { return take(node, false); });
  }
  return picked;
}

std::shared_ptr<Ring> make_ring(const config::TierOptions& options, const Ring* previous) {
  return std::make_shared<Ring>(options, previous);
}

std::shared_ptr<origin::ServerGroup> ring_group(const Ring& ring) {
  return ring.group();
}

}  // namespace brink::tiered
