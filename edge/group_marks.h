#pragma once
// When a group of an origin was last invalidated (RFC 9875 §3), checked when a response is looked
// up.
//
// An invalidation takes the node's next event number (local_events.h) and leaves it at each of its
// groups. A response is outdated when one of its groups carries a number above its own, so a fetch
// that began before an invalidation cannot bring the old content back after it.
//
// A fixed table by hash of origin and name: memory is bounded, and a clash of hashes costs a
// response its place, never the other way about. Lock-free, shared by all shards. A hit on a
// response without groups costs one comparison, with groups a load for each of its tags once there
// has been any event; nothing is allocated.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "edge/local_events.h"
#include "edge/store/stored_response.h"

namespace brink::edge {

class GroupMarks {
 public:
  explicit GroupMarks(LocalEvents& events)
      : events_(events), marks_(std::make_unique<std::atomic<std::uint32_t>[]>(kSlots)) {}

  // Invalidates the groups that `field`, a Cache-Group-Invalidation, names, at the origin of this
  // key. Does not cascade: what other groups the responses belong to does not matter (§3).
  void invalidate(std::string_view key_text, std::string_view field);
  bool outdated(const store::StoredResponse& response) const {
    if (!response.meta().has_groups) return false;
    const std::uint32_t as_of = response.meta().events_as_of;
    return as_of != events_.now() && (events_.is_lost(as_of) || any_mark_after(response));
  }

 private:
  static constexpr std::size_t kSlots = 1U << 16U;
  static constexpr std::uint32_t kAtOnce = 1U << 20U;  // invalidations under way together, at most
  bool any_mark_after(const store::StoredResponse& response) const;
  std::atomic<std::uint32_t>& slot(std::uint64_t origin, std::uint64_t group) const;

  LocalEvents& events_;
  std::unique_ptr<std::atomic<std::uint32_t>[]> marks_;
};

}  // namespace brink::edge
