// Http1Connection, the request body: read beside the response, bounded by the ring that upstream empties.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstring>

#include "edge/http1_connection.h"

namespace brink::edge {

void Http1Connection::start_body() {
  const bool wanted = transaction_.wants_request_body();
  if (!wanted) {
    body_.discard();
    // A client that waits for 100 (Continue) gets its final answer instead, and keeps its body.
    if (parser_->framing().expect_continue || head_.content_length.value_or(RequestBody::kMaxDrainBytes) >= RequestBody::kMaxDrainBytes) {
      keep_alive_ = false;
      return;
    }
  }
  reading_body_ = true;
  net::co_spawn(shard_.io(), read_body(), net::detached);
}

Awaitable<void> Http1Connection::read_body() {
  bool alive = true;
  if (transaction_.wants_request_body() && parser_->framing().expect_continue && head_.http_minor == 1 &&
      begin_ == end_) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const iovec text{const_cast<char*>(kContinue.data()), kContinue.size()};
    const IoResult written = co_await stream_.write_some({&text, 1});
    alive = !written.error;
  }
  while (alive && body_fault_.status == 0) {
    if (!parse_some_body()) break;
    if (body_.room() == 0) {
      co_await body_room_.wait();
      if (expired_) break;
      continue;
    }
    arm(read_deadline_, limits_.body_timeout);
    read_limit_ = Limit::BodyTimeout;
    const IoResult got = co_await stream_.read_some(buffer_.get() + end_, capacity_ - end_);
    read_deadline_ = kNever;
    alive = !got.error;
    end_ += got.bytes;
    if (!alive && expired_) {
      expired_ = false;
      fail_body(408, "the request body paused for longer than limits.body_timeout", Limit::Count_);
    }
  }
  if (!parser_->is_done()) {
    if (body_fault_.status == 0) fail_body(400, "the request body broke off", Limit::Count_);
    keep_alive_ = false;
  }
  reading_body_ = false;
  transaction_.request_body_arrived();
  wakeup_.wake();
}

// Parses what is there. False when the body is complete or refused.
bool Http1Connection::parse_some_body() {
  bool need_more = false;
  while (!parser_->is_done() && begin_ < end_ && body_.room() > 0 && !need_more) {
    FramingFault fault = FramingFault::None;
    const std::size_t used = parser_->parse_body(unread(), fault, need_more);
    begin_ += used;
    if (fault != FramingFault::None) {
      fail_body(400, to_string(fault), Limit::Framing);
      return false;
    }
    if (body_.over_limit()) {
      fail_body(413, "the request body is larger than limits.body_bytes or the site's rules allow", Limit::BodyBytes);
      return false;
    }
  }
  if (parser_->is_done()) {
    body_.finish();
    transaction_.request_body_arrived();
    return false;
  }
  transaction_.request_body_arrived();
  // Unparsed bytes, at most an unfinished chunk head, move to the front of the space behind the request's head.
  if (begin_ > body_floor_) {
    std::memmove(buffer_.get() + body_floor_, buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_ - body_floor_;
    begin_ = body_floor_;
  }
  if (end_ == capacity_ && need_more) {
    fail_body(400, to_string(FramingFault::Chunk), Limit::Framing);
    return false;
  }
  return true;
}

void Http1Connection::fail_body(int status, std::string_view what, Limit limit) {
  if (limit != Limit::Count_) flow_.metrics.count_limit(limit);
  body_fault_ = {status, what, limit};
  keep_alive_ = false;
  body_.fail();
}

// The response is out; the rest of the body is read if it is short, or the connection ends.
Awaitable<void> Http1Connection::end_body() {
  const std::uint64_t expected = head_.content_length.value_or(0);
  body_.discard();
  body_room_.wake();
  const bool is_short = head_.content_length && expected - body_.received() <= RequestBody::kMaxDrainBytes;
  if (!is_short || expired_) {
    keep_alive_ = false;
    stream_.cancel();
  }
  while (reading_body_) co_await wakeup_.wait();
}

}  // namespace brink::edge
