#include "edge/store/orphans.h"

#include <utility>

namespace brink::edge::store {

void Orphans::note(const Removed& removed) {
  removed.for_each_map([this](const StoredResponse& map) {
    if (map.has_body()) put_back({ResponsePtr(&map), 0});
  });
}

std::optional<Orphans::Orphan> Orphans::take() {
  const std::lock_guard lock(mutex_);
  if (orphans_.empty()) return std::nullopt;
  Orphan first = std::move(orphans_.front());
  orphans_.pop_front();
  return first;
}

void Orphans::put_back(Orphan orphan) {
  std::optional<Orphan> forgotten;  // let go outside the lock
  const std::lock_guard lock(mutex_);
  orphans_.push_back(std::move(orphan));
  if (orphans_.size() <= kMaxOrphans) return;
  forgotten = std::move(orphans_.front());
  orphans_.pop_front();
}

}  // namespace brink::edge::store
