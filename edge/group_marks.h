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
// response without groups costs one comparison. The numbers wrap: a response that has not been
// looked at for 2^31 invalidations is taken for outdated.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "edge/store/stored_response.h"

namespace brink::edge {

class GroupMarks {
 public:
  GroupMarks() : marks_(std::make_unique<std::atomic<std::uint32_t>[]>(kSlots)) {}

  // What a response whose fetch begins now reflects.
  std::uint32_t now() const noexcept { return last_.load(); }
  // Invalidates the groups that `field`, a Cache-Group-Invalidation, names, at the origin of this
  // key. Does not cascade: what other groups the responses belong to does not matter (§3).
  void invalidate(std::string_view key_text, std::string_view field);
  bool outdated(const store::StoredResponse& response) const {
    if (!response.meta().has_groups) return false;
    const std::uint32_t since = now() - response.meta().groups_as_of;
    return since != 0 && (since >= kHalf || any_mark_above(response));
  }

 private:
  static constexpr std::size_t kSlots = 1U << 16U;
  static constexpr std::uint32_t kHalf = 1U << 31U;
  static constexpr std::uint32_t kAtOnce = 1U << 20U;  // invalidations under way together, at most
  bool any_mark_above(const store::StoredResponse& response) const;
  std::atomic<std::uint32_t>& slot(std::string_view origin, std::string_view name) const;

  std::atomic<std::uint32_t> last_{0};
  std::unique_ptr<std::atomic<std::uint32_t>[]> marks_;
};

}  // namespace brink::edge
