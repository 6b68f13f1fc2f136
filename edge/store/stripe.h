#pragma once
// One stripe of the memory store: an index and its eviction queues under one mutex (S3-FIFO, Yang
// et al., SOSP 2023).
//
// New responses enter `small`; those used again move to `main` when they reach its end, the others
// are evicted and remembered by fingerprint; a remembered one that comes back enters `main` at
// once. A hit only counts up to three. A response that is being read is passed over: evicting it
// would free nothing.
//
// Lock: `mutex_`, taken by every public function, for microseconds; what leaves the stripe is
// handed out in a `Removed`, which the caller destroys after the call, so that memory is freed
// without the lock.

#include <atomic>
#include <cstdint>
#include <mutex>

#include "edge/store/response_index.h"
#include "edge/store/store.h"

namespace brink::edge::store {

// Responses that left the index, with the index's references. Not thread-safe.
class Removed {
 public:
  Removed() = default;
  Removed(const Removed&) = delete;
  Removed& operator=(const Removed&) = delete;
  ~Removed();
  void push(StoredResponse& response) noexcept;
  std::size_t count() const noexcept { return count_; }
  std::uint64_t weight() const noexcept { return weight_; }
  // Calls `f(response)` for each that has tags. REQUIRES: as below.
  template <class F>
  void for_each_tagged(F f) const {
    if (!has_tags_) return;
    for (StoredResponse* at = head_; at != nullptr; at = at->chain_) {
      if (!at->tags().empty()) f(*at);
    }
  }
  // Calls `f(response)` for each that is a slice map. REQUIRES: the call that filled this has returned.
  template <class F>
  void for_each_map(F f) const {
    if (!has_maps_) return;
    for (StoredResponse* at = head_; at != nullptr; at = at->chain_) {
      if (at->meta().sliced) f(*at);
    }
  }

 private:
  StoredResponse* head_ = nullptr;
  bool has_maps_ = false;
  bool has_tags_ = false;
  std::size_t count_ = 0;
  std::uint64_t weight_ = 0;
};

// Newest at the head, oldest at the tail; intrusive.
class FifoQueue {
 public:
  explicit FifoQueue(StoredResponse::Queue name) : name_(name) {}
  void push(StoredResponse& response) noexcept;
  void erase(StoredResponse& response) noexcept;
  // Puts `fresh` where `old` was, which leaves.
  void replace(StoredResponse& old, StoredResponse& fresh) noexcept;
  StoredResponse* oldest() const noexcept { return oldest_; }
  std::uint64_t weight() const noexcept { return weight_; }

 private:
  StoredResponse* newest_ = nullptr;
  StoredResponse* oldest_ = nullptr;
  std::uint64_t weight_ = 0;
  StoredResponse::Queue name_;
};

class Stripe {
 public:
  explicit Stripe(MemoryBudget& budget) : index_(budget) {}
  ~Stripe();

  ResponsePtr lookup(const cache::CacheKey& key, const Selector& selector);
  ResponsePtr peek(const cache::CacheKey& key);
  // Makes it visible in place of one with the same key and variant key; at most `variants` of a key
  // stay.
  void insert(StoredResponse& response, std::uint32_t variants, Removed& removed);
  // Puts `fresh` in the place of `old` if that is still here; it keeps its standing with eviction.
  bool replace(const StoredResponse& old, StoredResponse& fresh, Removed& removed);
  void erase_key(const cache::CacheKey& key, Removed& removed);
  bool erase(const StoredResponse& response, Removed& removed);
  // Evicts until about `wanted` bytes have gone. Bounded work: may stop short, and removes nothing
  // when everything it came across is being read.
  void evict(std::uint64_t wanted, Removed& removed);
  void erase_all(Removed& removed);
  // Appends whole chains from bucket `at` on until about `wanted` have been found; false at the end.
  // A chain that is split meanwhile goes on in a bucket further on, so none is missed.
  bool walk(std::uint32_t& at, std::size_t wanted, std::vector<ResponsePtr>& out) const;

  void add_to(StoreStats& stats) const;
  // Without the lock: a moment's estimate.
  std::uint64_t weight() const noexcept { return weight_.load(std::memory_order_relaxed); }
  std::uint32_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

 private:
  using Queue = StoredResponse::Queue;
  FifoQueue& queue(Queue name) noexcept { return name == Queue::Small ? small_ : main_; }
  void link(StoredResponse& response, Queue where, std::uint8_t uses);
  void unlink(StoredResponse& response, Removed& removed) noexcept;
  StoredResponse* choose_victim();
  bool step(StoredResponse*& victim, StoredResponse*& second_choice);
  void publish_size() noexcept;

  mutable std::mutex mutex_;
  ResponseIndex index_;
  FifoQueue small_{Queue::Small};
  FifoQueue main_{Queue::Main};
  std::uint32_t use_count_ = 0;  // orders the uses of a key's variants; wraps
  std::uint64_t evicted_responses_ = 0;
  std::uint64_t evicted_bytes_ = 0;
  std::uint64_t variants_dropped_ = 0;
  std::uint64_t stored_ = 0;
  std::atomic<std::uint64_t> weight_{0};
  std::atomic<std::uint32_t> size_{0};
};

}  // namespace brink::edge::store
