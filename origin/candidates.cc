#include "origin/candidates.h"

namespace brink::origin {

Candidate GroupCandidates::next(Ticks now, bool again) {
  if (!group_ || attempts_ > group_->options().retries) return {};
  std::shared_ptr<Server> server = group_->pick(tried_, now);
  if (!server && again && !tried_.empty() && group_->take(tried_.back(), now))
    server = tried_.back();
  if (!server) return {};
  ++attempts_;
  tried_.push_back(server);
  return {group_, std::move(server), false};
}

}  // namespace brink::origin
