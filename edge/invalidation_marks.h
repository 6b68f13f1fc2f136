#pragma once
// Keeps a fetch that began before an invalidation from storing what it read then (RFC 9111 §4.4).
//
// A fixed table of counters by key hash, shared by all shards: an invalidation counts up before it drops what is stored; a fetch reads its
// counter before it asks upstream and again when it has stored. A clash of hashes costs one response its place. Lock-free.

#include <atomic>
#include <cstdint>
#include <memory>

namespace brink::edge {

class InvalidationMarks {
 public:
  InvalidationMarks() : counts_(std::make_unique<std::atomic<std::uint32_t>[]>(kSlots)) {}
  void mark(std::uint64_t key_hash) noexcept { counts_[key_hash % kSlots].fetch_add(1); }
  std::uint32_t read(std::uint64_t key_hash) const noexcept { return counts_[key_hash % kSlots].load(); }

 private:
  static constexpr std::size_t kSlots = 1U << 16U;
  std::unique_ptr<std::atomic<std::uint32_t>[]> counts_;
};

}  // namespace brink::edge
