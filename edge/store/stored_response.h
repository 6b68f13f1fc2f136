#pragma once
// One stored response: metadata, key, serialised head, and a reference to its body. Immutable once visible.
//
// Life: a Writer creates it (filling) → commit() makes it visible in the store → evicted, purged or replaced: it leaves
// the index → the last reader lets go: memory is credited to the budget. A freshened response (304) is a new
// StoredResponse that shares the old one's body.

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <string_view>

#include "edge/cache/stored_meta.h"

namespace brink::edge::store {

class StoredBody;  // stored_body.h

// Safe to read from any thread; reference counted, readers outlive eviction.
class StoredResponse {
 public:
  std::string_view key() const noexcept;
  std::string_view variant_key() const noexcept;  // empty without Vary
  std::string_view head() const noexcept;         // cache::build_stored_head()'s block
  const cache::StoredMeta& meta() const noexcept;
  // The body's length once it is complete. REQUIRES: committed (or the fill has completed).
  std::uint64_t body_length() const noexcept;
};

void intrusive_ptr_add_ref(const StoredResponse*) noexcept;
void intrusive_ptr_release(const StoredResponse*) noexcept;
using ResponsePtr = boost::intrusive_ptr<const StoredResponse>;

}  // namespace brink::edge::store
