#include "edge/client_session.h"

#include <sys/socket.h>

#include <algorithm>

#include "config/runtime/log.h"
#include "edge/http2_session.h"
#include "edge/proxy_greeting.h"
#include "edge/shard.h"

namespace brink::edge {
namespace {

constexpr Millis kLinger{2'000};
constexpr std::size_t kLingerBytes = 64 * 1024;

// The place of a connection in ConnectionLimits.
class Admission {
 public:
  Admission(ConnectionLimits& connections, const Accepted& accepted)
      : connections_(connections), name_(accepted.address), named_(!accepted.proxied) {}
  ~Admission() { named_ ? connections_.leave(name_) : connections_.leave_nameless(); }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  bool name(const std::string& address, std::uint32_t limit) {
    name_ = address;
    return named_ = connections_.name(address, limit);
  }

 private:
  ConnectionLimits& connections_;
  std::string name_;
  bool named_;
};

// What comes before the first request: the time that it may take, and the end of the node meanwhile.
class Opening final : public SessionBase {
 public:
  Opening(Shard& shard, ClientStream& stream) : shard_(shard), stream_(stream) {
    shard_.enter(*this);
  }
  ~Opening() override { shard_.leave(*this); }

  Awaitable<bool> shake_hands() {
    arm(shard_.config().limits.handshake_timeout, Limit::HandshakeTimeout);
    const IoResult done = co_await stream_.handshake();
    if (!done.error || ended_) co_return !done.error && !ended_;
    failed_ = true;
    co_await linger();
    co_return false;
  }

  // True: `client` is who the proxy names, or stays the proxy itself.
  Awaitable<bool> read_client(ClientAddress& client) {
    arm(shard_.config().limits.header_timeout, Limit::HeaderTimeout);
    ProxyHeader header = co_await read_proxy_header(stream_.socket());
    if (header.state != ProxyHeader::State::Complete || ended_) {
      if (header.state == ProxyHeader::State::Malformed || late_) count_fault(header.fault, client.text);
      co_return false;
    }
    client.is_proxys = header.client.empty();
    if (!client.is_proxys) client.text = std::move(header.client);
    co_return true;
  }

  void on_tick(Ticks now) override {
    if (ended_ || now < deadline_) return;
    if (!failed_) shard_.flow().metrics.count_limit(limit_);
    late_ = true;
    on_stop();
  }
  void on_drain() override { on_stop(); }
  void on_stop() override {
    ended_ = true;
    stream_.cancel();
  }

 private:
  void count_fault(ProxyFault fault, const std::string& proxy) {
    const std::string what = fault == ProxyFault::None ? "no PROXY header came within limits.header_timeout"
                                                       : "the PROXY header is malformed (" + std::string(to_string(fault)) + ")";
    shard_.flow().metrics.count_fault(fault);
    if (fault != ProxyFault::None) shard_.flow().metrics.count_limit(Limit::ProxyHeader);
    log_limited(LogLevel::Warning, "proxy-header-" + std::string(to_string(fault)), "listen",
                "closed a connection of " + proxy + ", of listen[].proxy_protocol: " + what);
  }

  void arm(Millis after, Limit limit) {
    deadline_ = shard_.coarse_now() + after;
    limit_ = limit;
  }

  // The client is to get the alert that says what is wrong.
  Awaitable<void> linger() {
    deadline_ = std::min(deadline_, shard_.coarse_now() + kLinger);
    co_await stream_.linger(kLingerBytes);
  }

  Shard& shard_;
  ClientStream& stream_;
  Ticks deadline_ = Ticks::max();
  Limit limit_ = Limit::HeaderTimeout;
  bool ended_ = false;
  bool late_ = false;
  bool failed_ = false;
};

// The PROXY header and the handshake. False: the connection is to be closed.
Awaitable<bool> open_session(Shard& shard, ClientStream& stream, Admission& admission, bool proxied, ClientAddress& client) {
  Opening opening(shard, stream);
  if (proxied) {
    if (!co_await opening.read_client(client)) co_return false;
    if (!admission.name(client.text, shard.config().limits.connections_per_address)) {
      shard.flow().metrics.count_limit(Limit::ConnectionsPerAddress);
      refuse_connection(stream.socket(), stream.is_tls());
      co_return false;
    }
  }
  co_return !stream.is_tls() || co_await opening.shake_hands();
}

}  // namespace

void refuse_connection(Socket& socket, bool tls) {
  static constexpr char kAnswer[] =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
  if (!tls) (void)::send(socket.native_handle(), kAnswer, sizeof kAnswer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

Awaitable<void> client_session(Shard& shard, std::unique_ptr<ClientStream> stream, Accepted accepted, Protocols allowed) {
  Admission admission{shard.connections(), accepted};
  ClientAddress client{accepted.address};
  if (accepted.proxied || stream->is_tls()) {
    auto opened = open_session(shard, *stream, admission, accepted.proxied, client);
    if (!co_await std::move(opened)) co_return stream->close(stream->is_tls());
  }
  Handover handover;
  if (stream->alpn() != "h2") {
    handover = co_await http1_session(shard, *stream, client, allowed);
    if (!handover.to_http2) co_return;
  }
  co_await http2_session(shard, *stream, client, std::move(handover));
}

}  // namespace brink::edge
