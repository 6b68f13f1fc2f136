#pragma once
// A piece of a body that is being filled.

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <new>

#include "edge/store/memory_budget.h"
#include "edge/store/size_class.h"

namespace brink::edge::store {

// The bytes are written by the one writer, ahead of the fill's published length, and read below it.
// Reference counted: a reader that was cut, or whose views were copied elsewhere, keeps what its
// views point into.
class Chunk {
 public:
  static std::uint64_t footprint(std::uint64_t capacity) noexcept;
  // REQUIRES: footprint(capacity) is charged to `budget`, capacity > 0.
  static boost::intrusive_ptr<Chunk> create(std::uint32_t capacity, MemoryBudget* budget);
  char* data() const noexcept { return data_; }
  // The bytes now belong to a stored body, with their charge; they outlive this chunk.
  void disown() noexcept { owned_ = false; }

  std::uint64_t begin = 0;  // offset of its first byte in the body
  std::uint32_t capacity = 0;
  // Whose position is in it; counted in a window only, guarded by the fill's mutex.
  std::uint32_t readers = 0;

  std::uint64_t end() const noexcept { return begin + capacity; }
  // Nobody else holds it, and it was made with this capacity.
  bool reusable(std::uint32_t wanted_capacity) const noexcept {
    return allocated_ == wanted_capacity && refs_.load(std::memory_order_acquire) == 1;
  }

  friend void intrusive_ptr_add_ref(Chunk* chunk) noexcept {
    chunk->refs_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(Chunk* chunk) noexcept {
    if (chunk->refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete chunk;
  }

 private:
  Chunk(char* data, std::uint32_t capacity_bytes, MemoryBudget* budget)
      : capacity(capacity_bytes), allocated_(capacity_bytes), data_(data), budget_(budget) {}
  ~Chunk();

  std::uint32_t allocated_;
  std::atomic<std::uint32_t> refs_{0};
  char* data_;
  MemoryBudget* budget_;
  bool owned_ = true;
};
using ChunkPtr = boost::intrusive_ptr<Chunk>;

inline std::uint64_t Chunk::footprint(std::uint64_t capacity) noexcept {
  return allocation_bytes(sizeof(Chunk)) + allocation_bytes(capacity);
}

inline ChunkPtr Chunk::create(std::uint32_t capacity, MemoryBudget* budget) {
  return ChunkPtr(new Chunk(static_cast<char*>(::operator new(capacity)), capacity, budget));
}

inline Chunk::~Chunk() {
  std::uint64_t credit = allocation_bytes(sizeof(Chunk));
  if (owned_) {
    ::operator delete(data_);
    credit += allocation_bytes(allocated_);
  }
  budget_->credit(credit);
}

}  // namespace brink::edge::store
