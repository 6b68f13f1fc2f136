#pragma once
// The hard ceiling (config cache.memory): every byte of stored heads, keys, index and bodies, also of bodies that are
// evicted but still being served, is charged here before it is allocated and credited when it is freed.

#include <atomic>
#include <cstdint>

namespace brink::edge::store {

// Safe from any thread. Outlives everything that was charged to it.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t ceiling_bytes) : ceiling_(ceiling_bytes) {}

  // Charges `bytes` if they fit under the ceiling; false and nothing charged otherwise.
  bool try_charge(std::uint64_t bytes) noexcept {
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
      if (used + bytes > ceiling_.load(std::memory_order_relaxed)) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  void credit(std::uint64_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::uint64_t ceiling() const noexcept { return ceiling_.load(std::memory_order_relaxed); }
  void set_ceiling(std::uint64_t bytes) noexcept { ceiling_.store(bytes, std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> ceiling_;
};

}  // namespace brink::edge::store
