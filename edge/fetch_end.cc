// Fetch, its end: complete, failed, given up, taken out of its shard's set.

#include "edge/cache/validation.h"
#include "edge/fetch.h"

namespace brink::edge {

void Fetch::on_complete() {
  if (refetch_) return ask_again();
  if (part_left_.value_or(0) > 0) return on_error({ErrorCode::ResponseIncomplete, Side::Upstream, Retry::Never, "less came than Content-Range says"});
  if (writer_) {
    append_kept();
    writer_->set_waker(nullptr);
    const bool stored = writer_->commit();
    if (stored) drop_if_outrun(writer_->response());
    if (stored && progress().slice) drop_without_map(writer_->response());
    const cache::Reason refused = writer_->not_stored_reason();
    if (!stored && refused != cache::Reason::None) note_store_reason(refused);
  }
  finish();
}

void Fetch::ask_again() {
  refetch_ = false;
  part_left_.reset();
  plan_.asked.reset();
  plan_.slice = {};
  std::erase_if(plan_.request.fields, [](const auto& field) {
    return cache::is_condition_field(field.first) || iequals(field.first, "range");
  });
  call_.reset();
  ask_upstream();
}

void Fetch::on_error(Error error) {
  if (ended_) return;
  if (refetch_) return ask_again();
  if (writer_) {
    writer_->set_waker(nullptr);
    if (writer_->storing()) note_store_reason(cache::Reason::Incomplete);
    writer_->abort(error);
    context_.metrics.fills_cut.add();
  }
  fail_waiting(error);
  finish();
}

// Also the way to look again, on the shard, whether anybody still wants this.
void Fetch::wake() noexcept {
  context_.shard.post([weak = self_] {
    const auto fetch = weak.lock();
    if (!fetch || fetch->ended_) return;
    fetch->cancel_if_unwanted();
    if (fetch->call_) fetch->call_->resume_response();
  });
}

// Tells those who still wait for a head that none will come.
void Fetch::fail_waiting(Error error) {
  if (progress().phase != Phase::Waiting) return;
  Progress failed;
  failed.error = error;
  leave_table();
  settle(Phase::Failed, failed);
}

// From inside a callback that must not end the call itself: the outcome is published now, the end comes later.
void Fetch::fail_soon(Error error) {
  fail_waiting(error);
  context_.shard.post([weak = self_, error] {
    if (const auto fetch = weak.lock()) fetch->cancel(error);
  });
}

// The same when what there was to tell has been told.
void Fetch::end_soon() { fail_soon({ErrorCode::Cancelled, Side::Internal}); }

void Fetch::cancel_if_unwanted() {
  if (ended_) return;
  {
    const std::lock_guard lock(mutex_);
    if (audience_ > 0) return;
    if (progress_.phase == Phase::Waiting && plan_.may_store) return;
    if (progress_.phase == Phase::Freshened || progress_.phase == Phase::ErrorStatus) return;
  }
  if (writer_ && writer_->storing()) return;
  cancel({ErrorCode::Cancelled, Side::Internal, Retry::Never, "no client is left"});
}

void Fetch::finish() {
  ended_ = true;
  leave_table();
  if (writer_) writer_->set_waker(nullptr);
  anchor_.reset();
  call_.reset();
  context_.metrics.fetches_active.add(-1);
  if (plan_.background) --context_.fetches.background;
  const std::shared_ptr<Fetch> self = context_.fetches.release(this);
  writer_.reset();
}

std::shared_ptr<Fetch> FetchSet::release(const Fetch* fetch) {
  const auto it = fetches_.find(fetch);
  if (it == fetches_.end()) return nullptr;
  std::shared_ptr<Fetch> out = std::move(it->second);
  fetches_.erase(it);
  return out;
}

void FetchSet::cancel_all() {
  while (!fetches_.empty()) {
    const std::shared_ptr<Fetch> fetch = fetches_.begin()->second;
    fetch->cancel({ErrorCode::Cancelled, Side::Internal, Retry::Never, "the node stops"});
  }
}

}  // namespace brink::edge
