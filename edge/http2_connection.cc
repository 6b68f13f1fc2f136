#include "edge/http2_connection.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "config/runtime/log.h"
#include "edge/http2_callbacks.h"

namespace brink::edge {
namespace {

constexpr std::size_t kFirstInput = 4096;
constexpr std::size_t kMostInput = 32 * 1024;
constexpr std::int32_t kConnectionWindow = 1024 * 1024;  // request bodies of all streams that nobody has taken yet
constexpr std::size_t kIdleStreams = 4;                  // that an idle connection keeps for later
constexpr Millis kGoodbye{2'000};
constexpr std::size_t kGoodbyeBytes = 256 * 1024;
constexpr Millis kSettle{200};  // between the announcement of the end and the end of new streams (RFC 9113 §6.8)

}  // namespace

Awaitable<void> http2_session(Shard& shard, ClientStream& stream, const ClientAddress& client_address, Handover start) {
  auto connection = std::make_unique<Http2Connection>(shard, stream, client_address);
  co_await connection->run(std::move(start));
}

Http2Connection::Http2Connection(Shard& shard, ClientStream& stream, const ClientAddress& client_address)
    : shard_(shard),
      flow_(shard.flow()),
      stream_(stream),
      client_address_(client_address),
      from_peer_(client_address.is_peer(*shard.config().peers)),
      limits_(shard.config().limits),
      guard_(limits_.http2),
      input_(kFirstInput),
      writer_(shard.io()),
      writer_done_(shard.io()),
      streams_done_(shard.io()) {
  shard_.enter(*this);
  flow_.metrics.http2_connections.add();
}

Http2Connection::~Http2Connection() {
  for (const auto& s : streams_) {
    if (s->id == 0) continue;
    if (s->begun) s->transaction.finish(s->sent, s->body.received(), true);
    s->reset();
  }
  shard_.leave(*this);
}

void Http2Connection::open_session() {
  nghttp2_option* made = nullptr;
  if (nghttp2_option_new(&made) != 0) throw std::bad_alloc();
  const std::unique_ptr<nghttp2_option, config::Freer<nghttp2_option_del>> option(made);
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_max_continuations(made, limits_.http2.continuations);
  nghttp2_option_set_stream_reset_rate_limit(made, UINT64_MAX, UINT64_MAX);  // the guard's, with an option and a metric
  nghttp2_option_set_builtin_recv_extension_type(made, NGHTTP2_PRIORITY_UPDATE);
  nghttp2_session* session = nullptr;
  if (nghttp2_session_server_new2(&session, http2_callbacks(), this, made) != 0) throw std::bad_alloc();
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.http2.streams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits_.header_bytes},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

// The request that asked for HTTP/2 becomes stream 1, as if its fields had come by HPACK (RFC 7540 §3.2).
void Http2Connection::adopt(UpgradedRequest& upgraded) {
  Http2Stream* s = acquire(1);
  const auto* settings = reinterpret_cast<const std::uint8_t*>(upgraded.settings.data());
  if (nghttp2_session_upgrade2(session_.get(), settings, upgraded.settings.size(), upgraded.method == "HEAD" ? 1 : 0, s) != 0) {
    s->closed = true;
    closed_.push_back(s);
    return break_off(NGHTTP2_PROTOCOL_ERROR);
  }
  s->request.add(":method", upgraded.method, limits_);
  s->request.add(":scheme", "http", limits_);
  s->request.add(":authority", upgraded.host, limits_);
  s->request.add(":path", upgraded.target, limits_);
  for (const Field& field : upgraded.fields.view()) {
    if (!iequals(field.name, "host")) s->request.add(field.name, field.value, limits_);
  }
  s->head_complete = s->remote_ended = true;
  touch(*s);
}

void Http2Connection::feed(std::string_view bytes) {
  std::size_t fed = 0;
  for (std::size_t at = 0, used = 0; at < bytes.size() && !ended_; at += used) {
    const FrameScan::Seen seen = scan_.pass(bytes.substr(at), used);
    if (seen == FrameScan::Seen::SelfDependency) return break_off(NGHTTP2_PROTOCOL_ERROR);
    if (seen != FrameScan::Seen::DataHead) continue;
    // The library has no word for DATA on a stream that it has forgotten: whatever came before is read first, then judged.
    const std::size_t head_at = at + used >= FrameScan::kHead ? at + used - FrameScan::kHead : 0;
    if (!receive(bytes.substr(fed, head_at - fed))) return;
    fed = head_at;
    check_late_frame(scan_.id(), false);
  }
  receive(bytes.substr(fed));
}

// False: the connection goes no further.
bool Http2Connection::receive(std::string_view bytes) {
  if (ended_ || closing_ == Closing::Final) return false;
  const ssize_t n = nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (n == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) passed_ = Limit::Http2Continuations;
  if (n == NGHTTP2_ERR_FLOODED && !passed_) passed_ = Limit::Http2Pings;
  if (n < 0 && broken_ == NGHTTP2_NO_ERROR) broken_ = NGHTTP2_PROTOCOL_ERROR;
  if (broken_ != NGHTTP2_NO_ERROR && !passed_) break_off(broken_);
  return broken_ == NGHTTP2_NO_ERROR && !passed_;
}

// RFC 9113 §5.1, §5.1.1: HEADERS or DATA on a stream that is open no more.
void Http2Connection::check_late_frame(std::int32_t id, bool is_headers) {
  if (id == 0 || id > highest_id_ || nghttp2_session_find_stream(session_.get(), id) != nullptr) return;
  switch (judge_late_frame(ended_streams_.how(id), is_headers)) {
    case LateFrame::Ignore: return;
    case LateFrame::ResetStream:
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_STREAM_CLOSED);
      return;
    case LateFrame::StreamClosed: broken_ = NGHTTP2_STREAM_CLOSED; return;
    case LateFrame::ProtocolError: broken_ = NGHTTP2_PROTOCOL_ERROR; return;
  }
}

// Nothing is read or written any more; run() and the writer find out.
void Http2Connection::end() {
  ended_ = true;
  stream_.cancel();
  writer_.wake();
  streams_done_.wake();
}

bool Http2Connection::is_over() const {
  return rest_.empty() && nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
}

void Http2Connection::count(Http2Event event) {
  if (const auto limit = guard_.count(event, shard_.coarse_now())) passed_ = *limit;
}

// The connection ends at once, but not before the client was told why.
void Http2Connection::end_with(std::uint32_t code, Limit limit) {
  passed_.reset();
  if (closing_ == Closing::Final) return;
  broken_by_ = limit;
  break_off(code);
}

// An error of the connection, found here or by the library, of which the client is told.
void Http2Connection::note_broken(std::uint32_t code) {
  if (closing_ == Closing::Final) return;
  closing_ = Closing::Final;
  lingers_ = true;
  flow_.metrics.count_limit(broken_by_);
  const std::string why = broken_by_ == Limit::Framing ? std::string("it broke the protocol")
                                                       : "more than " + std::string(option_of(broken_by_)) + " allows";
  log_limited(LogLevel::Warning, to_string(broken_by_), "http2",
              "closed an HTTP/2 connection of " + client_address_.text + ": " + why + " (" + nghttp2_http2_strerror(code) + ")");
}

void Http2Connection::break_off(std::uint32_t code) {
  note_broken(code);
  nghttp2_session_terminate_session(session_.get(), code);
}

// New streams end first, then those under way (RFC 9113 §6.8).
void Http2Connection::close_gracefully() {
  if (closing_ != Closing::No) return;
  closing_ = Closing::Announced;
  if (open_streams() == 0) {
    final_goaway_ = Ticks{};
  } else {
    nghttp2_submit_shutdown_notice(session_.get());
    final_goaway_ = in(kSettle);
  }
}

// The client is to get the GOAWAY rather than a reset.
Awaitable<void> Http2Connection::say_goodbye() {
  says_goodbye_ = true;
  read_deadline_ = in(kGoodbye);
  co_await stream_.linger(kGoodbyeBytes);
}

// The client will send no more, but may be waiting for what it asked for. A request without its end never was one.
Awaitable<void> Http2Connection::finish_streams() {
  finishing_ = true;
  for (const auto& s : streams_) {
    if (s->id != 0 && !s->closed && !s->remote_ended) reset_stream(*s, NGHTTP2_CANCEL);
  }
  flush();
  while (!ended_ && open_streams() > 0) co_await streams_done_.wait();
}

Awaitable<void> Http2Connection::run(Handover start) {
  open_session();
  read_deadline_ = in(limits_.header_timeout);
  has_writer_ = true;
  net::co_spawn(shard_.io(), write_loop(), net::detached);
  if (start.upgraded) adopt(*start.upgraded);
  feed(start.early);
  process();
  flush();
  while (!ended_) {
    const IoResult got = co_await stream_.read_some(input_.data(), input_.size());
    if (got.error == net::error::eof && !ended_) co_await finish_streams();
    if (got.error || ended_) break;
    feed({input_.data(), got.bytes});
    process();
    flush();
    if (got.bytes == input_.size() && input_.size() < kMostInput) input_.resize(kMostInput);
  }
  const bool was_reset = !is_over();
  end();
  while (has_writer_) co_await writer_done_.wait();
  if (lingers_ && !was_reset) co_await say_goodbye();
  stream_.close(was_reset && open_streams() > 0);
}

void Http2Connection::tick_stream(Http2Stream& s, Ticks now) {
  if (is_late(s.wait_deadline, now)) {
    s.transaction.waited_too_long();
    advance(s);
  }
  if (is_late(s.body_deadline, now)) {
    flow_.metrics.count_limit(Limit::BodyTimeout);
    if (!s.responded) s.fault = {408, "the request body paused for longer than limits.body_timeout"};
    s.body.fail();
    s.transaction.request_body_arrived();
    advance(s);
  }
  // There are bytes for the client, and it gives them no window.
  const bool blocked = nghttp2_session_get_stream_remote_window_size(session_.get(), s.id) <= 0 ||
                       nghttp2_session_get_remote_window_size(session_.get()) <= 0;
  if (s.responded && !s.end_sent && !writing_ && s.progress != kNever && now - s.progress >= limits_.write_timeout && blocked) {
    flow_.metrics.count_limit(Limit::WriteTimeout);
    s.progress = kNever;
    reset_stream(s, NGHTTP2_CANCEL);
  }
}

void Http2Connection::on_tick(Ticks now) {
  if (is_late(write_deadline_, now)) {
    flow_.metrics.count_limit(Limit::WriteTimeout);
    return on_stop();
  }
  if (says_goodbye_ && is_late(read_deadline_, now)) stream_.cancel();
  if (ended_) return;
  if (is_late(read_deadline_, now)) {
    if (read_limit_ == Limit::IdleTimeout) {
      flow_.metrics.count_limit(Limit::IdleTimeout);
      closing_ = Closing::Final;
      nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
    } else {
      end_with(NGHTTP2_ENHANCE_YOUR_CALM, Limit::HeaderTimeout);
    }
  }
  if (is_late(final_goaway_, now)) {
    closing_ = Closing::Final;
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                          NGHTTP2_NO_ERROR, nullptr, 0);
  }
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i]->id != 0 && !streams_[i]->closed) tick_stream(*streams_[i], now);
  }
  flush();
  trim();
}

// An idle connection keeps little.
void Http2Connection::trim() {
  if (open_streams() > 0 || writing_ || streams_.size() <= kIdleStreams) return;
  streams_.resize(kIdleStreams);
  free_.clear();
  for (const auto& s : streams_) free_.push_back(s.get());
}

void Http2Connection::on_drain() {
  close_gracefully();
  on_tick(shard_.coarse_now());
}

// What was announced to the client holds until it connects anew.
void Http2Connection::on_reload() {
  if (shard_.config().limits == limits_ && client_address_.is_peer(*shard_.config().peers) == from_peer_) return;
  close_gracefully();
}

void Http2Connection::on_stop() {
  end();
}

}  // namespace brink::edge
