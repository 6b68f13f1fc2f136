#pragma once
// All of a node's state that purges move and requests read. Shared by the shards; outlives them.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "config/options.h"
#include "edge/cache/tags.h"
#include "edge/dry_runs.h"
#include "edge/foreign_logs.h"
#include "edge/group_marks.h"
#include "edge/local_events.h"
#include "edge/purge_counts.h"
#include "edge/purge_pins.h"
#include "edge/recent_hits.h"
#include "edge/purge_warming.h"
#include "edge/rules.h"
#include "edge/site_versions.h"
#include "purge/marks.h"
#include "purge/position.h"

namespace brink::edge {

class PurgeState {
 public:
  explicit PurgeState(const config::PurgeOptions& options)
      : marks(options.matchers), groups(events), foreign(events), fenced(options.fenced) {
    tag_limits = {options.tags_per_response, options.tag_bytes};
  }

  purge::Position position;
  purge::Marks marks;
  PurgePins pins;
  PurgeCounts counts;
  DryRuns dry_runs;
  RecentHits hits;
  PurgeWarming warming;
  SiteVersions versions;
  LocalEvents events;
  GroupMarks groups;     // RFC 9875
  ForeignLogs foreign;
  // Set before the shards run, or by a reload between requests.
  std::atomic<config::Fenced> fenced;
  cache::TagLimits tag_limits;

  // Of this node's purge log; empty until it is known.
  std::string log_id() const {
    const std::lock_guard lock(mutex_);
    return log_id_;
  }
  bool is_log(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    return log_id_ == id;
  }
  void set_log_id(std::string id) {
    const std::lock_guard lock(mutex_);
    log_id_ = std::move(id);
  }
  std::shared_ptr<const SiteTable> sites() const {
    const std::lock_guard lock(mutex_);
    return sites_;
  }
  void set_sites(std::shared_ptr<const SiteTable> sites) {
    const std::lock_guard lock(mutex_);
    sites_ = std::move(sites);
  }

 private:
  mutable std::mutex mutex_;
  std::string log_id_;
  std::shared_ptr<const SiteTable> sites_;
};

}  // namespace brink::edge
