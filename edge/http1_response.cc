// Http1Connection, writing: the head, its framing, and the body as it comes.

#include <charconv>
#include <cstring>

#include "edge/http1_connection.h"

namespace brink::edge {
namespace {

constexpr std::size_t kMaxWrite = 256 * 1024;
constexpr std::size_t kMaxViews = 16;

iovec part(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

}  // namespace

// Content-Length or chunked, and whether the connection goes on (RFC 9112 §6, §9.3).
void Http1Connection::frame_response() {
  const ResponsePlan& plan = transaction_.plan();
  head_sent_ = false;
  chunked_ = false;
  body_sent_ = 0;
  framing_text_.clear();
  if (plan.announce_length && plan.length) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, *plan.length).ptr;
    framing_text_.append("Content-Length: ").append(digits, end).append("\r\n");
  } else if (plan.send_body && head_.http_minor == 1) {
    chunked_ = true;
    framing_text_.append("Transfer-Encoding: chunked\r\n");
  } else if (plan.send_body) {
    keep_alive_ = false;  // HTTP/1.0: the end of the connection is the end of the body
  }
  if (plan.close || shard_.draining() || served_ + 1 >= limits_.requests_per_connection) keep_alive_ = false;
  if (!keep_alive_) {
    framing_text_.append("Connection: close\r\n");
  } else if (head_.http_minor == 0) {
    framing_text_.append("Connection: keep-alive\r\n");
  }
  framing_text_.append("\r\n");
}

// The next parts to write, head first.
Http1Connection::Gather Http1Connection::gather() {
  const ResponsePlan& plan = transaction_.plan();
  part_count_ = 0;
  body_in_parts_ = 0;
  if (!head_sent_) {
    parts_[part_count_++] = part(plan.head);
    parts_[part_count_++] = part(plan.extra);
    parts_[part_count_++] = part(framing_text_);
    head_sent_ = true;
  }
  if (!plan.send_body) return Gather::Last;
  std::array<std::string_view, kMaxViews> views;
  std::size_t count = 0;
  const auto state = transaction_.body().next(views, count, kMaxWrite);
  if (state == ResponseBody::State::Wait) return Gather::Wait;
  if (state == ResponseBody::State::Cut) return Gather::Cut;
  if (state == ResponseBody::State::End) {
    if (plan.length && *plan.length != body_sent_) return Gather::Cut;
    if (chunked_) parts_[part_count_++] = part("0\r\n\r\n");
    return Gather::Last;
  }
  for (std::size_t i = 0; i < count; ++i) body_in_parts_ += views[i].size();
  if (chunked_) {
    const auto end = std::to_chars(chunk_head_, chunk_head_ + 16, body_in_parts_, 16).ptr;
    std::memcpy(end, "\r\n", 2);
    parts_[part_count_++] = part({chunk_head_, static_cast<std::size_t>(end + 2 - chunk_head_)});
  }
  for (std::size_t i = 0; i < count; ++i) parts_[part_count_++] = part(views[i]);
  if (chunked_) parts_[part_count_++] = part("\r\n");
  const bool last = !chunked_ && plan.length && body_sent_ + body_in_parts_ == *plan.length;
  return last ? Gather::Last : Gather::More;
}

bool Http1Connection::write_at_once() {
  frame_response();
  const Gather state = gather();
  const std::span<iovec> parts(parts_.data(), part_count_);
  std::size_t total = 0;
  for (const iovec& p : parts) total += p.iov_len;
  transaction_.note_first_byte();
  const ssize_t sent = stream_.try_write(parts);
  if (state == Gather::Last && sent == static_cast<ssize_t>(total)) {
    body_sent_ += body_in_parts_;
    part_count_ = 0;
    return true;
  }
  // serve() writes what is left of these parts first
  const auto rest = skip_bytes(parts, sent > 0 ? static_cast<std::size_t>(sent) : 0);
  std::move(rest.begin(), rest.end(), parts_.begin());
  part_count_ = rest.size();
  if (part_count_ == 0) {
    body_sent_ += body_in_parts_;
    transaction_.body().consume(body_in_parts_);
    body_in_parts_ = 0;
  }
  return false;
}

// Writes out parts_ and counts what they held. False: the client is gone or too slow.
Awaitable<bool> Http1Connection::write_parts() {
  std::span<iovec> parts(parts_.data(), part_count_);
  while (!parts.empty()) {
    arm(write_deadline_, limits_.write_timeout);
    const IoResult written = co_await stream_.write_some(parts);
    if (written.error || expired_) {
      write_deadline_ = kNever;
      co_return false;
    }
    parts = skip_bytes(parts, written.bytes);
  }
  write_deadline_ = kNever;
  part_count_ = 0;
  body_sent_ += body_in_parts_;
  transaction_.body().consume(body_in_parts_);
  body_in_parts_ = 0;
  co_return true;
}

// The response from wherever it stands to its end. False: it was cut.
Awaitable<bool> Http1Connection::write_response() {
  if (!head_sent_) frame_response();
  for (;;) {
    const Gather state = gather();
    if (part_count_ > 0) {
      transaction_.note_first_byte();
      if (!co_await write_parts()) co_return false;
    }
    if (state == Gather::Last) co_return true;
    if (state == Gather::Cut) co_return false;
    if (state == Gather::Wait) co_await wakeup_.wait();
    if (expired_) co_return false;
  }
}

Awaitable<bool> Http1Connection::write_text(std::string_view text) {
  parts_[0] = part(text);
  part_count_ = 1;
  body_in_parts_ = 0;
  std::span<iovec> parts(parts_.data(), 1);
  arm(write_deadline_, limits_.write_timeout);
  while (!parts.empty()) {
    const IoResult written = co_await stream_.write_some(parts);
    if (written.error) break;
    parts = skip_bytes(parts, written.bytes);
  }
  write_deadline_ = kNever;
  part_count_ = 0;
  co_return parts.empty();
}

// Counts and logs; true when the connection goes on.
bool Http1Connection::finish_request(bool cut) {
  transaction_.finish(body_sent_, head_.has_body ? body_.received() : 0, cut);
  transaction_.release();
  head_sent_ = false;
  part_count_ = 0;
  ++served_;
  return keep_alive_ && !cut;
}

}  // namespace brink::edge
