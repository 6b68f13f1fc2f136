#include "edge/store/memory_store.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "edge/store/size_class.h"
#include "edge/store/slice_maps.h"

namespace brink::edge::store {
namespace {

constexpr std::uint64_t kReserveShare = 32;
constexpr std::uint64_t kBytesPerStripe = 64 * 1024;  // a smaller store has fewer stripes
constexpr std::uint64_t kSlicesPerSweep = 4096;
constexpr std::uint32_t kScanPerRound = 512;  // stripe.cc
constexpr std::uint64_t kSmallStore =
    32ULL << 20U;  // below, part-filled slabs would be a share worth having

constexpr Error kStoreFull{ErrorCode::StoreFull, Side::Store, Retry::Safe, "cache.memory"};
constexpr Error kTooLong{ErrorCode::TooLarge, Side::Store, Retry::Never,
                         "key, variant key or head too long"};

std::uint32_t stripe_bits(const MemoryStoreOptions& options) {
  const std::uint64_t useful = std::max<std::uint64_t>(1, options.ceiling_bytes / kBytesPerStripe);
  const std::uint64_t wanted =
      std::clamp<std::uint32_t>(options.stripes, 1, StoredResponse::kStripesMax);
  return static_cast<std::uint32_t>(std::bit_width(std::bit_floor(std::min(wanted, useful))) - 1);
}

}  // namespace

MemoryStore::MemoryStore(const MemoryStoreOptions& options)
    : variants_per_key_(std::max<std::uint32_t>(1, options.variants_per_key)),
      window_bytes_(std::max<std::uint32_t>(1, options.window_bytes)),
      max_response_bytes_(options.max_response_bytes),
      stripe_bits_(stripe_bits(options)) {
  const std::uint32_t count = 1U << stripe_bits_;
  base_bytes_ = allocation_bytes(sizeof(MemoryStore)) + allocation_bytes(sizeof(MemoryBudget)) +
                count * allocation_bytes(sizeof(Stripe)) + allocation_bytes(count * sizeof(void*));
  const std::uint64_t index_bytes = count * ResponseIndex::initial_bytes();
  const std::uint64_t charged = base_bytes_ + index_bytes + ResponseMemory::footprint();
  budget_ = MemoryBudget::create(options.ceiling_bytes, charged, options.refuse_charge);
  memory_ = ResponseMemory::create(budget_, options.ceiling_bytes >= kSmallStore);
  stripes_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i)
    stripes_.push_back(std::make_unique<Stripe>(*budget_));
}

MemoryStore::~MemoryStore() {
  CHECK(windows_.empty());
  stripes_.clear();
  memory_->close();
  budget_->credit(base_bytes_);
}

std::uint32_t MemoryStore::stripe_of(const cache::CacheKey& key) const noexcept {
  return stripe_bits_ == 0 ? 0 : static_cast<std::uint32_t>(key.hash >> (64U - stripe_bits_));
}

std::uint64_t MemoryStore::reserve_bytes() const noexcept {
  return budget_->ceiling() / kReserveShare;
}

ResponsePtr MemoryStore::lookup(const cache::CacheKey& key, const Selector& selector) {
  return stripes_[stripe_of(key)]->lookup(key, selector);
}

ResponsePtr MemoryStore::peek(const cache::CacheKey& key) {
  return stripes_[stripe_of(key)]->peek(key);
}

Result<std::unique_ptr<Writer>> MemoryStore::begin(const NewResponse& response) {
  const std::uint32_t home = stripe_of(response.key);
  StoredResponse::Parts parts{response.key, response.variant_key, response.head,
                              response.meta, home, response.as_of, response.tags};
  if (!StoredResponse::fits(parts)) return kTooLong;
  bool store = response.store;
  cache::Reason reason = cache::Reason::None;
  if (store && response.announced_length.value_or(0) > max_response_bytes()) {
    reason = cache::Reason::TooLarge;
    store = false;
  }
  ResponseMemory::Slot slot;
  if (store) {
    const std::uint64_t extra = MemoryWriter::footprint() + TagIndex::cost_max(parts.tags);
    slot = take_slot(parts, extra, For::Storing);
    store = slot.memory != nullptr;
    if (!store) reason = cache::Reason::StoreFull;
  }
  if (!store) {
    parts.tags = {};  // nobody will look it up
    slot = take_slot(parts, MemoryWriter::footprint(), For::Passing);
  }
  if (slot.memory == nullptr) return kStoreFull;
  auto kept = create(parts, slot);
  const Fill::Shape shape{response.announced_length, window_bytes_, store};
  auto fill = std::make_shared<Fill>(budget_, kept, shape, MemoryWriter::footprint());
  auto writer = std::make_unique<MemoryWriter>(*this, std::move(kept), std::move(fill), reason);
  if (!store) enter_window(*writer, reason != cache::Reason::None);
  return std::unique_ptr<Writer>(std::move(writer));
}

ResponsePtr MemoryStore::freshen(const ResponsePtr& old_response, std::string_view head,
                                 const cache::StoredMeta& meta, std::uint64_t as_of,
                                 std::optional<std::span<const Tag>> tags) {
  if (!old_response->has_body()) return nullptr;
  std::vector<Tag> kept;
  if (!tags) {
    const TagHashes hashes = old_response->tags();
    for (std::size_t i = 0; i < hashes.size(); ++i) kept.push_back({.hash = hashes[i], .text = {}});
  }
  const cache::CacheKey key{old_response->key(), old_response->hash()};
  const std::uint32_t home = old_response->stripe();
  const StoredResponse::Parts parts{key, old_response->variant_key(), head, meta, home, as_of,
                                    tags.value_or(std::span<const Tag>(kept))};
  if (!StoredResponse::fits(parts)) return nullptr;
  const std::uint64_t sharing = old_response->sharing_cost();
  const ResponseMemory::Slot slot =
      take_slot(parts, sharing + TagIndex::cost_max(parts.tags), For::Storing);
  if (slot.memory == nullptr) return nullptr;
  auto fresh = create(parts, slot);
  old_response->share_body_with(*fresh, sharing);
  Removed removed;
  if (stripes_[home]->replace(*old_response, *fresh, removed))
    memory_->tags().count(fresh->tags(), 1, fresh->weight());
  leave(removed);
  return fresh;
}

boost::intrusive_ptr<StoredResponse> MemoryStore::create(const StoredResponse::Parts& parts,
                                                         ResponseMemory::Slot slot) {
  if (!parts.tags.empty()) {
    const std::uint64_t taken = memory_->tags().add(parts.tags);
    budget_->credit(TagIndex::cost_max(parts.tags) - taken);
  }
  return StoredResponse::create(parts, slot);
}

// Without a stripe's lock: what has left counts no more, and slices follow their map.
void MemoryStore::leave(const Removed& removed) {
  removed.for_each_tagged([this](const StoredResponse& response) {
    memory_->tags().count(response.tags(), -1, response.weight());
  });
  orphans_.note(removed);
}

ResponseMemory::Slot MemoryStore::take_slot(const StoredResponse::Parts& parts, std::uint64_t extra,
                                            For purpose) {
  const std::size_t size = StoredResponse::size_of(parts);
  const std::uint64_t alone = ResponseMemory::alone_bytes(size);
  ResponseMemory::Slot slot = memory_->take(size, purpose == For::Storing ? reserve_bytes() : 0);
  if (slot.memory != nullptr) {
    if (extra == 0 || make_room(extra, purpose, parts.stripe)) return slot;
    ResponseMemory::give_back(slot, size, 0);
  } else if (make_room(alone + extra, purpose, parts.stripe)) {
    return memory_->allocate_alone(size);
  }
  return {};
}

std::size_t MemoryStore::invalidate(const cache::CacheKey& key) {
  Removed removed;
  stripes_[stripe_of(key)]->erase_key(key, removed);
  leave(removed);
  return removed.count();
}

bool MemoryStore::drop(const ResponsePtr& response) {
  Removed removed;
  const bool erased = stripes_[response->stripe()]->erase(*response, removed);
  leave(removed);
  return erased;
}

void MemoryStore::insert(StoredResponse& response) {
  Removed removed;
  stripes_[response.stripe()]->insert(response, variants_per_key_, removed);
  memory_->tags().count(response.tags(), 1, response.weight());
  leave(removed);
}

void MemoryStore::set_limits(std::uint64_t ceiling_bytes, std::uint64_t max_response_bytes) {
  max_response_bytes_.store(max_response_bytes, std::memory_order_relaxed);
  budget_->set_ceiling(ceiling_bytes);
  // What is being read now is evicted later, by whoever asks for room next.
  make_room(0, For::Storing, 0);
}

std::size_t MemoryStore::evict_from(std::uint32_t stripe, std::uint64_t bytes) {
  Removed removed;
  stripes_[stripe]->evict(bytes, removed);
  leave(removed);
  return removed.count();
}

// From `home` as long as it holds its share, otherwise in turn from all. Ends when so many calls in
// a row evicted nobody that every response must have been looked at and found being read.
bool MemoryStore::make_room(std::uint64_t bytes, For purpose, std::uint32_t home) {
  const std::uint64_t keep_free = purpose == For::Storing ? reserve_bytes() : 0;
  if (budget_->try_charge(bytes, keep_free)) return true;
  if (bytes + keep_free + base_bytes_ > budget_->ceiling()) return false;
  const std::uint32_t count = 1U << stripe_bits_;
  std::uint64_t in_vain = 0;
  std::uint64_t in_vain_max = count;
  for (const auto& stripe : stripes_)
    in_vain_max += stripe->size() / kScanPerRound;
  std::uint32_t at = home;
  while (in_vain <= in_vain_max) {
    const std::uint64_t needed = budget_->used() + bytes + keep_free;
    const std::uint64_t ceiling = budget_->ceiling();
    in_vain = evict_from(at, needed > ceiling ? needed - ceiling : 1) > 0 ? 0 : in_vain + 1;
    if (budget_->try_charge(bytes, keep_free)) return true;
    const bool has_its_share = stripes_[at]->weight() >= budget_->used() / count;
    if (in_vain > 0 || !has_its_share) at = cursor_.fetch_add(1, std::memory_order_relaxed) % count;
  }
  return false;
}

void MemoryStore::enter_window(MemoryWriter& writer, bool overflowed) {
  if (overflowed) fills_overflowed_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(windows_mutex_);
  windows_.push_back(&writer);
  writer.window_place_ = windows_.size();
}

void MemoryStore::leave_window(MemoryWriter& writer) {
  const std::lock_guard lock(windows_mutex_);
  if (writer.window_place_ == 0) return;
  windows_[writer.window_place_ - 1] = windows_.back();
  windows_[writer.window_place_ - 1]->window_place_ = writer.window_place_;
  windows_.pop_back();
  writer.window_place_ = 0;
}

// Slices go with their map. A freshened map, or one stored again, has the same slices: then they
// stay.
void MemoryStore::drop_orphans() {
  std::string text;
  for (std::uint64_t left = kSlicesPerSweep; left > 0;) {
    auto orphan = orphans_.take();
    if (!orphan) return;
    const StoredResponse& map_response = *orphan->map;
    const cache::SliceMap map = slice_map_of(map_response);
    const cache::CacheKey key = cache::make_cache_key_of_text(map_response.key());
    if (lookup(key, GenerationSelector{map.generation})) continue;
    for (; orphan->next < map.count() && left > 0; --left) {
      invalidate(cache::slice_key(map_response.key(), map, orphan->next++, text));
    }
    if (orphan->next < map.count()) orphans_.put_back(std::move(*orphan));
  }
}

std::size_t MemoryStore::sweep(Ticks now, Millis patience) {
  drop_orphans();
  std::vector<std::shared_ptr<Fill>> fills;
  {
    const std::lock_guard lock(windows_mutex_);
    fills.reserve(windows_.size());
    for (const MemoryWriter* writer : windows_)
      fills.push_back(writer->fill());
  }
  std::size_t cut = 0;
  for (const std::shared_ptr<Fill>& fill : fills)
    cut += fill->sweep(now, patience);
  return cut;
}

bool MemoryStore::walk(WalkPosition& at, std::size_t wanted, std::vector<ResponsePtr>& out) {
  const std::size_t enough = out.size() + wanted;
  while (at.stripe < stripes_.size() && out.size() < enough) {
    if (!stripes_[at.stripe]->walk(at.bucket, enough - out.size(), out)) at = {at.stripe + 1, 0};
  }
  return at.stripe < stripes_.size();
}

StoreStats MemoryStore::stats() const {
  StoreStats stats;
  for (const auto& stripe : stripes_)
    stripe->add_to(stats);
  stats.bytes_used = budget_->used();
  stats.bytes_ceiling = budget_->ceiling();
  stats.fills_overflowed = fills_overflowed_.load(std::memory_order_relaxed);
  return stats;
}

std::unique_ptr<Store> make_memory_store(const MemoryStoreOptions& options) {
  return std::make_unique<MemoryStore>(options);
}

}  // namespace brink::edge::store
