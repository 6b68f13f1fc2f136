#include "edge/http1_connection.h"

#include <boost/asio/post.hpp>
#include <cstring>

#include "edge/http2_upgrade.h"
#include "edge/tunnel.h"

namespace brink::edge {
namespace {

constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kBodySpace = 16 * 1024;
constexpr std::uint32_t kBurst = 64;             // pipelined hits before other connections get their turn
constexpr Millis kLinger{2'000};
constexpr std::size_t kLingerBytes = 256 * 1024;

}  // namespace

Awaitable<Handover> http1_session(Shard& shard, ClientStream& stream, const ClientAddress& client_address, Protocols allowed) {
  Http1Connection connection(shard, stream, client_address, allowed);
  co_return co_await connection.run();
}

Http1Connection::Http1Connection(Shard& shard, ClientStream& stream, const ClientAddress& client_address, Protocols allowed)
    : shard_(shard),
      flow_(shard.flow()),
      client_address_(client_address),
      allowed_(allowed),
      from_peer_(client_address_.is_peer(*shard.config().peers)),
      stream_(stream),
      wakeup_(shard.io()),
      limits_(shard.config().limits),
      buffer_(std::make_unique_for_overwrite<char[]>(kFirstBuffer)),
      capacity_(kFirstBuffer),
      transaction_(flow_, wakeup_),
      body_room_(shard.io()) {
  fields_.reserve(32);
  body_.on_room = [this] { body_room_.wake(); };
  shard_.enter(*this);
}

Http1Connection::~Http1Connection() {
  transaction_.release();
  shard_.leave(*this);
}

Awaitable<Handover> Http1Connection::run() {
  Handover handover;
  std::uint32_t burst = 0;
  for (;;) {
    const Head state = take_head();
    if (state == Head::NeedMore) {
      burst = 0;
      if (!co_await read_more()) break;
      continue;
    }
    if (state == Head::Http2) {
      handover.to_http2 = true;
      handover.early = unread();
      co_return handover;
    }
    idle_ = false;
    if (state == Head::Complete && head_.upgrade && asks_for_h2c(head_.fields)) {
      head_.upgrade = false;  // never to be tunnelled: its requests would pass unseen
      if (co_await upgrade_to_http2(handover)) co_return handover;
    }
    if (state == Head::Complete) begin_request();
    if (state == Head::Complete && head_.upgrade && head_.method == "GET" && !head_.has_body) {
      const std::string_view early = unread();
      if (co_await run_tunnel(shard_, stream_, head_, early, transaction_, interrupt_tunnel_)) break;
    }
    const bool at_once = !head_.has_body && transaction_.advance() == Step::Respond && write_at_once();
    if (!(at_once ? finish_request(false) : co_await serve())) break;
    if (++burst >= kBurst) {
      burst = 0;
      co_await net::post(shard_.io(), kAwait);
    }
  }
  if (!expired_ && (head_.has_body || body_fault_.status != 0 || !keep_alive_)) co_await linger();
  stream_.close(false);
  co_return handover;
}

// A client that knows beforehand that it may speak HTTP/2 begins with its preface (RFC 9113 §3.3, §3.4).
bool Http1Connection::begins_http2() const {
  static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\n";
  return served_ == 0 && allowed_.http2 && !stream_.is_tls() && unread().starts_with(kPreface);
}

// RFC 7540 §3.2. False: the request stays one of HTTP/1.1.
Awaitable<bool> Http1Connection::upgrade_to_http2(Handover& handover) {
  if (!allowed_.h2c_upgrade || stream_.is_tls() || head_.has_body) co_return false;
  std::optional<std::string> settings = http2_settings_of(head_.fields);
  if (!settings) co_return false;
  static constexpr std::string_view kSwitching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
  if (!co_await write_text(kSwitching)) co_return false;
  handover.to_http2 = true;
  handover.early = unread();
  handover.upgraded = UpgradedRequest{std::move(*settings), std::string(head_.method), std::string(head_.target),
                                      std::string(head_.host), OwnedFields(head_.fields)};
  co_return true;
}

// More bytes of a head, under the time-out of the head (from its first byte) or of an idle connection.
Awaitable<bool> Http1Connection::read_more() {
  const bool empty = begin_ == end_;
  idle_ = empty;
  if (empty) {
    if (shard_.draining()) co_return false;
    begin_ = end_ = scanned_ = 0;
    arm(read_deadline_, served_ == 0 ? limits_.header_timeout : limits_.idle_timeout);
    read_limit_ = served_ == 0 ? Limit::HeaderTimeout : Limit::IdleTimeout;
  } else if (read_deadline_ == kNever || read_limit_ != Limit::HeaderTimeout) {
    arm(read_deadline_, limits_.header_timeout);
    read_limit_ = Limit::HeaderTimeout;
  }
  prepare_space(1);
  IoResult got;
  if (stream_.is_tls()) {
    got = co_await stream_.read_some(buffer_.get() + end_, capacity_ - end_);
  } else {
    auto [error, n] = co_await stream_.socket().async_read_some(
        net::buffer(buffer_.get() + end_, capacity_ - end_), kAwait);
    got = {error, n};
  }
  if (!got.error) {
    end_ += got.bytes;
    co_return true;
  }
  if (expired_ && !empty) {
    expired_ = false;
    refuse({408, "the request head did not arrive within limits.header_timeout"});
    co_await serve();
  }
  co_return false;
}

// Makes room behind the unread bytes, moving or growing. REQUIRES: no view into the buffer is in use.
void Http1Connection::prepare_space(std::size_t bytes) {
  if (capacity_ - end_ >= bytes) return;
  const std::size_t size = end_ - begin_;
  std::size_t wanted = capacity_;
  while (wanted < size + bytes) wanted *= 2;
  if (wanted == capacity_) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, size);
  } else {
    auto bigger = std::make_unique_for_overwrite<char[]>(wanted);
    std::memcpy(bigger.get(), buffer_.get() + begin_, size);
    buffer_ = std::move(bigger);
    capacity_ = wanted;
  }
  begin_ = 0;
  end_ = size;
}

Http1Connection::Head Http1Connection::take_head() {
  while (scanned_ == 0 && end_ - begin_ >= 2 && unread().starts_with("\r\n")) begin_ += 2;  // RFC 9112 §2.2
  const std::string_view bytes = unread();
  const std::size_t from = scanned_ > 3 ? scanned_ - 3 : 0;
  const std::size_t at = bytes.find("\r\n\r\n", from);
  const std::size_t size = at == std::string_view::npos ? bytes.size() : at + 4;
  if (size > limits_.header_bytes) {
    const bool line = bytes.substr(0, limits_.uri_bytes).find("\r\n") == std::string_view::npos;
    return line ? refuse({414, "the request target is longer than limits.uri_bytes", Limit::UriBytes})
                : refuse({431, "the request head is larger than limits.header_bytes", Limit::HeaderBytes});
  }
  if (at == std::string_view::npos) {
    scanned_ = bytes.size();
    return Head::NeedMore;
  }
  if (begins_http2()) return Head::Http2;
  read_deadline_ = kNever;
  head_ = {};
  parser_.emplace(fields_, limits_, body_);
  HeadFault fault = parser_->parse_head(bytes.substr(0, size), head_);
  if (fault.status == 0 && head_.has_body && capacity_ - end_ < kBodySpace) {
    prepare_space(kBodySpace);  // moves the head: the views are taken anew
    head_ = {};
    parser_.emplace(fields_, limits_, body_);
    fault = parser_->parse_head(unread().substr(0, size), head_);
  }
  if (fault.status != 0) return refuse(fault);
  begin_ += size;
  body_floor_ = begin_;
  scanned_ = 0;
  return Head::Complete;
}

Http1Connection::Head Http1Connection::refuse(const HeadFault& fault) {
  if (fault.limit != Limit::Count_) flow_.metrics.count_limit(fault.limit);
  head_ = {};
  head_.client_address = client_address_.text;
  head_.address_is_proxys = client_address_.is_proxys;
  head_.method = "GET";  // the answer has a body, whatever was asked
  transaction_.refuse(head_, fault.status, fault.what, true);
  begin_ = end_;
  keep_alive_ = false;
  return Head::Refused;
}

void Http1Connection::begin_request() {
  set_client(head_, client_address_, from_peer_, stream_.is_tls());
  keep_alive_ = parser_->keep_alive();
  if (head_.has_body) body_.begin(limits_.body_bytes);
  body_fault_ = {};
  transaction_.begin(head_, head_.has_body ? &body_ : nullptr);
  body_.limit(transaction_.body_limit());
}

// A response that was not written at once: waits, interim responses, a body that streams.
Awaitable<bool> Http1Connection::serve() {
  Step step = transaction_.advance();
  if (head_.has_body) start_body();
  while (step != Step::Respond) {
    if (step == Step::Interim) {
      if (!co_await write_text(transaction_.interim()) || !co_await write_text("\r\n")) break;
    } else {
      if (transaction_.waits_for_another() && wait_deadline_ == kNever) {
        arm(wait_deadline_, flow_.cache.follower_timeout);
      }
      co_await wakeup_.wait();
      if (wait_expired_) transaction_.waited_too_long();
      wait_expired_ = false;
    }
    if (expired_) break;
    if (body_fault_.status != 0) {
      transaction_.release();
      transaction_.refuse(head_, body_fault_.status, body_fault_.what, true);
    }
    step = transaction_.advance();
  }
  wait_deadline_ = kNever;
  const bool whole = step == Step::Respond && (part_count_ > 0 ? co_await write_parts() : true) &&
                     co_await write_response();
  if (reading_body_) co_await end_body();
  if (!whole) {
    finish_request(true);
    stream_.close(true);
    expired_ = true;
    co_return false;
  }
  co_return finish_request(false);
}

Awaitable<void> Http1Connection::linger() {
  arm(read_deadline_, kLinger);
  read_limit_ = Limit::IdleTimeout;
  co_await stream_.linger(kLingerBytes);
}

void Http1Connection::on_tick(Ticks now) {
  if (is_late(wait_deadline_, now)) {
    wait_expired_ = true;
    wakeup_.wake();
  }
  const bool read_late = is_late(read_deadline_, now);
  if (read_late) flow_.metrics.count_limit(read_limit_);
  const bool write_late = is_late(write_deadline_, now);
  if (write_late) flow_.metrics.count_limit(Limit::WriteTimeout);
  if (!read_late && !write_late) return;
  expired_ = true;
  stream_.cancel();
}

void Http1Connection::on_drain() {
  if (idle_ && begin_ == end_) stream_.cancel();
}

void Http1Connection::on_stop() {
  expired_ = true;
  if (interrupt_tunnel_) interrupt_tunnel_();
  stream_.cancel();
  wakeup_.wake();
  body_room_.wake();
}

}  // namespace brink::edge
