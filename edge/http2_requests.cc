// Http2Connection, its streams: from fields to a transaction, from its plan to frames.

#include <algorithm>

#include "config/runtime/log.h"
#include "edge/http2_callbacks.h"
#include "edge/http2_connection.h"
#include "edge/http2_priority.h"

namespace brink::edge {

// A stream for the library's new one. Null is no answer: the library keeps to SETTINGS_MAX_CONCURRENT_STREAMS.
Http2Stream* Http2Connection::acquire(std::int32_t id) {
  if (free_.empty()) {
    streams_.push_back(std::make_unique<Http2Stream>(flow_, shard_.io(), *this));
    free_.push_back(streams_.back().get());
  }
  Http2Stream* s = free_.back();
  free_.pop_back();
  s->open(id);
  s->body.begin(limits_.body_bytes);
  flow_.metrics.http2_streams.add();
  return s;
}

void Http2Connection::touch(Http2Stream& s) {
  if (std::exchange(s.touched, true)) return;
  touched_.push_back(&s);
}

// After the library has read: requests begin, bodies go on.
void Http2Connection::process() {
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    Http2Stream& s = *touched_[i];
    s.touched = false;
    if (s.closed || !s.head_complete) continue;
    if (!s.begun) begin(s);
    if (s.head.has_body && s.remote_ended) {
      if (s.fault.status == 0) s.body.finish();
      s.body_deadline = kNever;
    }
    if (s.head.has_body) s.transaction.request_body_arrived();
    advance(s);
    give_window(s);
  }
  touched_.clear();
  if (passed_) end_with(NGHTTP2_ENHANCE_YOUR_CALM, *passed_);
}

void Http2Connection::begin(Http2Stream& s) {
  s.begun = true;
  ++served_;
  const HeadFault fault = s.request.finish(limits_, s.head);
  set_client(s.head, client_address_, from_peer_, stream_.is_tls());
  if (from_peer_ && iequals(s.request.scheme(), "https")) s.head.scheme = "https";
  if (fault.status != 0) {
    if (fault.limit != Limit::Count_) flow_.metrics.count_limit(fault.limit);
    s.head.method = "GET";  // the answer has a body, whatever was asked
    return s.transaction.refuse(s.head, fault.status, fault.what, true);
  }
  s.transaction.begin(s.head, s.head.has_body ? &s.body : nullptr);
  s.body.limit(s.transaction.body_limit());
}

// Goes on until there is something to wait for, or the response has been handed over.
void Http2Connection::advance(Http2Stream& s) {
  while (!s.responded && !s.closed) {
    if (s.fault.status != 0) {
      s.transaction.release();
      s.transaction.refuse(s.head, s.fault.status, s.fault.what, true);
      s.fault = {};
    }
    const Step step = s.transaction.advance();
    if (step == Step::Respond) return submit_response(s);
    if (s.head.has_body && !s.continued) start_body(s);
    if (step == Step::Interim) {
      submit_interim(s, s.transaction.interim());
      continue;
    }
    if (s.transaction.waits_for_another() && s.wait_deadline == kNever) s.wait_deadline = in(flow_.cache.follower_timeout);
    return;
  }
}

void Http2Connection::start_body(Http2Stream& s) {
  s.continued = true;
  if (!s.transaction.wants_request_body()) return s.body.discard();
  if (!s.remote_ended) s.body_deadline = in(limits_.body_timeout);
  if (s.request.expects_continue() && s.body.received() == 0) submit_interim(s, "HTTP/1.1 100 Continue\r\n");
}

void Http2Connection::submit_interim(Http2Stream& s, std::string_view head) {
  const auto fields = s.response.make_interim(head);
  nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, s.id, nullptr, fields.data(), fields.size(), nullptr);
}

void Http2Connection::submit_response(Http2Stream& s) {
  s.responded = true;
  s.wait_deadline = kNever;
  s.progress = shard_.coarse_now();
  const ResponsePlan& plan = s.transaction.plan();
  const auto fields = s.response.make(plan);
  nghttp2_data_provider provider = http2_body_provider();
  provider.source.ptr = &s;
  const bool has_body = plan.send_body && plan.length != std::uint64_t{0};
  s.transaction.note_first_byte();
  const int failed =
      nghttp2_submit_response(session_.get(), s.id, fields.data(), fields.size(), has_body ? &provider : nullptr);
  if (failed != 0) return reset_stream(s, NGHTTP2_INTERNAL_ERROR);
  set_priority(s);
  if (!s.remote_ended && !s.transaction.wants_request_body()) s.body.discard();
  if (served_ >= limits_.requests_per_connection) close_gracefully();
}

// An origin may know better than the client what is urgent (RFC 9218 §8).
void Http2Connection::set_priority(const Http2Stream& s) {
  const std::string_view value = s.response.priority();
  if (value.empty()) return;
  Priority merged;
  merge_priority(field_value(s.head.fields, "priority"), merged);
  merge_priority(value, merged);
  const nghttp2_extpri priority{merged.urgency, merged.incremental ? 1 : 0};
  nghttp2_session_change_extpri_stream_priority(session_.get(), s.id, &priority, 1);
}

// The window that was granted is never larger than the ring, so everything fits.
void Http2Connection::take_body(Http2Stream& s, std::string_view bytes) {
  const std::size_t kept = s.body.push(bytes);
  if (kept < bytes.size()) nghttp2_session_consume(session_.get(), s.id, bytes.size() - kept);
  if (s.body_deadline != kNever) s.body_deadline = in(limits_.body_timeout);
  if (!s.body.over_limit() || s.responded || s.fault.status != 0) return;
  flow_.metrics.count_limit(Limit::BodyBytes);
  s.fault = {413, "the request body is larger than limits.body_bytes or the site's rules allow", Limit::BodyBytes};
  s.body.fail();
}

// What upstream has taken may be sent anew: on the stream, and on the connection.
void Http2Connection::give_window(Http2Stream& s) {
  const std::uint64_t taken = s.body.taken();
  if (s.closed || !s.begun || taken <= s.granted) return;
  nghttp2_session_consume(session_.get(), s.id, static_cast<std::size_t>(taken - s.granted));
  s.granted = taken;
}

// The response is out, the request is not: what is left of it is read if it is short, or refused without blame (RFC 9113 §8.1).
void Http2Connection::forget_body(Http2Stream& s) {
  if (s.cut) return;
  s.body.discard();
  s.body_deadline = kNever;
  const std::uint64_t left = s.head.content_length.value_or(UINT64_MAX) - std::min(s.body.received(), s.head.content_length.value_or(0));
  if (left <= RequestBody::kMaxDrainBytes) return give_window(s);
  reset_stream(s, NGHTTP2_NO_ERROR);
}

void Http2Connection::reset_stream(Http2Stream& s, std::uint32_t code) {
  s.cut = true;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, s.id, code);
}

// REQUIRES: nothing is being written.
void Http2Connection::recycle_closed() {
  for (Http2Stream* s : closed_) {
    if (s->taken > 0) s->written();
    if (s->begun) {
      // What upstream has not taken of the body counts against the connection still.
      const std::uint64_t held = s->body.received() - s->granted;
      if (held > 0) nghttp2_session_consume_connection(session_.get(), static_cast<std::size_t>(held));
      s->transaction.finish(s->sent, s->body.received(), !s->end_sent);
    }
    s->reset();
    free_.push_back(s);
  }
  closed_.clear();
  if (finishing_ && open_streams() == 0) streams_done_.wake();
  if (open_streams() == 0 && read_deadline_ == kNever) {
    read_deadline_ = in(limits_.idle_timeout);
    read_limit_ = Limit::IdleTimeout;
  }
}

void Http2Connection::on_wake(Http2Stream& s) {
  if (s.id == 0 || s.closed || ended_) return;
  give_window(s);
  if (!s.responded) {
    advance(s);
  } else if (s.deferred && s.taken == 0) {
    s.deferred = false;
    nghttp2_session_resume_data(session_.get(), s.id);
  }
  flush();
}

}  // namespace brink::edge
