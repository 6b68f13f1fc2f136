#pragma once
// Which stored responses answered clients lately: what a dry run weighs "the current hit traffic"
// by.
//
// Every shard writes a ring of its own: its first kSlots hits, then every kEach-th. No allocation,
// no line that two shards write.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace brink::edge {

class HitRing {
 public:
  // The shard's thread. `key_hash`: StoredResponse::hash().
  void note(std::uint32_t key_hash) noexcept {
    const std::uint64_t n = seen_++;
    if (n >= kSlots && n % kEach != 0) return;
    slots_[next_++ % kSlots].store(kUsed | key_hash, std::memory_order_relaxed);
  }
  // Any thread: one call of `visit` per slot in use.
  template <class Visit>
  void each(const Visit& visit) const {
    for (const auto& slot : slots_) {
      const std::uint64_t value = slot.load(std::memory_order_relaxed);
      if (value != 0) visit(static_cast<std::uint32_t>(value));
    }
  }

 private:
  static constexpr std::size_t kSlots = 2'048;
  static constexpr std::uint64_t kEach = 16;
  static constexpr std::uint64_t kUsed = 1ULL << 32U;
  std::array<std::atomic<std::uint64_t>, kSlots> slots_{};
  std::uint64_t seen_ = 0;
  std::size_t next_ = 0;
};

// A node's.
class RecentHits {
 public:
  struct Sample {
    std::unordered_map<std::uint32_t, std::uint32_t> by_key;  // hits per key's hash
    std::uint64_t hits = 0;                                   // all of them
  };

  std::shared_ptr<HitRing> add_ring() {
    auto ring = std::make_shared<HitRing>();
    const std::lock_guard lock(mutex_);
    rings_.push_back(ring);
    return ring;
  }
  Sample sample() const {
    const std::lock_guard lock(mutex_);
    Sample out;
    for (const auto& ring : rings_) {
      ring->each([&out](std::uint32_t key_hash) {
        ++out.by_key[key_hash];
        ++out.hits;
      });
    }
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<HitRing>> rings_;  // one per shard
};

}  // namespace brink::edge
