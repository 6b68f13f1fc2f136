#pragma once
// One shard: one thread, one io_context, its own listeners, sessions, upstream pool and counters.

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "edge/asio.h"
#include "edge/collapse.h"
#include "edge/connection_limits.h"
#include "edge/fetch.h"
#include "edge/flow_context.h"
#include "edge/http1_session.h"
#include "edge/tls_metrics.h"
#include "edge/token_rate.h"
#include "tiered/tier_upstream.h"

namespace brink::edge {

// What a session lends its shard: its deadlines, checked a few times a second, and an ear for the end.
class SessionBase : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~SessionBase() = default;
  virtual void on_tick(Ticks now) = 0;
  virtual void on_drain() = 0;  // the node stops: idle connections end now
  virtual void on_stop() = 0;   // its grace is over: all end now
  virtual void on_reload() {}   // the shard has a new configuration

 protected:
  // Whether a deadline has passed; true once, since it is off then.
  static bool is_late(Ticks& deadline, Ticks now) {
    if (now < deadline) return false;
    deadline = Ticks::max();
    return true;
  }
};

// A configuration as a shard uses it; one copy per shard, replaced at reload.
struct ShardConfig {
  std::shared_ptr<const SiteTable> sites;
  std::shared_ptr<const PeerList> peers;
  std::shared_ptr<tiered::Ring> ring;  // null = straight to the origin
  config::ClientLimits limits;
  config::CacheOptions cache;
  std::shared_ptr<const PurgeMethods> purge_methods;  // null = off
  std::shared_ptr<TokenRate> handshakes;              // TLS, of the node; null = any number
};

// What all shards of a node share.
struct NodeParts {
  const Clock& clock;
  const Identity& identity;
  store::Store& store;
  CollapseTable& collapse;
  UncacheableMemory& uncacheable;
  InvalidationMarks& invalidations;
  PurgeState& purges;
  ConnectionLimits& connections;
  MetricsRegistry& metrics;
  AccessLog& access_log;
  MethodPurger* purger = nullptr;
  TlsMetrics* tls = nullptr;  // REQUIRES: set where a listener speaks TLS
};

// A listening socket's address and what is spoken there; a reload may replace the latter for connections to come.
struct ListenerConfig {
  net::ip::tcp::endpoint endpoint;
  std::shared_ptr<net::ssl::context> tls;  // null = clear text
  Protocols protocols;
  std::shared_ptr<const PeerList> proxies;  // whose connections begin with a PROXY header; null = nobody's
};

class Shard final : public ShardPort {
 public:
  Shard(const NodeParts& parts, ShardConfig config);
  ~Shard() override;

  // Before run(), or on the shard's thread: opens a listener with SO_REUSEPORT. Returns the bound port, 0 on failure.
  std::uint16_t listen(const ListenerConfig& listener, std::string& message);
  void run();                           // starts the thread
  void post(std::function<void()> f) override;
  // On the shard's thread, and waits for it.
  void call(const std::function<void()>& f);
  void apply(ShardConfig config);       // shard's thread
  void close_listener(const net::ip::tcp::endpoint& endpoint);
  void change_listener(const ListenerConfig& listener);  // for connections to come
  void drain();                         // shard's thread: no new connections, idle ones end
  void stop();                          // any thread: ends everything, joins

  net::io_context& io() { return io_; }
  FlowContext& flow() { return flow_; }
  const ShardConfig& config() const { return config_; }
  ConnectionLimits& connections() { return parts_.connections; }
  const NodeParts& parts() const { return parts_; }
  bool draining() const { return draining_; }
  Ticks coarse_now() const { return coarse_now_; }  // at most one tick old
  std::size_t sessions() const { return session_count_.load(); }
  // A session, and whether a connection of a client's is behind it.
  enum class Whose : std::uint8_t { Clients, Nobodys };
  void enter(SessionBase& session, Whose whose = Whose::Clients);
  void leave(SessionBase& session, Whose whose = Whose::Clients);

 private:
  struct Listener;
  Awaitable<void> accept_loop(std::shared_ptr<Listener> listener);
  Awaitable<void> tick_loop();
  bool may_shake_hands();
  void admit(Socket socket, const Listener& listener);

  NodeParts parts_;
  ShardConfig config_;
  net::io_context io_{1};
  net::executor_work_guard<Executor> work_;
  EdgeMetrics metrics_;
  std::unique_ptr<AccessLog::Producer> access_log_;
  std::unique_ptr<tiered::TierUpstream> upstream_;
  FetchSet fetches_;
  FlowContext flow_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  boost::intrusive::list<SessionBase, boost::intrusive::constant_time_size<false>> sessions_;
  std::atomic<std::size_t> session_count_{0};
  SystemClock socket_clock_;  // time-outs of sockets are real, also where a test moves the other clock
  Ticks coarse_now_{};
  Timer tick_timer_;
  bool draining_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace brink::edge
