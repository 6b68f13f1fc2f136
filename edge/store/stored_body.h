#pragma once
// The control block of a body that is in several pieces or belongs to several responses.
//
// Life: a commit of a large body, or the first freshening of a small one, creates it with one
// reference → each response that shares the body holds one → the last one frees the pieces.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace brink::edge::store {

// One piece, from ::operator new. `end` is the offset in the body one past its last byte.
struct BodyChunk {
  char* data;
  std::uint64_t end;
};

// Immutable but for the count; safe from any thread. One allocation {fields, chunks}.
class SharedBody {
 public:
  static std::uint64_t footprint(std::size_t chunks) noexcept;
  // Takes over the chunks. `charge` is what is charged for them and for footprint(chunks.size()).
  static SharedBody* create(std::span<const BodyChunk> chunks, std::uint64_t charge);
  // Without freeing the chunks: for one that nobody has seen.
  static void discard(SharedBody* body) noexcept;

  std::span<const BodyChunk> chunks() const noexcept {
    return {reinterpret_cast<const BodyChunk*>(this + 1), count_};
  }
  void add_ref() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  // Returns the bytes to credit: the whole charge with the last reference, else 0.
  std::uint64_t release() noexcept;

 private:
  SharedBody(std::uint32_t count, std::uint64_t charge) : count_(count), charge_(charge) {}

  std::atomic<std::uint32_t> refs_{1};
  std::uint32_t count_;
  std::uint64_t charge_;
};

}  // namespace brink::edge::store
