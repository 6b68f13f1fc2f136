#pragma once
// Numbers for what happens to this node's cache alone, outside the purge log: a group that an answer
// to an unsafe method invalidates (RFC 9875), a purge that a child tells of from a log of its own.
//
// A fetch reads the count before it asks upstream, and what it stores keeps that number
// (StoredMeta::events_as_of); an event takes the next one. The numbers wrap: a response that has not
// been looked at for 2^31 events is taken for outdated. Lock-free, shared by all shards.

#include <atomic>
#include <cstdint>

namespace brink::edge {

class LocalEvents {
 public:
  // What a response whose fetch begins now reflects.
  std::uint32_t now() const noexcept { return last_.load(); }
  std::uint32_t next() noexcept { return last_.fetch_add(1) + 1; }
  // Did `event` happen after the fetch that read `as_of`?
  static bool is_after(std::uint32_t event, std::uint32_t as_of) noexcept {
    const std::uint32_t distance = event - as_of;
    return distance != 0 && distance < kHalf;
  }
  // Too old for is_after() to tell.
  bool is_lost(std::uint32_t as_of) const noexcept { return now() - as_of >= kHalf; }

 private:
  static constexpr std::uint32_t kHalf = 1U << 31U;
  std::atomic<std::uint32_t> last_{0};
};

}  // namespace brink::edge
