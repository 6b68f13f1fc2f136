#pragma once
// How many responses each recent purge has been found to match, until somebody asks for the result.
//
// Any thread; a mutex, taken only for a response that a purge has matched. Bounded: beyond kMax the
// oldest purge's count is given up.

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "edge/store/stored_response.h"
#include "purge/target.h"

namespace brink::edge {

class PurgeCounts {
 public:
  void add(std::uint64_t sequence, const store::StoredResponse& response) {
    const std::uint64_t bytes = response.weight();
    const std::lock_guard lock(mutex_);
    Count& count = counts_[sequence];
    ++count.responses;
    count.bytes += bytes;
    if (counts_.size() > kMax) counts_.erase(counts_.begin());
  }
  // What was counted for `sequence`, and forgets it.
  purge::Matched take(std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    const auto it = counts_.find(sequence);
    if (it == counts_.end()) return {0, 0};
    const Count count = it->second;
    counts_.erase(it);
    return {count.responses, count.bytes};
  }

 private:
  struct Count {
    std::uint64_t responses = 0, bytes = 0;
  };
  static constexpr std::size_t kMax = 4096;
  std::mutex mutex_;
  std::map<std::uint64_t, Count> counts_;
};

}  // namespace brink::edge
