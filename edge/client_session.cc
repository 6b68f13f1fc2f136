#include "edge/client_session.h"

#include "edge/http2_session.h"
#include "edge/shard.h"

namespace brink::edge {
namespace {

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
    co_return !done.error && !ended_;
  }

  void on_tick(Ticks now) override {
    if (ended_ || now < deadline_) return;
    shard_.flow().metrics.count_limit(Limit::HandshakeTimeout);
    on_stop();
  }
  void on_drain() override { on_stop(); }
  void on_stop() override {
    ended_ = true;
    stream_.cancel();
  }

 private:
  Shard& shard_;
  ClientStream& stream_;
  const Ticks deadline_;
  bool ended_ = false;
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
