#pragma once
// The positions of the purge log that fetches under way hold on to: what a fetch brings reflects
// the log as it was when the fetch began, so the purges since then must not be forgotten before it
// has ended (purge/marks.h).
//
// Any thread; one mutex, held for a step in a small map, never on a hit.

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace brink::edge {

class PurgePins {
 public:
  class Pin {
   public:
    Pin(PurgePins& pins, std::uint64_t as_of) : pins_(pins), as_of_(as_of) {
      const std::lock_guard lock(pins_.mutex_);
      ++pins_.held_[as_of_];
    }
    ~Pin() {
      const std::lock_guard lock(pins_.mutex_);
      const auto it = pins_.held_.find(as_of_);
      if (--it->second == 0) pins_.held_.erase(it);
    }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

   private:
    PurgePins& pins_;
    const std::uint64_t as_of_;
  };

  // UINT64_MAX without any.
  std::uint64_t oldest() const {
    const std::lock_guard lock(mutex_);
    return held_.empty() ? UINT64_MAX : held_.begin()->first;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::uint32_t> held_;  // bounded by the fetches under way
};

}  // namespace brink::edge
