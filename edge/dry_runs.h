#pragma once
// Purges that are only counted (`dry_run`): the reclaimer's next walk over everything stored looks
// with them as well.
//
//   add() on the log's thread → begin(), look_at() …, end() on the reclaimer's → take() on any
//
// Bounded: kMost at once; more are not counted, and the API refuses them in time.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "edge/recent_hits.h"
#include "edge/store/stored_response.h"
#include "purge/marks.h"
#include "purge/target.h"

namespace brink::edge {

class DryRuns {
 public:
  static constexpr std::size_t kMost = 16;

  // `alone`: marks of nothing but the record, above whatever is stored.
  void add(std::uint64_t sequence, std::unique_ptr<const purge::Marks> alone);
  bool has_room() const;

  // A walk begins that answers for the log up to `until`.
  void begin(std::uint64_t until, const RecentHits& hits);
  bool any() const { return !running_.empty(); }  // of this walk
  void look_at(const store::StoredResponse& response, const purge::Subject& subject);
  void end();

  // Nothing when `sequence` is no dry run; not counted (empty) when there was no room for it.
  std::optional<purge::Matched> take(std::uint64_t sequence);

 private:
  struct Run {
    std::uint64_t sequence = 0;
    std::unique_ptr<const purge::Marks> alone;
    std::uint64_t responses = 0, bytes = 0;
    std::shared_ptr<purge::Preview> preview = {};
    std::unordered_set<std::uint32_t> seen = {};  // keys whose hits are counted
  };
  void keep(std::uint64_t sequence, purge::Matched matched);  // with mutex_ held
  void count(Run& run, const store::StoredResponse& response, std::string_view uri);

  mutable std::mutex mutex_;
  std::vector<Run> waiting_;
  std::map<std::uint64_t, purge::Matched> done_;

  // The reclaimer's.
  std::vector<Run> running_;
  RecentHits::Sample hits_;
};

}  // namespace brink::edge
