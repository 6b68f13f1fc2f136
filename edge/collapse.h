#pragma once
// Collapsed requests (RFC 9111 §4): one fetch for any number of concurrent misses on a key, across shards.
//
// Life of an entry: join() elects the first to ask as leader → the leader looks into the store once more and starts the fetch →
// the others follow it: they wait for its head, then read its fill → remove() when the fetch has ended, failed or turned
// out uncacheable; whoever joins later elects anew.
// A leader that goes away before its fetch has begun abandons it: its followers elect another.
//
// Lock: one mutex per stripe, held for a hash lookup; never while a fetch's own mutex is held.

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "edge/cache/key.h"

namespace brink::edge {

class Fetch;

// Shared by all shards of a node.
class CollapseTable {
 public:
  struct Joined {
    std::shared_ptr<Fetch> fetch;
    bool leader = false;
  };
  // The fetch under way for this key, or `make()`'s, put in its place (then `leader`). `make` is called under the
  // stripe's lock: it only allocates.
  Joined join(std::string_view key, std::uint64_t hash, const std::function<std::shared_ptr<Fetch>()>& make);
  // Puts `fetch` there, unless another is under way for this key.
  bool put(std::string_view key, std::uint64_t hash, const std::shared_ptr<Fetch>& fetch);
  bool has(const cache::CacheKey& key);
  // Takes exactly this fetch out, if it is still there.
  void remove(std::string_view key, std::uint64_t hash, const Fetch* fetch);
  std::size_t size() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  struct alignas(64) Stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::string, std::shared_ptr<Fetch>, Hash, std::equal_to<>> fetches;
  };
  Stripe& stripe(std::uint64_t hash) { return stripes_[hash % stripes_.size()]; }

  std::array<Stripe, 64> stripes_;
};

}  // namespace brink::edge
