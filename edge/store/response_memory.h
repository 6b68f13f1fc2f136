#pragma once
// Where StoredResponses live: slots of nearly their exact size, cut from slabs.
//
// The allocator's size classes waste an eighth on average, more than the rest of a response's
// metadata can afford (stored_response.cc); here classes 16 bytes apart waste a sixtieth. A slab is
// charged as a whole, and given back when its last slot is free. When the budget has no room for
// another slab, a free slot up to a quarter too large serves, and failing that an allocation of its
// own: so nothing is ever evicted to make room for a slab.
//
// Owns itself: the store and every response hold it, the last one deletes it. Safe from any thread:
// one mutex, held for a few list operations.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "edge/store/memory_budget.h"
#include "edge/store/tag_index.h"

namespace brink::edge::store {

class ResponseMemory;

// The header of a block of equal slots; also stands for the lack of one (`slot_bytes` 0: allocated
// alone).
struct ResponseSlab {
  ResponseMemory* memory = nullptr;
  ResponseSlab* previous = nullptr;  // in its class's list while it has a free slot
  ResponseSlab* next = nullptr;
  void* free_slots = nullptr;  // used before and free now, linked through their first bytes
  std::uint32_t slot_bytes = 0;
  std::uint16_t capacity = 0;
  std::uint16_t touched = 0;  // slots from here on have never been used
  std::uint16_t used = 0;
  std::uint16_t size_class = 0;
  std::uint32_t slab_bytes = 0;
};

class ResponseMemory {
 public:
  // `slabs` false: every response is allocated alone (stores so small that part-filled slabs would
  // matter).
  static ResponseMemory* create(MemoryBudget* budget, bool slabs);
  // What create() needs to have been charged; credited when the last holder lets go.
  static std::uint64_t footprint() noexcept;
  // The store lets go.
  void close() noexcept { let_go(); }

  struct Slot {
    void* memory = nullptr;
    ResponseSlab* slab = nullptr;
  };
  // A slot for `bytes`, charged already with its slab; memory null when there is none. `keep_free`:
  // as for the budget.
  Slot take(std::size_t bytes, std::uint64_t keep_free);
  // Memory of its own. REQUIRES: alone_bytes(bytes) are charged.
  Slot allocate_alone(std::size_t bytes);
  static std::uint64_t alone_bytes(std::size_t bytes) noexcept;
  // Gives back a slot, or what was allocated alone for `bytes`, and credits `credit` more.
  static void give_back(Slot slot, std::size_t bytes, std::uint64_t credit) noexcept;
  MemoryBudget* budget() const noexcept { return budget_; }
  TagIndex& tags() noexcept { return tags_; }

 private:
  static constexpr std::size_t kClasses = 72;

  ResponseMemory(MemoryBudget* budget, bool slabs);
  ~ResponseMemory();
  void let_go() noexcept;
  static std::uint32_t class_of(std::size_t bytes) noexcept;
  static std::uint32_t class_bytes(std::uint32_t size_class) noexcept;
  void* pop(ResponseSlab& slab) noexcept;
  void link(ResponseSlab& slab) noexcept;
  void unlink(ResponseSlab& slab) noexcept;
  Slot take_free(std::uint32_t first_class, std::uint32_t last_class);
  Slot take_from_new_slab(std::uint32_t size_class, std::uint64_t keep_free);

  MemoryBudget* const budget_;
  const bool slabs_;
  std::atomic<std::uint64_t> holders_{1};
  ResponseSlab alone_;
  TagIndex tags_;
  std::mutex mutex_;
  std::array<ResponseSlab*, kClasses> with_room_{};  // slabs that have a free slot
};

}  // namespace brink::edge::store
