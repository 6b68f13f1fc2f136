#pragma once
// The regional nodes on a consistent-hash ring: each key has an order of nodes of its own, and most
// keys keep theirs when a node comes or goes (Karger et al. 1997). With bounded load (Mirrokni,
// Thorup, Zadimoghaddam 2018): a node with more than its share of what is under way is passed over.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "origin/server_group.h"

namespace brink::tiered {

// Points of the nodes on the circle of 64-bit hashes. Pure; the order of `nodes` does not matter,
// only their names.
class HashCircle {
 public:
  static constexpr std::uint32_t kPointsPerNode =
      1'024;  // the busiest node has some 5 % more than its share

  explicit HashCircle(std::span<const std::string> nodes);

  // Calls f(index of node) for each node once, in this key's order, until f returns true. False
  // when none did.
  template <class F>
  bool walk(std::uint64_t key_hash, F&& f) const {
    std::vector<bool> seen(nodes_);
    std::size_t left = nodes_;
    for (std::size_t i = first_point(key_hash); left > 0; i = i + 1 == points_.size() ? 0 : i + 1) {
      const std::uint32_t node = points_[i].node;
      if (seen[node]) continue;
      seen[node] = true;
      --left;
      if (f(node)) return true;
    }
    return false;
  }

 private:
  struct Point {
    std::uint64_t at;
    std::uint32_t node;
  };
  std::size_t first_point(std::uint64_t key_hash) const;

  std::size_t nodes_;
  std::vector<Point> points_;  // ascending
};

// Shared by all shards: the circle never changes, health and load are the servers' own.
class Ring {
 public:
  // Below this many under way a node is never passed over: a handful of requests says nothing of
  // load, and moving them would only cost hits.
  static constexpr std::uint32_t kUnboundedBelow = 16;

  Ring(const config::TierOptions& options, const Ring* previous);

  const std::shared_ptr<origin::ServerGroup>& group() const { return group_; }
  bool empty() const { return group_->servers().empty(); }
  bool fall_back_to_origin() const { return fall_back_to_origin_; }

  // The first node in the key's order that is well, has not been tried and is within its bound;
  // without the bound where that leaves none. Null when no node is left. Counts as outstanding
  // until the group's report().
  std::shared_ptr<origin::Server> pick(std::uint64_t key_hash,
                                       std::span<const std::shared_ptr<origin::Server>> tried,
                                       Ticks now) const;

 private:
  std::uint32_t bound() const;

  std::shared_ptr<origin::ServerGroup> group_;
  double bounded_load_;
  bool fall_back_to_origin_;
  HashCircle circle_;
};

}  // namespace brink::tiered
