#pragma once
// Which responses purges with "warm" have matched on this node, the most requested of each, until a
// walk of the reclaimer has seen all of them.
//
//   expect() before the purge is in force → note() of each response that is found purged → take()
//   after a walk
//
// A response that several of them match belongs to the latest. Any thread; a mutex, taken only for
// what a purge has matched. Bounded: kMost purges, each with twice the URLs that may be fetched;
// what is beyond is not followed by warming.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "edge/store/stored_response.h"
#include "purge/marks.h"

namespace brink::edge {

class PurgeWarming {
 public:
  static constexpr std::size_t kMost = 64;
  struct Found {
    std::string id, by;             // of the purge
    std::vector<std::string> urls;  // as their keys have them, most requested first
  };

  // How many URLs each may have; 0 = no warming.
  void set_most(std::size_t urls) {
    const std::lock_guard lock(mutex_);
    most_ = urls;
  }
  void expect(const purge::Record& record, TimePoint now);
  // The maps of slices are passed over: clients know which parts they want.
  void note(const purge::Subject& subject, const store::StoredResponse& response);
  // Of the purges up to `sequence`; forgets them.
  std::vector<Found> take(std::uint64_t sequence);

 private:
  using Counted = std::pair<std::string, std::uint64_t>;
  struct Purge {
    std::string id, by;
    std::vector<Counted> urls;
  };
  static void keep_most_requested(std::vector<Counted>& urls, std::size_t most);

  std::mutex mutex_;
  std::size_t most_ = 0;
  std::unique_ptr<purge::Marks> marks_;  // of these purges alone; null while there are none
  std::map<std::uint64_t, Purge> purges_;
};

}  // namespace brink::edge
