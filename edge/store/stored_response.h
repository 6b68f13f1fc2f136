#pragma once
// One stored response: metadata, key, serialised head, and a reference to its body. Immutable once visible.
//
// Life: a Writer creates it (filling) → commit() makes it visible in the store → evicted, purged or replaced: it leaves
// the index → the last reader lets go: memory is credited to the budget. A freshened response (304) is a new
// StoredResponse that shares the old one's body.
//
// Layout: one allocation {fields, key, variant key, head}. A body in one piece hangs on it directly; only a body in
// several pieces, or one that is shared with a freshened response, has a control block of its own (stored_body.h).

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "edge/cache/key.h"
#include "edge/cache/stored_meta.h"
#include "edge/store/memory_budget.h"

namespace brink::edge::store {

class SharedBody;
struct BodyChunk;

// Safe to read from any thread; reference counted, readers outlive eviction.
class StoredResponse {
 public:
  std::string_view key() const noexcept { return {text(), key_length_}; }
  // Empty without Vary.
  std::string_view variant_key() const noexcept { return {text() + key_length_, variant_length_}; }
  // cache::build_stored_head()'s block.
  std::string_view head() const noexcept {
    return {text() + key_length_ + variant_length_, head_length_};
  }
  const cache::StoredMeta& meta() const noexcept { return meta_; }
  // The body's length once it is complete. REQUIRES: committed (or the fill has completed).
  std::uint64_t body_length() const noexcept { return body_length_.load(std::memory_order_relaxed); }
  // True once the body is complete and kept; false while it fills, and for one that only passed through.
  bool has_body() const noexcept { return body_.load(std::memory_order_acquire) != 0; }
  // The whole body when it is kept in one piece (empty view: zero length); nothing otherwise: use a BodyReader.
  // Valid as long as the response is held.
  std::optional<std::string_view> contiguous_body() const noexcept;
  // Views of the body's bytes from `begin` to `end` in order, as many as fit into `out` and `max_bytes`; returns how many.
  // Valid as long as the response is held. REQUIRES: has_body(), begin <= end <= body_length().
  std::size_t body_views(std::uint64_t begin, std::uint64_t end, std::span<std::string_view> out,
                         std::size_t max_bytes) const noexcept;

  // --- for stores ---
  struct Parts {
    cache::CacheKey key;
    std::string_view variant_key;
    std::string_view head;
    cache::StoredMeta meta;
    std::uint16_t stripe = 0;
  };
  static std::uint64_t footprint(const Parts& parts) noexcept;
  // REQUIRES: footprint(parts) is charged to `budget`; it is credited with the last reference.
  static boost::intrusive_ptr<StoredResponse> create(const Parts& parts, MemoryBudget* budget);
  // Gives it its body, once, before it becomes visible. Takes over `data` (from ::operator new, null when `length` is 0)
  // and its charge. REQUIRES: allocation_bytes(length) is charged for it.
  void adopt_body(char* data, std::uint64_t length) noexcept;
  void adopt_body(SharedBody* body, std::uint64_t length) noexcept;  // takes over one reference
  // The body passed through and was not kept: only its length is known.
  void set_passed_length(std::uint64_t length) noexcept { body_length_.store(length, std::memory_order_relaxed); }
  // What sharing this body costs beyond what is charged already; 0 when it is shared or empty.
  std::uint64_t sharing_cost() const noexcept;
  // Makes `fresh` share this one's body. REQUIRES: has_body(); `charged` bytes are charged, of which those that turn out
  // to be unnecessary (somebody else shared it meanwhile) are credited.
  void share_body_with(StoredResponse& fresh, std::uint64_t charged) const;
  std::uint16_t stripe() const noexcept { return stripe_; }
  std::uint32_t hash() const noexcept { return hash_; }
  // What counts in the eviction queues: the response's own bytes and its body's.
  std::uint64_t weight() const noexcept;

 private:
  friend class Stripe;
  friend class ResponseIndex;
  friend class FifoQueue;
  friend class Removed;
  friend void intrusive_ptr_add_ref(const StoredResponse*) noexcept;
  friend void intrusive_ptr_release(const StoredResponse*) noexcept;
  enum class Queue : std::uint8_t { None, Small, Main };

  StoredResponse(const Parts& parts, MemoryBudget* budget) noexcept;
  ~StoredResponse() = default;
  const char* text() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  std::uint64_t own_bytes() const noexcept;
  void destroy() noexcept;

  mutable std::atomic<std::uint32_t> refs_{0};
  std::uint32_t hash_;  // the low half of the key's hash: place in the index, fingerprint in the ghost
  std::uint32_t key_length_;
  std::uint32_t variant_length_;
  std::uint32_t head_length_;
  std::uint32_t last_use_ = 0;  // from here on, this and the links below: guarded by the stripe's mutex
  cache::StoredMeta meta_;
  // 0: none. Lowest bit clear: the body's bytes, owned alone. Lowest bit set: a SharedBody.
  mutable std::atomic<std::uintptr_t> body_{0};
  std::atomic<std::uint64_t> body_length_{0};
  MemoryBudget* budget_;
  StoredResponse* chain_ = nullptr;  // same bucket, most recently stored first
  StoredResponse* newer_ = nullptr;  // same eviction queue
  StoredResponse* older_ = nullptr;
  std::uint8_t uses_ = 0;  // saturating
  Queue queue_ = Queue::None;
  const std::uint16_t stripe_;  // from its creation on, not guarded
};

inline void intrusive_ptr_add_ref(const StoredResponse* response) noexcept {
  response->refs_.fetch_add(1, std::memory_order_relaxed);
}
inline void intrusive_ptr_release(const StoredResponse* response) noexcept {
  if (response->refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    const_cast<StoredResponse*>(response)->destroy();
  }
}
using ResponsePtr = boost::intrusive_ptr<const StoredResponse>;

}  // namespace brink::edge::store
