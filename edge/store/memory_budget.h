#pragma once
// The hard ceiling (config cache.memory): every byte of stored heads, keys, index and bodies, also
// of bodies that are evicted but still being served, is charged here before it is allocated and
// credited when it is freed.

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

namespace brink::edge::store {

// Safe from any thread. Outlives everything that was charged to it.
class MemoryBudget {
 public:
  // Consulted by every charge; true = behave as if there were no room. Tests walk every failure
  // with it.
  using Refusal = std::function<bool(std::uint64_t bytes)>;

  explicit MemoryBudget(std::uint64_t ceiling_bytes) : ceiling_(ceiling_bytes) {}

  // A budget on the heap that owns itself: it starts with `owner_bytes` charged, and whoever
  // credits the last byte deletes it. So responses and readers may outlive the store that made
  // them.
  static MemoryBudget* create(std::uint64_t ceiling_bytes, std::uint64_t owner_bytes,
                              Refusal refusal = {}) {
    auto* budget = new MemoryBudget(ceiling_bytes);
    budget->used_.store(owner_bytes, std::memory_order_relaxed);
    budget->refusal_ = std::move(refusal);
    budget->owns_itself_ = true;
    return budget;
  }

  // Charges `bytes` if they fit under the ceiling with `keep_free` to spare; false and nothing
  // charged otherwise.
  bool try_charge(std::uint64_t bytes, std::uint64_t keep_free = 0) noexcept {
    if (refusal_ && refusal_(bytes)) return false;
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
      if (used + bytes + keep_free > ceiling_.load(std::memory_order_relaxed)) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  // REQUIRES: as many bytes are charged.
  void credit(std::uint64_t bytes) noexcept {
    const std::uint64_t before = used_.fetch_sub(bytes, std::memory_order_acq_rel);
    if (before == bytes && bytes > 0 && owns_itself_) dispose();
  }
  std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::uint64_t ceiling() const noexcept { return ceiling_.load(std::memory_order_relaxed); }
  void set_ceiling(std::uint64_t bytes) noexcept {
    ceiling_.store(bytes, std::memory_order_relaxed);
  }

 private:
  void dispose() noexcept;

  alignas(64) std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> ceiling_;
  Refusal refusal_;           // set before the budget is shared, never changed
  bool owns_itself_ = false;  // ditto
};

}  // namespace brink::edge::store
