// Http2Connection, writing: frames are gathered, written at once if the socket takes them, and by the writer's coroutine if not.

#include "edge/http2_connection.h"

namespace brink::edge {
namespace {

constexpr int kRounds = 8;  // of writes at once, before other connections get their turn

}  // namespace

// Puts frames into output_. False: there is nothing to be written.
bool Http2Connection::gather() {
  output_.clear();
  while (!output_.is_full()) {
    const std::uint8_t* bytes = nullptr;
    const std::size_t before = output_.size();
    const ssize_t n = nghttp2_session_mem_send(session_.get(), &bytes);
    if (n < 0) {
      end();
      return false;
    }
    if (n > 0) output_.append({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(n)});
    if (output_.size() == before) break;
  }
  rest_ = output_.parts();
  return !output_.empty();
}

// All of output_ has left.
void Http2Connection::written() {
  rest_ = {};
  output_.clear();
  write_deadline_ = kNever;
  for (const auto& s : streams_) {
    if (s->id == 0 || s->closed) continue;
    if (s->end_sent && !s->remote_ended) forget_body(*s);
    if (s->taken == 0) continue;
    s->written();
    s->progress = shard_.coarse_now();
    if (!std::exchange(s->deferred, false)) continue;
    nghttp2_session_resume_data(session_.get(), s->id);
  }
  recycle_closed();
}

void Http2Connection::flush() {
  if (writing_ || flushing_ || ended_) return;
  flushing_ = true;
  int rounds = 0;
  while (gather()) {
    const ssize_t n = ++rounds > kRounds ? 0 : stream_.try_write(rest_);
    if (n > 0) rest_ = skip_bytes(rest_, static_cast<std::size_t>(n));
    if (!rest_.empty()) {
      writing_ = true;
      writer_.wake();
      break;
    }
    written();
  }
  flushing_ = false;
  if (!writing_) recycle_closed();
  if (is_over()) end();
}

Awaitable<void> Http2Connection::write_loop() {
  for (;;) {
    co_await writer_.wait();
    while (writing_ && !rest_.empty()) {
      write_deadline_ = in(limits_.write_timeout);
      const IoResult sent = co_await stream_.write_some(rest_);
      if (sent.error) {
        end();
        break;
      }
      rest_ = skip_bytes(rest_, sent.bytes);
    }
    if (ended_) break;
    if (writing_) {
      writing_ = false;
      written();
      flush();
    }
    if (ended_) break;
  }
  has_writer_ = false;
  writer_done_.wake();
}

}  // namespace brink::edge
