#include "edge/store/stripe.h"

#include <algorithm>

#include "config/runtime/error.h"

namespace brink::edge::store {
namespace {

constexpr std::uint8_t kUsesMax = 3;
constexpr std::uint64_t kSmallShare = 10;      // small holds one tenth of the bytes
constexpr std::uint32_t kScanPerVictim = 512;  // bounds the time under the lock
constexpr std::uint32_t kVictimsPerCall = 32;
constexpr std::uint32_t kBucketsPerCall = 512;  // ditto

}  // namespace

Removed::~Removed() {
  while (head_ != nullptr) {
    StoredResponse* response = head_;
    head_ = response->chain_;
    response->chain_ = nullptr;
    intrusive_ptr_release(response);
  }
}

void Removed::push(StoredResponse& response) noexcept {
  ++count_;
  weight_ += response.weight();
  has_maps_ = has_maps_ || response.meta().sliced;
  has_tags_ = has_tags_ || !response.tags().empty();
  response.chain_ = head_;
  head_ = &response;
}

void FifoQueue::push(StoredResponse& response) noexcept {
  CHECK(response.queue_ == StoredResponse::Queue::None);
  response.queue_ = name_;
  response.newer_ = nullptr;
  response.older_ = newest_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = &response;
  newest_ = &response;
  weight_ += response.weight();
}

void FifoQueue::erase(StoredResponse& response) noexcept {
  CHECK(response.queue_ == name_);
  (response.newer_ != nullptr ? response.newer_->older_ : newest_) = response.older_;
  (response.older_ != nullptr ? response.older_->newer_ : oldest_) = response.newer_;
  response.newer_ = response.older_ = nullptr;
  response.queue_ = StoredResponse::Queue::None;
  weight_ -= response.weight();
}

void FifoQueue::replace(StoredResponse& old, StoredResponse& fresh) noexcept {
  CHECK(old.queue_ == name_ && fresh.queue_ == StoredResponse::Queue::None);
  fresh.queue_ = name_;
  fresh.newer_ = old.newer_;
  fresh.older_ = old.older_;
  (fresh.newer_ != nullptr ? fresh.newer_->older_ : newest_) = &fresh;
  (fresh.older_ != nullptr ? fresh.older_->newer_ : oldest_) = &fresh;
  old.newer_ = old.older_ = nullptr;
  old.queue_ = StoredResponse::Queue::None;
  weight_ += fresh.weight();
  weight_ -= old.weight();
}

Stripe::~Stripe() {
  Removed removed;
  erase_all(removed);
}

ResponsePtr Stripe::lookup(const cache::CacheKey& key, const Selector& selector) {
  const std::lock_guard lock(mutex_);
  StoredResponse* best = nullptr;
  std::int64_t best_score = 0;
  for (auto* at = index_.chain(static_cast<std::uint32_t>(key.hash)); at != nullptr;
       at = ResponseIndex::next(at)) {
    if (!ResponseIndex::matches(*at, key)) continue;
    const std::int64_t score = selector.score(*at);
    if (score > best_score) {
      best_score = score;
      best = at;
    }
  }
  if (best == nullptr) return nullptr;
  if (best->uses_ < kUsesMax) ++best->uses_;
  best->requests_.store(
      static_cast<std::uint16_t>(best->requests() + (best->requests() < best->kRequestsMost)),
      std::memory_order_relaxed);
  if (best->variant_length_ > 0) best->last_use_ = ++use_count_;
  return best;
}

ResponsePtr Stripe::peek(const cache::CacheKey& key) {
  const std::lock_guard lock(mutex_);
  for (auto* at = index_.chain(static_cast<std::uint32_t>(key.hash)); at != nullptr;
       at = ResponseIndex::next(at)) {
    if (ResponseIndex::matches(*at, key)) return at;
  }
  return nullptr;
}

// The index's reference is taken here and given up in unlink().
void Stripe::link(StoredResponse& response, Queue where, std::uint8_t uses) {
  intrusive_ptr_add_ref(&response);
  response.uses_ = uses;
  response.last_use_ = ++use_count_;
  index_.insert(response);
  if (response.queue_ == Queue::None) queue(where).push(response);
}

void Stripe::unlink(StoredResponse& response, Removed& removed) noexcept {
  index_.erase(response);
  if (response.queue_ != Queue::None) queue(response.queue_).erase(response);
  removed.push(response);
}

void Stripe::publish_size() noexcept {
  weight_.store(small_.weight() + main_.weight(), std::memory_order_relaxed);
  size_.store(static_cast<std::uint32_t>(index_.size()), std::memory_order_relaxed);
}

void Stripe::insert(StoredResponse& response, std::uint32_t variants, Removed& removed) {
  const std::lock_guard lock(mutex_);
  const cache::CacheKey key{response.key(), response.hash_};
  StoredResponse* same = nullptr;
  StoredResponse* least_used = nullptr;
  std::uint32_t count = 1;
  for (auto* at = index_.chain(response.hash_); at != nullptr; at = ResponseIndex::next(at)) {
    if (!ResponseIndex::matches(*at, key)) continue;
    if (at->variant_key() == response.variant_key()) {
      same = at;
      continue;
    }
    ++count;
    // Differences, not values: the count of uses wraps.
    if (least_used == nullptr || use_count_ - at->last_use_ > use_count_ - least_used->last_use_) {
      least_used = at;
    }
  }
  Queue where = Queue::Small;
  std::uint8_t uses = 0;
  if (same != nullptr) {
    where = same->queue_;
    uses = same->uses_;
    response.requests_ = static_cast<std::uint16_t>(same->requests());
    unlink(*same, removed);
  } else if (index_.take_evicted(response.hash_)) {
    where = Queue::Main;
  }
  if (count > variants && least_used != nullptr) {
    unlink(*least_used, removed);
    ++variants_dropped_;
  }
  link(response, where, uses);
  ++stored_;
  publish_size();
}

bool Stripe::replace(const StoredResponse& old_response, StoredResponse& fresh, Removed& removed) {
  const std::lock_guard lock(mutex_);
  if (old_response.queue_ == Queue::None) return false;
  auto& old = const_cast<StoredResponse&>(old_response);
  queue(old.queue_).replace(old, fresh);
  const std::uint8_t uses = old.uses_;
  fresh.requests_ = static_cast<std::uint16_t>(old.requests());
  unlink(old, removed);
  link(fresh, fresh.queue_, uses);
  publish_size();
  return true;
}

void Stripe::erase_key(const cache::CacheKey& key, Removed& removed) {
  const std::lock_guard lock(mutex_);
  for (auto* at = index_.chain(static_cast<std::uint32_t>(key.hash)); at != nullptr;) {
    StoredResponse* response = at;
    at = ResponseIndex::next(at);
    if (ResponseIndex::matches(*response, key)) unlink(*response, removed);
  }
  publish_size();
}

bool Stripe::erase(const StoredResponse& response, Removed& removed) {
  const std::lock_guard lock(mutex_);
  if (response.queue_ == Queue::None) return false;
  unlink(const_cast<StoredResponse&>(response), removed);
  publish_size();
  return true;
}

void Stripe::erase_all(Removed& removed) {
  const std::lock_guard lock(mutex_);
  while (StoredResponse* oldest = small_.oldest())
    unlink(*oldest, removed);
  while (StoredResponse* oldest = main_.oldest())
    unlink(*oldest, removed);
  publish_size();
}

bool Stripe::walk(std::uint32_t& at, std::size_t wanted, std::vector<ResponsePtr>& out) const {
  const std::lock_guard lock(mutex_);
  const std::uint32_t until = std::min(index_.buckets(), at + kBucketsPerCall);
  const std::size_t enough = out.size() + wanted;
  for (; at < until && out.size() < enough; ++at) {
    for (auto* response = index_.chain_at(at); response != nullptr;
         response = ResponseIndex::next(response)) {
      out.emplace_back(response);
    }
  }
  return at < index_.buckets();
}

void Stripe::evict(std::uint64_t wanted, Removed& removed) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t count_before = removed.count();
  const std::uint64_t weight_before = removed.weight();
  for (std::uint32_t i = 0; i < kVictimsPerCall && removed.weight() - weight_before < wanted; ++i) {
    StoredResponse* victim = choose_victim();
    if (victim == nullptr) break;
    // Only what fell out of `small` unused is worth remembering.
    if (victim->queue_ == Queue::Small) index_.remember_evicted(victim->hash_);
    unlink(*victim, removed);
  }
  evicted_responses_ += removed.count() - count_before;
  evicted_bytes_ += removed.weight() - weight_before;
  publish_size();
}

// When the queues' order yields nobody soon enough, the least used one that was passed.
StoredResponse* Stripe::choose_victim() {
  StoredResponse* victim = nullptr;
  StoredResponse* second_choice = nullptr;
  for (std::uint32_t scanned = 0; scanned < kScanPerVictim; ++scanned) {
    if (!step(victim, second_choice)) return nullptr;
    if (victim != nullptr) return victim;
  }
  return second_choice;
}

// Looks at one response at a queue's end: a victim, or moves on. False when the stripe is empty.
bool Stripe::step(StoredResponse*& victim, StoredResponse*& second_choice) {
  const std::uint64_t total = small_.weight() + main_.weight();
  const bool small_is_over = small_.weight() * kSmallShare > total || main_.oldest() == nullptr;
  FifoQueue& from = small_is_over && small_.oldest() != nullptr ? small_ : main_;
  StoredResponse* oldest = from.oldest();
  if (oldest == nullptr) return false;
  // Under the lock nobody can gain a reference to a response that only the index refers to.
  const bool being_read = oldest->refs_.load(std::memory_order_acquire) > 1;
  const std::uint8_t uses_to_stay = &from == &small_ ? 2 : 1;
  if (!being_read && oldest->uses_ < uses_to_stay) {
    victim = oldest;
    return true;
  }
  if (!being_read && (second_choice == nullptr || oldest->uses_ < second_choice->uses_)) {
    second_choice = oldest;
  }
  if (&from == &small_) {
    oldest->uses_ = 0;
  } else if (!being_read) {
    --oldest->uses_;
  }
  from.erase(*oldest);
  main_.push(*oldest);
  return true;
}

void Stripe::add_to(StoreStats& stats) const {
  const std::lock_guard lock(mutex_);
  stats.responses += index_.size();
  stats.evicted_responses += evicted_responses_;
  stats.evicted_bytes += evicted_bytes_;
  stats.variants_dropped += variants_dropped_;
  stats.stored += stored_;
}

}  // namespace brink::edge::store
