#pragma once
// Keys whose last answer could not be shared: their requests never queue behind one another again, for a while.
//
// A fixed table of tags and times; an old entry is overwritten, so memory is bounded. A clash of tags costs one request its
// collapsing, nothing else. Lock-free, shared by all shards.

#include <atomic>
#include <cstdint>
#include <memory>

#include "config/runtime/clock.h"

namespace brink::edge {

class UncacheableMemory {
 public:
  UncacheableMemory() : slots_(std::make_unique<std::atomic<std::uint64_t>[]>(kSlots)) {}

  // Ranges of a key are remembered apart: a response that is too large as a whole may be stored in slices.
  static std::uint64_t hash_of_ranges(std::uint64_t key_hash) noexcept { return key_hash ^ 0x9e3779b97f4a7c15ULL; }

  void remember(std::uint64_t key_hash, TimePoint now, Millis for_how_long) noexcept {
    const std::uint64_t until = seconds(now + for_how_long);
    slot(key_hash).store((tag(key_hash) << 32U) | until, std::memory_order_relaxed);
  }
  void forget(std::uint64_t key_hash) noexcept {
    std::uint64_t seen = slot(key_hash).load(std::memory_order_relaxed);
    if (seen >> 32U == tag(key_hash)) slot(key_hash).compare_exchange_strong(seen, 0);
  }
  bool knows(std::uint64_t key_hash, TimePoint now) const noexcept {
    const std::uint64_t seen = slot(key_hash).load(std::memory_order_relaxed);
    return seen != 0 && seen >> 32U == tag(key_hash) && (seen & 0xffffffffU) > seconds(now);
  }

 private:
  static constexpr std::size_t kSlots = 1U << 16U;
  static std::uint64_t tag(std::uint64_t hash) { return hash >> 32U; }
  static std::uint64_t seconds(TimePoint t) {
    return static_cast<std::uint64_t>(t.time_since_epoch().count() / 1000) & 0xffffffffU;
  }
  std::atomic<std::uint64_t>& slot(std::uint64_t hash) const { return slots_[hash & (kSlots - 1)]; }

  std::unique_ptr<std::atomic<std::uint64_t>[]> slots_;
};

}  // namespace brink::edge
