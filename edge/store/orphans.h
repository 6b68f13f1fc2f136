#pragma once
// Slices whose map has left the store (edge/cache/slices.h): nothing can find them any more. They
// are dropped in the background, a bounded number at a time.
//
// Threads: all functions from any. Bounded: when maps leave faster than sweeps drop their slices,
// the oldest are forgotten, and their slices are evicted like anything that nobody asks for. The
// memory of the maps is charged as long as they are here.

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "edge/store/stripe.h"

namespace brink::edge::store {

class Orphans {
 public:
  struct Orphan {
    ResponsePtr map;
    std::uint64_t next = 0;  // its slices below this one have been dropped
  };

  // The slice maps among what has left.
  void note(const Removed& removed);
  std::optional<Orphan> take();
  void put_back(Orphan orphan);

 private:
  static constexpr std::size_t kMaxOrphans = 1024;
  std::mutex mutex_;
  std::deque<Orphan> orphans_;
};

}  // namespace brink::edge::store
