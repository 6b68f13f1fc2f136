#include "edge/store/response_index.h"

#include <algorithm>

#include "config/runtime/error.h"
#include "edge/store/size_class.h"

namespace brink::edge::store {
namespace {

// The directory doubles as it grows: two pointers for each segment cover it.
constexpr std::uint64_t kDirectoryEntryBytes = 2 * sizeof(void*);

// The upper half: the lower bits chose the group. 0 marks an empty ghost slot. That one in eight
// thousand newcomers is taken for another costs nothing but its way through `small`.
constexpr std::uint16_t fingerprint(std::uint32_t hash) {
  const auto upper = static_cast<std::uint16_t>(hash >> 16U);
  return upper == 0 ? std::uint16_t{1} : upper;
}

}  // namespace

std::uint64_t ResponseIndex::initial_bytes() noexcept {
  return allocation_bytes(sizeof(Segment)) + kDirectoryEntryBytes;
}

ResponseIndex::ResponseIndex(MemoryBudget& budget) : budget_(budget) {
  segments_.push_back(std::make_unique<Segment>());
}

ResponseIndex::~ResponseIndex() {
  CHECK(size_ == 0);
  const std::uint64_t charged = segments_.size() * initial_bytes();
  segments_.clear();
  segments_.shrink_to_fit();
  budget_.credit(charged);
}

std::uint32_t ResponseIndex::bucket_number(std::uint32_t hash) const noexcept {
  const std::uint32_t split = hash & (2 * round_ - 1);
  return split < buckets_ ? split : hash & (round_ - 1);
}

void ResponseIndex::insert(StoredResponse& response) {
  StoredResponse** at = bucket(response.hash_);
  response.chain_ = *at;
  *at = &response;
  ++size_;
  if (size_ > buckets_) split_next();
}

void ResponseIndex::erase(StoredResponse& response) noexcept {
  StoredResponse** at = bucket(response.hash_);
  while (*at != &response) {
    CHECK(*at != nullptr);
    at = &(*at)->chain_;
  }
  *at = response.chain_;
  response.chain_ = nullptr;
  --size_;
}

void ResponseIndex::split_next() {
  if (buckets_ == segments_.size() * kBuckets) {
    // What one stripe of the largest sensible store needs fits in 31 bits of hash many times over.
    if (round_ == (1U << 30U) || !budget_.try_charge(initial_bytes())) return;
    segments_.push_back(std::make_unique<Segment>());
  }
  const std::uint32_t created = buckets_;
  StoredResponse* rest = *head(created - round_);
  StoredResponse** low = head(created - round_);
  StoredResponse** high = head(created);
  for (; rest != nullptr; rest = rest->chain_) {  // keeps the order of each chain
    StoredResponse**& tail = (rest->hash_ & round_) != 0 ? high : low;
    *tail = rest;
    tail = &rest->chain_;
  }
  *low = nullptr;
  *high = nullptr;
  ++buckets_;
  if (buckets_ == 2 * round_) round_ *= 2;
}

std::uint16_t* ResponseIndex::ghost_group(std::uint32_t hash) const noexcept {
  const std::uint32_t number = bucket_number(hash);
  return &segments_[number / kBuckets]->ghost[number % kBuckets / kGroup * kGroup];
}

void ResponseIndex::remember_evicted(std::uint32_t hash) noexcept {
  std::uint16_t* group = ghost_group(hash);
  std::copy_backward(group, group + kGroup - 1, group + kGroup);
  group[0] = fingerprint(hash);
}

bool ResponseIndex::take_evicted(std::uint32_t hash) noexcept {
  std::uint16_t* group = ghost_group(hash);
  std::uint16_t* found = std::find(group, group + kGroup, fingerprint(hash));
  if (found == group + kGroup) return false;
  std::copy(found + 1, group + kGroup, found);
  group[kGroup - 1] = 0;
  return true;
}

}  // namespace brink::edge::store
