#pragma once
// When a group of an origin was last invalidated (RFC 9875 §3), checked when a response is looked
// up.
//
// One counter numbers the invalidations of this node. A fetch reads it before it asks upstream, and
// what it stores keeps that number (StoredMeta::groups_as_of); an invalidation takes the next
// number and leaves it at each of its groups. A response is outdated when one of its groups carries
// a number above its own, so a fetch that began before an invalidation cannot bring the old content
// back after it.
//
// A fixed table by hash of origin and name: memory is bounded, and a clash of hashes costs a
// response its place, never the other way about. Lock-free, shared by all shards. A hit on a
// response without groups costs one comparison.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "edge/store/stored_response.h"

namespace brink::edge {

class GroupMarks {
 public:
  GroupMarks() : marks_(std::make_unique<std::atomic<std::uint64_t>[]>(kSlots)) {}

  // What a response whose fetch begins now reflects.
  std::uint64_t now() const noexcept { return last_.load(); }
  // Invalidates the groups that `field`, a Cache-Group-Invalidation, names, at the origin of this
  // key. Does not cascade: what other groups the responses belong to does not matter (§3).
  void invalidate(std::string_view key_text, std::string_view field);
  bool outdated(const store::StoredResponse& response) const {
    return response.meta().has_groups && response.meta().groups_as_of < now() &&
           any_mark_above(response);
  }

 private:
  static constexpr std::size_t kSlots = 1U << 16U;
  bool any_mark_above(const store::StoredResponse& response) const;
  std::atomic<std::uint64_t>& slot(std::string_view origin, std::string_view name) const;

  std::atomic<std::uint64_t> last_{0};
  std::unique_ptr<std::atomic<std::uint64_t>[]> marks_;
};

}  // namespace brink::edge
