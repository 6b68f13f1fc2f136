#pragma once
// The store port: stored responses as bytes and metadata, no HTTP policy. The memory store
// implements it; the disk store will. Every implementation passes tests/store/conformance.
//
// Striped by key hash; a stripe's mutex guards its index and queues, is held for microseconds,
// never around I/O, body allocation or a caller's suspension. A hit leaves with a reference to
// immutable bytes.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/error.h"
#include "config/runtime/metrics.h"
#include "edge/cache/key.h"
#include "edge/cache/reason.h"
#include "edge/cache/stored_meta.h"
#include "edge/store/fill.h"
#include "edge/store/stored_response.h"

namespace brink::edge::store {

// Chooses among the variants of a key; called under the stripe's lock: pure, short, no allocation
// after warm-up.
class Selector {
 public:
  virtual ~Selector() = default;
  // 0 = does not fit; the highest score wins, the most recently stored among equals.
  virtual std::int64_t score(const StoredResponse& candidate) const noexcept = 0;
};

struct NewResponse {
  cache::CacheKey key;
  std::string_view variant_key;
  std::string_view head;
  cache::StoredMeta meta;
  std::optional<std::uint64_t> announced_length = {};  // Content-Length, when there was one
  std::uint64_t as_of = 0;          // position of the purge log, before upstream was asked
  std::span<const Tag> tags = {};   // at most StoredResponse::kTagsMax, each once
  // False: only passing through; starts in Window mode, commit() makes nothing visible.
  bool store = false;
};

// The writing end of one new response. Owned by the fetch, used on its shard only.
// Destroying it without commit() is abort(): readers see Cut.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual const ResponsePtr& response() const = 0;        // head and meta, readable at once
  virtual const std::shared_ptr<Fill>& fill() const = 0;  // for readers to join
  // Full: taken as well, but pause upstream until woken.
  enum class Append : std::uint8_t { Taken, Full };
  virtual Append append(std::string_view bytes) = 0;
  // `waker` is woken when a full window has room again. Null detaches.
  virtual void set_waker(Waker* waker) = 0;
  // The body is complete: readers reach End; if still Storing, the response becomes visible
  // (replacing a stored one of the same key and variant key). Returns whether it is stored now; if
  // not, not_stored_reason() says why. A body that is not as long as announced is not stored, and
  // readers see Cut with ResponseIncomplete.
  virtual bool commit() = 0;
  virtual void abort(Error error) = 0;
  virtual bool storing() const = 0;  // false: turned into Window, or never was to be stored
  // Readers were cut because not even a window finds memory any more: stop the fetch; what is
  // appended is dropped.
  virtual bool failed() const = 0;
  // How many readers still want bytes. A window without any may as well be given up.
  virtual std::size_t readers() const = 0;
  // TooLarge, StoreFull, Incomplete; None when it never was to be stored or is still being stored;
  // Stored after commit().
  virtual cache::Reason not_stored_reason() const = 0;
};

struct StoreStats {
  std::uint64_t responses = 0, bytes_used = 0, bytes_ceiling = 0;
  std::uint64_t evicted_responses = 0, evicted_bytes = 0, variants_dropped = 0,
                fills_overflowed = 0, stored = 0;
};

// Where a walk over everything stored has come to.
struct WalkPosition {
  std::uint32_t stripe = 0;
  std::uint32_t bucket = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  // The best variant, or null. Counts as a use for eviction.
  virtual ResponsePtr lookup(const cache::CacheKey& key, const Selector& selector) = 0;
  // Any variant of the key (the most recent), without counting as a use: for its Vary and its
  // validators.
  virtual ResponsePtr peek(const cache::CacheKey& key) = 0;
  // Begins a new response. Fails (StoreFull) only when not even its head fits after eviction;
  // TooLarge for texts that no limit of ours lets through (key or head of 256 KiB, variant key of
  // 64 KiB). Writers must be gone before the store; responses and readers may outlive it.
  virtual Result<std::unique_ptr<Writer>> begin(const NewResponse& response) = 0;
  // Replaces `old` by a response with another head and meta and the same body (304 freshening; no
  // body is copied). If `old` is no longer stored, the result is not stored either but can be
  // served. Null when there is no room.
  // `tags`: empty = the old ones.
  virtual ResponsePtr freshen(const ResponsePtr& old, std::string_view head,
                              const cache::StoredMeta& meta, std::uint64_t as_of = 0,
                              std::optional<std::span<const Tag>> tags = std::nullopt) = 0;
  // Drops all variants of a key (invalidate, RFC 9111 §4.4). Returns how many.
  virtual std::size_t invalidate(const cache::CacheKey& key) = 0;
  // Drops exactly this response if it is still stored.
  virtual bool drop(const ResponsePtr& response) = 0;
  virtual void set_limits(std::uint64_t ceiling_bytes, std::uint64_t max_response_bytes) = 0;
  // Housekeeping, called a few times a second: cuts readers that held up others in a window for
  // longer than `patience`; drops slices whose map has gone.
  // Returns how many readers were cut.
  virtual std::size_t sweep(Ticks now, Millis patience) = 0;
  virtual StoreStats stats() const = 0;
  // Appends about `wanted` of what is stored to `out`, from `at` on, and moves `at`. False at the
  // end. What is stored all along is met at least once, what comes or goes meanwhile perhaps.
  virtual bool walk(WalkPosition& at, std::size_t wanted, std::vector<ResponsePtr>& out) = 0;
  virtual TagIndex::Totals tag_totals(std::uint64_t hash) const = 0;
  // As TagIndex::text().
  virtual bool tag_text(std::uint64_t hash, std::string& out, bool& is_group) const = 0;
};

struct MemoryStoreOptions {
  std::uint64_t ceiling_bytes = 256ULL << 20U;
  std::uint64_t max_response_bytes = 64ULL << 20U;
  std::uint32_t variants_per_key = 64;
  std::uint32_t window_bytes = 256 * 1024;
  std::uint32_t stripes = 64;  // power of two; a store with less than 64 KiB for each has fewer
  // Tests: true = this charge finds no room.
  std::function<bool(std::uint64_t bytes)> refuse_charge = {};
};

// S3-FIFO (Yang et al., SOSP 2023): small, main and ghost queues per stripe; a hit touches only a
// counter.
std::unique_ptr<Store> make_memory_store(const MemoryStoreOptions& options);

}  // namespace brink::edge::store
