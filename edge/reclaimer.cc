// The reclaimer (purge_target.h).

#include <algorithm>

#include "edge/purge_target.h"
#include "edge/transaction.h"

namespace brink::edge {

Reclaimer::Reclaimer(PurgeState& state, store::Store& store, MetricsRegistry& metrics,
                     OnCounted on_counted)
    : state_(state),
      store_(store),
      on_counted_(std::move(on_counted)),
      dropped_(metrics.counter("brink_purge_reclaimed_responses_total",
                               "Purged responses whose memory the reclaimer has freed.")),
      dropped_bytes_(metrics.counter("brink_purge_reclaimed_bytes_total", "Their bytes.")),
      walks_(metrics.counter("brink_purge_walks_total",
                             "Walks of the reclaimer over everything stored.")) {}

// A walk answers for the position at its beginning. What a fetch that is under way then brings may
// be older and lie where the walk has been: then the rules it needs are kept, and walked for again.
bool Reclaimer::begin() {
  const std::uint64_t applied = state_.position.applied();
  const std::uint64_t oldest = state_.pins.oldest();  // last: what begins after it reflects `applied`
  const std::uint64_t forgotten = state_.marks.forgotten();
  if (applied <= forgotten) return false;
  const std::uint64_t gain = std::min(applied, oldest);
  if (applied <= walked_ && gain <= forgotten) return false;
  walk_until_ = applied;
  forget_until_ = gain;
  at_ = {};
  walking_ = true;
  state_.dry_runs.begin(walk_until_, state_.hits);
  return true;
}

bool Reclaimer::step() {
  if (!walking_ && !begin()) return false;
  batch_.clear();
  const auto sites = state_.sites();
  const bool more = store_.walk(at_, kWalkBatch, batch_);
  for (const store::ResponsePtr& response : batch_) look_at(response, sites.get());
  batch_.clear();
  if (!more) end();
  return true;
}

void Reclaimer::look_at(const store::ResponsePtr& response, const SiteTable* sites) {
  const std::uint64_t as_of = response->as_of();
  const bool is_new = as_of >= walk_until_;
  if (is_slice(*response) || (is_new && !state_.dry_runs.any())) return;
  const purge::Subject subject = subject_of(*response, sites);
  const auto verdict = state_.marks.check(subject, as_of);
  using Is = purge::Verdict::Is;
  if (verdict.is != Is::Gone) state_.dry_runs.look_at(*response, subject);
  if (is_new) return;
  if (verdict.is == Is::Untouched) return response->raise_as_of(walk_until_);
  state_.counts.add(verdict.sequence, *response);
  state_.warming.note(subject, *response);
  if (verdict.is == Is::Stale) {
    soften(store_, response, verdict.stale_since, walk_until_);
    return;
  }
  const std::uint64_t bytes = response->weight();
  if (!store_.drop(response)) return;
  dropped_.add();
  dropped_bytes_.add(bytes);
}

void Reclaimer::end() {
  walking_ = false;
  walked_ = walk_until_;
  walks_.add();
  state_.dry_runs.end();
  state_.marks.forget(forget_until_);
  for (auto& found : state_.warming.take(walk_until_)) warming_.push_back(std::move(found));
  if (on_counted_) on_counted_(walk_until_);
}

}  // namespace brink::edge
