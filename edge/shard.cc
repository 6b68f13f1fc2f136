#include "edge/shard.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <future>

#include "config/runtime/log.h"
#include "edge/client_session.h"
#include "edge/client_stream.h"

namespace brink::edge {
namespace {

constexpr Millis kTick{100};
constexpr Millis kAcceptPause{100};
constexpr int kBacklog = 4096;
using ReusePort = net::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

}  // namespace

struct Shard::Listener {
  Listener(net::io_context& io, net::ip::tcp::endpoint at) : endpoint(at), acceptor(io.get_executor()), pause(io) {}
  net::ip::tcp::endpoint endpoint;
  net::basic_socket_acceptor<net::ip::tcp, Executor> acceptor;
  std::shared_ptr<net::ssl::context> tls;
  Protocols protocols;
  std::shared_ptr<const PeerList> proxies;
  Timer pause;
};

Shard::Shard(const NodeParts& parts, ShardConfig config)
    : parts_(parts),
      config_(std::move(config)),
      work_(io_.get_executor()),
      metrics_(parts.metrics),
      access_log_(parts.access_log.make_producer()),
      upstream_(tiered::make_tier_upstream(io_, parts.clock, parts.metrics, config_.ring)),
      flow_{parts.clock,     parts.store,     parts.collapse, parts.uncacheable, parts.invalidations, parts.purges, *upstream_,    fetches_,
            metrics_,        *access_log_,    *this,          parts.identity,    config_.sites, config_.cache, {}, config_.purge_methods, parts.purger},
      coarse_now_(socket_clock_.ticks()),
      tick_timer_(io_) {}

Shard::~Shard() { stop(); }

std::uint16_t Shard::listen(const ListenerConfig& config, std::string& message) {
  auto listener = std::make_shared<Listener>(io_, config.endpoint);
  listener->tls = config.tls;
  listener->protocols = config.protocols;
  listener->proxies = config.proxies;
  auto& acceptor = listener->acceptor;
  error_code error;
  acceptor.open(config.endpoint.protocol(), error);
  if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(config.endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) {
    message = error.message();
    return 0;
  }
  listener->endpoint.port(acceptor.local_endpoint().port());
  listeners_.push_back(listener);
  net::co_spawn(io_, accept_loop(listener), net::detached);
  return listener->endpoint.port();
}

void Shard::run() {
  net::co_spawn(io_, tick_loop(), net::detached);
  thread_ = std::thread([this] { io_.run(); });
}

void Shard::post(std::function<void()> f) { net::post(io_, std::move(f)); }

void Shard::call(const std::function<void()>& f) {
  std::promise<void> done;
  post([&] {
    f();
    done.set_value();
  });
  done.get_future().wait();
}

void Shard::apply(ShardConfig config) {
  config_ = std::move(config);
  flow_.sites = config_.sites;
  flow_.cache = config_.cache;
  flow_.purge_methods = config_.purge_methods;
  upstream_->set_ring(config_.ring);
  for (SessionBase& session : sessions_) session.on_reload();
}

void Shard::close_listener(const net::ip::tcp::endpoint& endpoint) {
  std::erase_if(listeners_, [&](const auto& listener) {
    if (listener->endpoint != endpoint) return false;
    error_code ignored;
    listener->acceptor.close(ignored);
    listener->pause.cancel();
    return true;
  });
}

void Shard::change_listener(const ListenerConfig& config) {
  for (const auto& listener : listeners_) {
    if (listener->endpoint != config.endpoint) continue;
    listener->tls = config.tls;
    listener->protocols = config.protocols;
    listener->proxies = config.proxies;
  }
}

void Shard::drain() {
  draining_ = true;
  for (const auto& listener : listeners_) {
    error_code ignored;
    listener->acceptor.close(ignored);
    listener->pause.cancel();
  }
  for (SessionBase& session : sessions_) session.on_drain();
}

void Shard::stop() {
  if (!thread_.joinable()) return;
  post([this] {
    drain();
    stopping_ = true;
    for (SessionBase& session : sessions_) session.on_stop();
    fetches_.cancel_all();
    tick_timer_.cancel();
  });
  thread_.join();
}

void Shard::enter(SessionBase& session, Whose whose) {
  sessions_.push_back(session);
  ++session_count_;
  if (whose == Whose::Clients) metrics_.connections.add(1);
}

void Shard::leave(SessionBase& session, Whose whose) {
  session.unlink();
  --session_count_;
  if (whose == Whose::Clients) metrics_.connections.add(-1);
}

Awaitable<void> Shard::accept_loop(std::shared_ptr<Listener> listener) {
  while (listener->acceptor.is_open()) {
    Socket socket(io_.get_executor());
    auto [error] = co_await listener->acceptor.async_accept(socket, kAwait);
    if (!error) {
      admit(std::move(socket), *listener);
      continue;
    }
    if (!listener->acceptor.is_open()) co_return;
    log_limited(LogLevel::Error, "accept", "shard", "cannot accept a connection: " + error.message());
    listener->pause.expires_after(kAcceptPause);
    co_await listener->pause.async_wait(kAwait);
  }
}

// A handshake costs a thousand hits; what is too many is turned away before it.
bool Shard::may_shake_hands() {
  if (!config_.handshakes || !config_.handshakes->take(socket_clock_.ticks())) return true;
  metrics_.count_limit(Limit::Handshakes);
  parts_.tls->count_failed(TlsFailure::Rate);
  return false;
}

void Shard::admit(Socket socket, const Listener& listener) {
  if (listener.tls && !may_shake_hands()) return;
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;
  socket.set_option(net::ip::tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  Accepted client{peer.address().to_string(), false};
  client.proxied = listener.proxies && listener.proxies->contains(client.address);
  const std::uint32_t node_limit = config_.limits.connections;
  auto verdict = ConnectionLimits::Verdict::Admitted;
  if (!client.proxied) {
    verdict = connections().admit(client.address, node_limit, config_.limits.connections_per_address);
  } else if (!connections().admit_nameless(node_limit)) {
    verdict = ConnectionLimits::Verdict::NodeFull;
  }
  if (verdict != ConnectionLimits::Verdict::Admitted) {
    metrics_.count_limit(verdict == ConnectionLimits::Verdict::NodeFull ? Limit::Connections
                                                                        : Limit::ConnectionsPerAddress);
    return refuse_connection(socket, listener.tls != nullptr);
  }
  metrics_.connections_accepted.add();
  auto stream = listener.tls ? make_tls_stream(std::move(socket), listener.tls) : make_plain_stream(std::move(socket));
  net::co_spawn(io_, client_session(*this, std::move(stream), std::move(client), listener.protocols), net::detached);
}

// Deadlines are checked here instead of with a timer per operation. The last thing a shard does: its thread ends when the
// sessions are gone and the upstream client has let go of its sockets.
Awaitable<void> Shard::tick_loop() {
  while (!stopping_ || session_count_ > 0) {
    tick_timer_.expires_after(kTick);
    co_await tick_timer_.async_wait(kAwait);
    coarse_now_ = socket_clock_.ticks();
    for (auto it = sessions_.begin(); it != sessions_.end();) {
      SessionBase& session = *it++;
      session.on_tick(coarse_now_);
    }
    const std::size_t cut = parts_.store.sweep(coarse_now_, config_.limits.slow_reader_timeout);
    if (cut > 0) metrics_.count_limit(Limit::SlowReaders, cut);
  }
  fetches_.cancel_all();
  upstream_.reset();
  work_.reset();
}

}  // namespace brink::edge
