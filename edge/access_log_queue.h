#pragma once
// The way of access records from one shard to the writer thread: bounded, without locks or system
// calls.
//
// Records travel in chunks. The producer fills a chunk record by record and takes another when it
// is full; the consumer empties chunks in order and gives them back. Given-back chunks are taken
// first, the last one first, so the memory touched (and the caches used) is that of the real
// backlog, not of the bound: a ring of 65,536 records would walk through 64 MiB per shard even when
// the writer keeps up.
//
// Threads: acquire() and publish() belong to the producer, drain() to the consumer, close() and
// is_closed() to anyone. The free list is a stack with a single popper, which is what makes its
// compare-and-swap safe from ABA.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "edge/access_log.h"

namespace brink::edge {

class AccessQueue {
 public:
  static constexpr std::size_t kChunkRecords = 64;

  // Room for at least `records` (rounded up to whole chunks, two at least). Reserves address space;
  // memory is used when the backlog needs it.
  explicit AccessQueue(std::size_t records);
  ~AccessQueue();
  AccessQueue(const AccessQueue&) = delete;
  AccessQueue& operator=(const AccessQueue&) = delete;

  // The next record, reset (its text arrays are not cleared), or null when all chunks wait for the
  // writer. Without publish() the same record is handed out again.
  AccessRecord* acquire() noexcept;
  void publish() noexcept;

  // Calls `take` for what was published, at most `limit` records; returns how many. The reference
  // is good during the call only.
  std::size_t drain(std::size_t limit, const std::function<void(const AccessRecord&)>& take);

  void close() noexcept { closed_.store(true, std::memory_order_release); }
  bool is_closed() const noexcept { return closed_.load(std::memory_order_acquire); }

 private:
  struct Chunk;
  struct FreeMemory {
    void operator()(std::byte* memory) const noexcept;
  };

  Chunk* take_free() noexcept;
  void give_back(Chunk* chunk) noexcept;

  const std::size_t chunk_count_;
  const std::unique_ptr<std::byte[], FreeMemory> memory_;
  std::atomic<bool> closed_{false};

  // The producer's.
  alignas(64) Chunk* filling_ = nullptr;
  std::size_t filled_ = 0;  // records of filling_ that were published
  std::size_t fresh_ = 0;   // chunks of memory_ that were in use before

  alignas(64) std::atomic<Chunk*> free_{nullptr};

  // The consumer's.
  alignas(64) Chunk* draining_ = nullptr;
  std::size_t drained_ = 0;  // records of draining_ that were taken
};

}  // namespace brink::edge
