#include "edge/client_session.h"

#include <algorithm>
#include <array>

#include "edge/http2_session.h"
#include "edge/shard.h"

namespace brink::edge {
namespace {

constexpr Millis kLinger{2'000};
constexpr std::size_t kLingerBytes = 64 * 1024;

struct Admission {
  ConnectionLimits& connections;
  const std::string& address;
  ~Admission() { connections.leave(address); }
};

// The time that a handshake may take, and the end of the node during one.
class Handshake final : public SessionBase {
 public:
  Handshake(Shard& shard, ClientStream& stream)
      : shard_(shard), stream_(stream), deadline_(shard.coarse_now() + shard.config().limits.handshake_timeout) {
    shard_.enter(*this);
  }
  ~Handshake() override { shard_.leave(*this); }

  Awaitable<bool> run() {
    const IoResult done = co_await stream_.handshake();
    if (!done.error || ended_) co_return !done.error && !ended_;
    failed_ = true;
    co_await linger();
    co_return false;
  }

  void on_tick(Ticks now) override {
    if (ended_ || now < deadline_) return;
    if (!failed_) shard_.flow().metrics.count_limit(Limit::HandshakeTimeout);
    on_stop();
  }
  void on_drain() override { on_stop(); }
  void on_stop() override {
    ended_ = true;
    stream_.cancel();
  }

 private:
  // The client may have sent more already; a reset would take the alert away that says what is wrong.
  Awaitable<void> linger() {
    deadline_ = std::min(deadline_, shard_.coarse_now() + kLinger);
    error_code error;
    stream_.socket().shutdown(Socket::shutdown_send, error);
    std::array<char, 4096> ignored;
    for (std::size_t total = 0; !error && total < kLingerBytes;) {
      auto [read_error, n] = co_await stream_.socket().async_read_some(net::buffer(ignored), kAwait);
      error = read_error;
      total += n;
    }
  }

  Shard& shard_;
  ClientStream& stream_;
  Ticks deadline_;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace

Awaitable<void> client_session(Shard& shard, std::unique_ptr<ClientStream> stream, std::string client_address,
                               Protocols allowed) {
  const Admission admission{shard.connections(), client_address};
  if (stream->is_tls()) {
    Handshake handshake(shard, *stream);
    if (!co_await handshake.run()) co_return stream->close(true);
  }
  Handover handover;
  if (stream->alpn() != "h2") {
    handover = co_await http1_session(shard, *stream, client_address, allowed);
    if (!handover.to_http2) co_return;
  }
  co_await http2_session(shard, *stream, client_address, std::move(handover));
}

}  // namespace brink::edge
