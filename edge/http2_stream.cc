#include "edge/http2_stream.h"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace brink::edge {

void StreamWaker::wake() noexcept {
  if (state_->posted.exchange(true)) return;
  net::post(state_->io, [state = state_] {
    state->posted = false;
    if (state->owner != nullptr) state->owner->on_wake(*state->stream);
  });
}

Http2Stream::Http2Stream(FlowContext& flow, net::io_context& io, Http2StreamOwner& owner)
    : waker(io, owner, *this), transaction(flow, waker) {
  body.on_room = [this] { waker.wake(); };
}

void Http2Stream::open(std::int32_t stream_id) {
  id = stream_id;
  head = {};
  fault = {};
  head_complete = remote_ended = touched = begun = continued = responded = deferred = cut = end_sent = reset_by_client = closed = false;
  granted = sent = 0;
  taken = 0;
  wait_deadline = body_deadline = progress = kNever;
  view_ = views_count_ = shown_ = 0;
}

void Http2Stream::reset() {
  transaction.release();
  request.clear();
  id = 0;
}

Http2Stream::Body Http2Stream::next_body(std::size_t most, std::size_t& count) {
  count = 0;
  const ResponsePlan& plan = transaction.plan();
  if (shown_ == 0) {
    if (taken > 0) return Body::Wait;
    const auto state = transaction.body().next(views_, views_count_, kMaxBytes);
    view_ = 0;
    if (state == ResponseBody::State::Wait) return Body::Wait;
    if (state == ResponseBody::State::Cut) return Body::Cut;
    if (state == ResponseBody::State::End) return !plan.length || *plan.length == sent ? Body::Last : Body::Cut;
    for (std::size_t i = 0; i < views_count_; ++i) shown_ += views_[i].size();
  }
  count = std::min(most, shown_);
  const std::uint64_t after = sent + taken + count;
  if (plan.length && after > *plan.length) return Body::Cut;
  return plan.length && after == *plan.length ? Body::Last : Body::Data;
}

std::string_view Http2Stream::take(std::size_t most) {
  while (views_[view_].empty()) ++view_;
  std::string_view& view = views_[view_];
  const std::string_view piece = view.substr(0, most);
  view.remove_prefix(piece.size());
  shown_ -= piece.size();
  taken += piece.size();
  return piece;
}

void Http2Stream::written() {
  if (taken == 0) return;
  sent += taken;
  transaction.body().consume(std::exchange(taken, 0));
  // What was shown beyond is shown again by the next look.
  shown_ = views_count_ = 0;
}

}  // namespace brink::edge
