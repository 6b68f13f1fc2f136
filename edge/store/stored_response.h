#pragma once
// One stored response: metadata, key, serialised head, and a reference to its body. Immutable once
// visible.
//
// Life: a Writer creates it (filling) → commit() makes it visible in the store → evicted, purged or
// replaced: it leaves the index → the last reader lets go: memory is credited to the budget. A
// freshened response (304) is a new StoredResponse that shares the old one's body.
//
// Layout: one slot {fields, key, variant key, head}. A body in one piece hangs on it directly; only
// a body in several pieces, or one that is shared with a freshened response, has a control block of
// its own (stored_body.h).

#include <atomic>
#include <bit>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "edge/cache/key.h"
#include "edge/cache/stored_meta.h"
#include "edge/store/response_memory.h"
#include "edge/store/tag_index.h"

namespace brink::edge::store {

class SharedBody;
struct BodyChunk;

// Safe to read from any thread; reference counted, readers outlive eviction.
class StoredResponse {
 public:
  std::string_view key() const noexcept;
  // Empty without Vary.
  std::string_view variant_key() const noexcept;
  // cache::build_stored_head()'s block.
  std::string_view head() const noexcept;
  const cache::StoredMeta& meta() const noexcept { return meta_; }
  // The position of the purge log that its content is known to reflect. Rises when somebody has
  // found that no purge up to a later one touches it.
  std::uint64_t as_of() const noexcept { return as_of_.load(std::memory_order_relaxed); }
  void raise_as_of(std::uint64_t sequence) const noexcept;
  TagHashes tags() const noexcept;
  // How often it, and what it has replaced, has been looked up: at most kRequestsMost.
  std::uint32_t requests() const noexcept { return requests_.load(std::memory_order_relaxed); }
  static constexpr std::uint16_t kRequestsMost = UINT16_MAX;
  // The body's length once it is complete. REQUIRES: committed (or the fill has completed).
  std::uint64_t body_length() const noexcept {
    return body_length_.load(std::memory_order_relaxed);
  }
  // True once the body is complete and kept; false while it fills, and for one that only passed
  // through.
  bool has_body() const noexcept { return body_.load(std::memory_order_acquire) != 0; }
  // The whole body when it is kept in one piece (empty view: zero length); nothing otherwise: use a
  // BodyReader. Valid as long as the response is held.
  std::optional<std::string_view> contiguous_body() const noexcept;
  // Views of the body's bytes from `begin` to `end` in order, as many as fit into `out` and
  // `max_bytes`; returns how many. Valid as long as the response is held. REQUIRES: has_body(),
  // begin <= end <= body_length().
  std::size_t body_views(std::uint64_t begin, std::uint64_t end, std::span<std::string_view> out,
                         std::size_t max_bytes) const noexcept;

  // --- for stores ---
  struct Parts {
    cache::CacheKey key;
    std::string_view variant_key;
    std::string_view head;
    cache::StoredMeta meta;
    std::uint32_t stripe = 0;
    std::uint64_t as_of = 0;
    std::span<const Tag> tags = {};
  };
  // Within what one response can hold (the bits of its lengths, below).
  static bool fits(const Parts& parts) noexcept;
  static std::size_t size_of(const Parts& parts) noexcept;
  // Into memory for size_of(parts), which is given back with the last reference. REQUIRES:
  // fits(parts).
  static boost::intrusive_ptr<StoredResponse> create(const Parts& parts, ResponseMemory::Slot slot);
  // Gives it its body, once, before it becomes visible. Takes over `data` (from ::operator new,
  // null when `length` is 0) and its charge. REQUIRES: allocation_bytes(length) is charged for it.
  void adopt_body(char* data, std::uint64_t length) noexcept;
  void adopt_body(SharedBody* body, std::uint64_t length) noexcept;  // takes over one reference
  // The body passed through and was not kept: only its length is known.
  void set_passed_length(std::uint64_t length) noexcept {
    body_length_.store(length, std::memory_order_relaxed);
  }
  // What sharing this body costs beyond what is charged already; 0 when it is shared or empty.
  std::uint64_t sharing_cost() const noexcept;
  // Makes `fresh` share this one's body. REQUIRES: has_body(); `charged` bytes are charged, of
  // which those that turn out to be unnecessary (somebody else shared it meanwhile) are credited.
  void share_body_with(StoredResponse& fresh, std::uint64_t charged) const;
  static constexpr std::uint32_t kStripesMax = 1U << 11U;
  static constexpr std::size_t kTagsMax = UINT16_MAX;
  std::uint32_t stripe() const noexcept { return stripe_; }
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

  StoredResponse(const Parts& parts, ResponseSlab* slab) noexcept;
  ~StoredResponse() = default;
  static constexpr std::size_t text_offset() noexcept;
  static std::size_t size_with(std::size_t texts, std::size_t tags) noexcept;
  std::size_t texts() const noexcept {
    return std::size_t{key_length_} + variant_length_ + head_length_;
  }
  const char* text() const noexcept;
  std::size_t own_size() const noexcept;
  void destroy() noexcept;

  // Lengths and stripe share a word: no response is stored whose texts are longer.
  static constexpr unsigned kTextBits = 18;
  static constexpr unsigned kVariantBits = 16;
  static constexpr unsigned kStripeBits = std::bit_width(kStripesMax - 1);

  mutable std::atomic<std::uint32_t> refs_{0};
  // The low half of the key's hash: place in the index, fingerprint in the ghost.
  std::uint32_t hash_;
  const std::uint64_t key_length_ : kTextBits;
  const std::uint64_t head_length_ : kTextBits;
  const std::uint64_t variant_length_ : kVariantBits;
  const std::uint64_t stripe_ : kStripeBits;
  const std::uint64_t has_tags_ : 1;  // behind the texts: their number in two bytes, the hashes
  mutable std::atomic<std::uint64_t> as_of_;
  cache::StoredMeta meta_;
  // 0: none. Lowest bit clear: the body's bytes, owned alone. Lowest bit set: a SharedBody.
  mutable std::atomic<std::uintptr_t> body_{0};
  std::atomic<std::uint64_t> body_length_{0};
  ResponseSlab* const slab_;  // where it lives
  // From here on guarded by the stripe's mutex.
  StoredResponse* chain_ = nullptr;  // same bucket, most recently stored first
  StoredResponse* newer_ = nullptr;  // same eviction queue
  StoredResponse* older_ = nullptr;
  std::uint32_t last_use_ = 0;
  std::atomic<std::uint16_t> requests_{0};  // saturating; written under the mutex, read without
  std::uint8_t uses_ = 0;                   // for eviction, saturating
  Queue queue_ = Queue::None;               // last: the texts begin right behind it
};

constexpr std::size_t StoredResponse::text_offset() noexcept {
  return offsetof(StoredResponse, queue_) + sizeof(Queue);
}
inline const char* StoredResponse::text() const noexcept {
  return reinterpret_cast<const char*>(this) + text_offset();
}
inline std::string_view StoredResponse::key() const noexcept {
  return {text(), key_length_};
}
inline std::string_view StoredResponse::variant_key() const noexcept {
  return {text() + key_length_, variant_length_};
}
inline std::string_view StoredResponse::head() const noexcept {
  return {text() + key_length_ + variant_length_, head_length_};
}

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
