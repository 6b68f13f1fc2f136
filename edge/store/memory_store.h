#pragma once
// The memory store: stripes, the budget they share, and how room is made. Internal: callers use
// make_memory_store().
//
// Room: of the ceiling, one 32nd is kept free of stored responses, so that bodies which only pass
// through (and the index) find memory when everything stored is being read. Everything is charged
// before it is allocated (size_class.h). Writers must be gone before the store; responses and
// readers may outlive it.

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "edge/store/memory_writer.h"
#include "edge/store/orphans.h"
#include "edge/store/store.h"
#include "edge/store/stripe.h"

namespace brink::edge::store {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const MemoryStoreOptions& options);
  ~MemoryStore() override;

  ResponsePtr lookup(const cache::CacheKey& key, const Selector& selector) override;
  ResponsePtr peek(const cache::CacheKey& key) override;
  Result<std::unique_ptr<Writer>> begin(const NewResponse& response) override;
  ResponsePtr freshen(const ResponsePtr& old_response, std::string_view head,
                      const cache::StoredMeta& meta, std::uint64_t as_of,
                      std::optional<std::span<const Tag>> tags) override;
  std::size_t invalidate(const cache::CacheKey& key) override;
  bool drop(const ResponsePtr& response) override;
  void set_limits(std::uint64_t ceiling_bytes, std::uint64_t max_response_bytes) override;
  std::size_t sweep(Ticks now, Millis patience) override;
  StoreStats stats() const override;
  bool walk(WalkPosition& at, std::size_t wanted, std::vector<ResponsePtr>& out) override;
  TagIndex::Totals tag_totals(std::uint64_t hash) const override {
    return memory_->tags().totals(hash);
  }
  bool tag_text(std::uint64_t hash, std::string& out, bool& is_group) const override {
    return memory_->tags().text(hash, out, is_group);
  }

  // --- for its writers ---
  enum class For : std::uint8_t { Storing, Passing };  // Passing may use the reserve
  // Charges `bytes`, evicting as needed, first from stripe `home`. False when what could be evicted
  // does not suffice.
  bool make_room(std::uint64_t bytes, For purpose, std::uint32_t home);
  void insert(StoredResponse& response);
  std::uint64_t max_response_bytes() const {
    return max_response_bytes_.load(std::memory_order_relaxed);
  }
  MemoryBudget* budget() const { return budget_; }
  void enter_window(MemoryWriter& writer, bool overflowed);
  void leave_window(MemoryWriter& writer);

 private:
  std::uint32_t stripe_of(const cache::CacheKey& key) const noexcept;
  std::uint64_t reserve_bytes() const noexcept;
  void drop_orphans();
  std::size_t evict_from(std::uint32_t stripe, std::uint64_t bytes);
  // A slot for the response, with `extra` bytes charged beside it; memory null when there is no
  // room.
  ResponseMemory::Slot take_slot(const StoredResponse::Parts& parts, std::uint64_t extra,
                                 For purpose);
  // Makes the response in its slot, its tags in the index. REQUIRES: their cost_max() charged.
  boost::intrusive_ptr<StoredResponse> create(const StoredResponse::Parts& parts,
                                              ResponseMemory::Slot slot);
  void leave(const Removed& removed);

  const std::uint32_t variants_per_key_;
  const std::uint32_t window_bytes_;
  std::atomic<std::uint64_t> max_response_bytes_;
  std::uint32_t stripe_bits_ = 0;
  std::uint64_t base_bytes_ = 0;  // charged for the store itself
  MemoryBudget* budget_;
  ResponseMemory* memory_;
  std::vector<std::unique_ptr<Stripe>> stripes_;
  std::atomic<std::uint32_t> cursor_{0};  // which foreign stripe gives way next
  std::atomic<std::uint64_t> fills_overflowed_{0};
  Orphans orphans_;
  std::mutex windows_mutex_;            // guards windows_
  std::vector<MemoryWriter*> windows_;  // bounded by the fetches in flight
};

}  // namespace brink::edge::store
