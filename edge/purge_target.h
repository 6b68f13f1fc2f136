#pragma once
// What a record of the purge log does to this node: marks and versions at once, memory in the
// background.
//
// apply() makes a purge effective for every request that begins afterwards, whatever is stored. The
// Reclaimer then walks the store, frees what the purges match and raises the rest above them, so
// that the rules can be forgotten (purge/marks.h).

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "edge/purge_state.h"
#include "edge/store/store.h"
#include "purge/record.h"
#include "purge/target.h"

namespace brink::edge {

class PurgeTarget final : public purge::Target {
 public:
  // All outlive it.
  PurgeTarget(PurgeState& state, store::Store& store, const Clock& clock);

  purge::Matched apply(const purge::Record& record, bool replayed) override;
  void lost_until(std::uint64_t sequence) override;

 private:
  friend class Reclaimer;
  purge::Matched count_now(const purge::Record& keys) const;
  purge::Matched count_all(const purge::Record& keys) const;
  std::uint64_t count_url(const purge::Record& record, const std::string& url,
                          std::uint64_t& bytes) const;
  std::unique_ptr<const purge::Marks> marks_of(purge::Record keys) const;
  purge::Record as_cache_keys(const purge::Record& record) const;

  PurgeState& state_;
  store::Store& store_;
  const Clock& clock_;
};

// The background half. One thread's.
class Reclaimer {
 public:
  // `on_counted`: a walk that covers every record up to `sequence` has ended; PurgeState::counts
  // has what they matched.
  using OnCounted = std::function<void(std::uint64_t sequence)>;
  Reclaimer(PurgeState& state, store::Store& store, MetricsRegistry& metrics, OnCounted on_counted);
  // Looks at a few hundred responses; true when there is more to do at once.
  bool step();
  // What purges with warm want fetched again, once a walk has seen all that they match; each once.
  std::vector<PurgeWarming::Found> take_warming() { return std::move(warming_); }

 private:
  bool begin();
  void look_at(const store::ResponsePtr& response, const SiteTable* sites);
  void end();

  PurgeState& state_;
  store::Store& store_;
  OnCounted on_counted_;
  Counter& dropped_;
  Counter& dropped_bytes_;
  Counter& walks_;
  bool walking_ = false;
  store::WalkPosition at_;
  std::uint64_t walk_until_ = 0;  // position at the walk's beginning
  std::uint64_t forget_until_ = 0;
  std::uint64_t walked_ = 0;
  std::vector<store::ResponsePtr> batch_;
  std::vector<PurgeWarming::Found> warming_;
};

inline constexpr std::size_t kWalkBatch = 256;  // responses that a walk holds at once

// Slices follow their map, and have keys that are no URIs.
bool is_slice(const store::StoredResponse& response);
// As purges look at it. Views of `response` and `sites`.
purge::Subject subject_of(const store::StoredResponse& response, const SiteTable* sites);
// The site that answers for a host now; empty = none.
std::string_view site_of_host(const SiteTable* sites, std::string_view host);
// The site that a stored response's URI belongs to now; empty = none.
std::string_view site_of_uri(const SiteTable* sites, std::string_view uri);

}  // namespace brink::edge
