#pragma once
// One stripe's index: key hash → stored responses, and the ghost: fingerprints of what was evicted
// lately.
//
// Linear hashing (Litwin 1980): the table grows by one bucket per insertion, so there is never a
// pause for rehashing. Each segment of buckets carries as many ghost slots, in groups of eight that
// work as small FIFOs: the ghost remembers about as many responses as are stored (S3-FIFO's
// proportion). Guarded by the stripe's mutex.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "edge/store/memory_budget.h"
#include "edge/store/stored_response.h"

namespace brink::edge::store {

class ResponseIndex {
 public:
  // What the first segment costs; further ones are charged to `budget` as they come.
  static std::uint64_t initial_bytes() noexcept;
  // REQUIRES: initial_bytes() are charged; whatever the index holds is credited by the destructor.
  explicit ResponseIndex(MemoryBudget& budget);
  ~ResponseIndex();
  ResponseIndex(const ResponseIndex&) = delete;
  ResponseIndex& operator=(const ResponseIndex&) = delete;

  // The bucket's chain, most recently stored first; foreign hashes and keys are among them.
  StoredResponse* chain(std::uint32_t hash) const noexcept { return *bucket(hash); }
  std::uint32_t buckets() const noexcept { return buckets_; }
  // REQUIRES: number < buckets().
  StoredResponse* chain_at(std::uint32_t number) const noexcept { return *head(number); }
  static StoredResponse* next(const StoredResponse* response) noexcept { return response->chain_; }
  static bool matches(const StoredResponse& response, const cache::CacheKey& key) noexcept {
    return response.hash_ == static_cast<std::uint32_t>(key.hash) && response.key() == key.text;
  }

  // Puts it in front of its chain. The table grows if the budget has room for it; otherwise chains
  // get longer.
  void insert(StoredResponse& response);
  // REQUIRES: it is in the index.
  void erase(StoredResponse& response) noexcept;
  std::size_t size() const noexcept { return size_; }

  void remember_evicted(std::uint32_t hash) noexcept;
  // Was it evicted lately? Forgets it.
  bool take_evicted(std::uint32_t hash) noexcept;

 private:
  static constexpr std::uint32_t kBuckets = 128;  // per segment
  static constexpr std::uint32_t kGroup = 8;      // ghost slots that form one FIFO
  struct Segment {
    std::array<StoredResponse*, kBuckets> heads{};
    std::array<std::uint16_t, kBuckets> ghost{};  // 0 = empty
  };

  std::uint32_t bucket_number(std::uint32_t hash) const noexcept;
  StoredResponse** bucket(std::uint32_t hash) const noexcept { return head(bucket_number(hash)); }
  StoredResponse** head(std::uint32_t number) const noexcept {
    return &segments_[number / kBuckets]->heads[number % kBuckets];
  }
  std::uint16_t* ghost_group(std::uint32_t hash) const noexcept;
  void split_next();

  MemoryBudget& budget_;
  std::vector<std::unique_ptr<Segment>> segments_;
  std::uint32_t buckets_ = kBuckets;
  std::uint32_t round_ = kBuckets;  // power of two; buckets below buckets_ - round_ are split
  std::size_t size_ = 0;
};

}  // namespace brink::edge::store
