#include "edge/node.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <optional>
#include <thread>

#include "config/runtime/log.h"
#include "edge/admin_listener.h"
#include "edge/admin_stats.h"
#include "edge/listen_address.h"
#include "edge/node_purge.h"
#include "edge/node_tls.h"
#include "edge/node_warm.h"
#include "edge/shard.h"
#include "edge/store_metrics.h"
#include "origin/health_check.h"

namespace brink::edge {
namespace {

constexpr Millis kDrainPoll{20};
constexpr Millis kReclaimPause{0};
constexpr Millis kReclaimPoll{20};

store::MemoryStoreOptions store_options(const config::CacheOptions& cache) {
  store::MemoryStoreOptions out;
  out.ceiling_bytes = cache.memory;
  out.max_response_bytes = std::min(cache.max_response, cache.memory / 4);
  out.variants_per_key = cache.variants_per_key;
  return out;
}

// Everything of a configuration that can fail is made before anything is applied.
struct Prepared {
  std::vector<std::shared_ptr<origin::ServerGroup>> groups;
  std::shared_ptr<tiered::Ring> ring;
  std::vector<ListenerConfig> listeners;
  std::vector<std::optional<NodeTls::Use>> tls;  // of each listener, then of the admin listener
  std::shared_ptr<TokenRate> handshakes;

  ShardConfig for_shard(const config::Options& options) const {
    ShardConfig out;
    out.sites = std::make_shared<const SiteTable>(options.sites, groups);
    out.peers = std::make_shared<const PeerList>(options.node.peers);
    out.ring = ring;
    out.limits = options.limits;
    out.cache = options.cache;
    out.purge_methods = make_purge_methods(options.purge.methods);
    out.handshakes = handshakes;
    return out;
  }
};

class NodeImpl final : public Node {
 public:
  NodeImpl(const config::Options& options, const Clock& clock, NodeHooks hooks);
  ~NodeImpl() override;
  bool start_all(std::string& message);
  std::vector<std::uint16_t> ports() const override {
    const std::lock_guard lock(mutex_);
    return ports_;
  }
  std::uint16_t admin_port() const override { return admin_ ? admin_->port() : 0; }
  bool reload(const config::Options& options, std::string& message) override;
  void stop() override;

 private:
  std::optional<Prepared> prepare(const config::Options& options, std::string& message) const;
  bool prepare_tls(const config::Options& options, Prepared& out, std::string& message) const;
  void use_tls(Prepared& prepared);
  bool bind(const ListenerConfig& listener, std::size_t index, std::string& message);
  bool start_admin(std::string& message);
  bool open_purges(std::string& message);
  Readiness readiness() const;
  bool needs_restart(const config::Options& options, std::string& message) const;
  bool move_listeners(const config::Options& options, const Prepared& next, std::string& message);
  void reclaim_later();
  NodeFacts facts() const;
  std::size_t sessions() const;

  const Clock& clock_;
  SystemClock real_clock_;
  NodeHooks hooks_;
  config::Options options_;
  Identity identity_;
  MetricsRegistry metrics_;
  StoreMetrics store_metrics_;
  std::unique_ptr<store::Store> store_;
  CollapseTable collapse_;
  UncacheableMemory uncacheable_;
  InvalidationMarks invalidations_;
  PurgeState purges_;
  PurgeTarget purge_target_;
  Reclaimer reclaimer_;
  ConnectionLimits connections_;
  std::unique_ptr<AccessLog> access_log_;
  Prepared current_;
  std::vector<std::uint16_t> ports_;
  net::io_context control_{1};
  net::executor_work_guard<Executor> control_work_{control_.get_executor()};
  std::optional<NodeTls> tls_;  // outlives the connections
  std::shared_ptr<TlsSlot> admin_tls_ = std::make_shared<TlsSlot>();
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<origin::HealthChecker> health_;
  std::optional<Timer> reclaim_timer_;  // the control thread's
  std::unique_ptr<AuditLog> audit_;  // outlives purge_, whose answers it notes
  std::unique_ptr<NodePurge> purge_;
  std::unique_ptr<NodeWarm> warm_;
  std::thread control_thread_;
  std::unique_ptr<AdminListener> admin_;
  std::atomic<bool> ready_{false};
  mutable std::mutex mutex_;  // options_, current_, ports_: the admin thread reads them
  Ticks started_;
};

NodeImpl::NodeImpl(const config::Options& options, const Clock& clock, NodeHooks hooks)
    : clock_(clock),
      hooks_(std::move(hooks)),
      options_(options),
      identity_(options.node.name),
      store_metrics_(metrics_),
      store_(store::make_memory_store(store_options(options.cache))),
      purges_(options.purge),
      purge_target_(purges_, *store_, clock),
      reclaimer_(purges_, *store_, metrics_, [this](std::uint64_t n) { purge_->on_counted(n); }),
      started_(real_clock_.ticks()) {
  tls_.emplace(real_clock_, metrics_, control_);
}

NodeImpl::~NodeImpl() {
  admin_.reset();
  for (auto& shard : shards_) shard->stop();
  control_work_.reset();
  control_.stop();
  if (control_thread_.joinable()) control_thread_.join();
  purge_.reset();
  warm_.reset();
  reclaim_timer_.reset();
  health_.reset();  // belong to the control thread: only once that has ended
  shards_.clear();
}

bool NodeImpl::start_all(std::string& message) {
  access_log_ = make_access_log(options_.access_log, options_.node.name, metrics_, message);
  if (!access_log_) return false;
  auto prepared = prepare(options_, message);
  if (!prepared || !open_purges(message)) return false;
  current_ = std::move(*prepared);
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const unsigned workers = options_.node.workers == 0 ? cores : options_.node.workers;
  const NodeParts parts{clock_,         identity_,    *store_,  collapse_,   uncacheable_,
                        invalidations_, purges_,   connections_, metrics_, *access_log_, &purge_->method_purger(), &tls_->metrics()};
  for (unsigned i = 0; i < workers; ++i) {
    shards_.push_back(std::make_unique<Shard>(parts, current_.for_shard(options_)));
  }
  for (std::size_t i = 0; i < current_.listeners.size(); ++i) {
    if (!bind(current_.listeners[i], i, message)) return false;
    current_.listeners[i].endpoint.port(ports_.back());
  }
  purges_.set_sites(shards_.front()->config().sites);
  warm_ = std::make_unique<NodeWarm>(NodeWarm::Parts{purges_, real_clock_, metrics_, control_}, options_);
  warm_->use(shards_);
  reclaim_timer_.emplace(control_);
  reclaim_later();
  health_ = origin::make_health_checker(control_, real_clock_);
  health_->watch(current_.groups);
  use_tls(current_);
  control_thread_ = std::thread([this] { control_.run(); });
  purge_->start();
  auto events = purge_->events().prepare(options_.purge, message);
  if (!events) return false;
  purge_->events().commit(std::move(events));
  for (auto& shard : shards_) shard->run();
  ready_ = true;
  return start_admin(message);
}

bool NodeImpl::open_purges(std::string& message) {
  auto log = hooks_.purge_log;
  if (!log) log = open_purge_log(options_.purge, options_.node.name, real_clock_, metrics_, message);
  if (!log) return false;
  // The nodes of one process that share a log share its folder too.
  if (!hooks_.purge_log || !options_.admin.audit.path.empty()) {
    std::string why;
    audit_ = open_audit_log(options_, real_clock_, metrics_, why);
    if (!why.empty()) {
      message = why;
      return false;
    }
  }
  const NodePurge::Parts parts{purges_, purge_target_, real_clock_, metrics_, control_, audit_.get()};
  purge_ = std::make_unique<NodePurge>(options_, parts, std::move(log));
  return true;
}

Readiness NodeImpl::readiness() const {
  if (!ready_) return {false, "starting or draining"};
  if (const std::string why = purge_->not_ready(); !why.empty()) return {false, why};
  // Fenced nodes still answer, unless they were told not to.
  return {purges_.fenced != config::Fenced::Fail || !purge_->service().fenced(), purge_->fenced_note()};
}

std::optional<Prepared> NodeImpl::prepare(const config::Options& options, std::string& message) const {
  Prepared out;
  for (const config::SiteOptions& site : options.sites) {
    const auto same = std::find_if(options_.sites.begin(), options_.sites.end(),
                                   [&](const auto& old) { return old.name == site.name; });
    const auto index = static_cast<std::size_t>(same - options_.sites.begin());
    const origin::ServerGroup* previous = index < current_.groups.size() ? current_.groups[index].get() : nullptr;
    out.groups.push_back(origin::ServerGroup::create(site.origin, previous));
  }
  if (options.node.role == config::Role::Edge && !options.tier.regional.empty()) {
    out.ring = tiered::make_ring(options.tier, current_.ring.get());
  }
  for (const config::ListenOptions& listen : options.listen) {
    ListenerConfig listener;
    const auto endpoint = parse_listen_address(listen.address);
    if (!endpoint) {
      message = "cannot listen on " + listen.address + ": not an address and a port";
      return std::nullopt;
    }
    listener.endpoint = *endpoint;
    listener.protocols = {listen.http2, listen.h2c_upgrade};
    if (!listen.proxy_protocol.empty()) listener.proxies = std::make_shared<const PeerList>(listen.proxy_protocol);
    out.listeners.push_back(std::move(listener));
  }
  if (!prepare_tls(options, out, message)) return std::nullopt;
  return out;
}

bool NodeImpl::prepare_tls(const config::Options& options, Prepared& out, std::string& message) const {
  const auto add = [&](const std::optional<config::TlsOptions>& tls, const std::string& address, bool http2) {
    auto& use = out.tls.emplace_back();
    if (tls) use = tls_->prepare({*tls, address, http2}, message);
    return !tls || use.has_value();
  };
  for (std::size_t i = 0; i < options.listen.size(); ++i) {
    const config::ListenOptions& listen = options.listen[i];
    if (!add(listen.tls, listen.address, listen.http2)) return false;
    if (listen.tls) out.listeners[i].tls = out.tls.back()->context;
  }
  const std::uint32_t rate = options.limits.handshakes_per_second;
  const bool is_same = current_.handshakes && rate == options_.limits.handshakes_per_second;
  if (rate > 0) out.handshakes = is_same ? current_.handshakes : std::make_shared<TokenRate>(rate);
  return add(options.admin.tls, options.admin.address, false);
}

// From here on the control thread looks after them. REQUIRES: the listeners' ports are known.
void NodeImpl::use_tls(Prepared& prepared) {
  std::vector<NodeTls::Use> uses;
  admin_tls_->set(nullptr);
  for (std::size_t i = 0; i < prepared.tls.size(); ++i) {
    if (!prepared.tls[i]) continue;
    NodeTls::Use& use = uses.emplace_back(std::move(*prepared.tls[i]));
    if (i == prepared.listeners.size()) {
      admin_tls_->set(use.context);
      use.install = [slot = admin_tls_](const NodeTls::Context& context) { slot->set(context); };
      continue;
    }
    use.install = [this, listener = prepared.listeners[i]](const NodeTls::Context& context) {
      ListenerConfig changed = listener;
      changed.tls = context;
      for (auto& shard : shards_) shard->post([&shard, changed] { shard->change_listener(changed); });
    };
  }
  prepared.tls.clear();
  tls_->commit(std::move(uses));
}

// A few hundred responses at a time, as long as there are any to look at; then it looks for new purges now and then.
void NodeImpl::reclaim_later() {
  const bool more = reclaimer_.step();
  for (const auto& found : reclaimer_.take_warming()) warm_->warmer().start_after_purge(found.id, found.by, found.urls);
  reclaim_timer_->expires_after(more ? kReclaimPause : kReclaimPoll);
  reclaim_timer_->async_wait([this](error_code error) {
    if (!error) reclaim_later();
  });
}

// SO_REUSEPORT would let two nodes of one user share a port and split its clients unnoticed.
bool port_is_free(const net::ip::tcp::endpoint& endpoint, std::string& message) {
  if (endpoint.port() == 0) return true;
  net::io_context io;
  net::ip::tcp::acceptor probe(io);
  error_code error;
  probe.open(endpoint.protocol(), error);
  if (!error) probe.set_option(net::socket_base::reuse_address(true), error);
  if (!error) probe.bind(endpoint, error);
  if (!error) probe.listen(1, error);
  if (error) message = error.message();
  return !error;
}

// The first shard finds the port, the others share it (SO_REUSEPORT). Before run(), or on the caller's own account.
bool NodeImpl::bind(const ListenerConfig& listener, std::size_t index, std::string& message) {
  ListenerConfig each = listener;
  const bool is_free = port_is_free(listener.endpoint, message);
  for (auto& shard : shards_) {
    const std::uint16_t port = is_free ? shard->listen(each, message) : std::uint16_t{0};
    if (port == 0) {
      message = "cannot listen on " + options_.listen[index].address + ": " + message;
      return false;
    }
    each.endpoint.port(port);
  }
  ports_.push_back(each.endpoint.port());
  return true;
}

bool NodeImpl::start_admin(std::string& message) {
  if (options_.admin.address.empty()) return true;
  AdminHooks hooks;
  hooks.ready = [this] { return readiness(); };
  hooks.before_scrape = [this] {
    store_metrics_.update(store_->stats());
    purge_->service().update_metrics();
    purge_->events().update_metrics();
  };
  hooks.purges = &purge_->api();
  hooks.audit = audit_.get();
  hooks.warmer = &warm_->warmer();
  hooks.clock = &real_clock_;
  hooks.tls = admin_tls_;
  hooks.events = &purge_->events();
  hooks.reload = hooks_.reload;
  hooks.nodes_json = [this] { return nodes_json(facts(), metrics_); };
  hooks.stats_json = [this] { return stats_json(facts(), metrics_); };
  admin_ = AdminListener::start(options_.admin, metrics_, std::move(hooks), message);
  return admin_ != nullptr;
}

NodeFacts NodeImpl::facts() const {
  NodeFacts out;
  const std::lock_guard lock(mutex_);
  out.name = options_.node.name;
  out.pop = options_.node.pop;
  out.role = options_.node.role;
  out.uptime = std::chrono::duration_cast<Seconds>(real_clock_.ticks() - started_);
  out.is_ready = ready_;
  out.store = store_->stats();
  out.members = purge_->service().nodes();
  const Ticks now = real_clock_.ticks();
  if (current_.ring) out.upstreams.push_back({"regional", tiered::ring_group(*current_.ring)->status(now)});
  for (std::size_t i = 0; i < current_.groups.size(); ++i) {
    out.upstreams.push_back({options_.sites[i].name, current_.groups[i]->status(now)});
  }
  return out;
}

bool NodeImpl::needs_restart(const config::Options& options, std::string& message) const {
  const auto refuse = [&](std::string_view key) {
    message = std::string(key) + " cannot change while the node runs: restart it";
    return true;
  };
  if (options.node.name != options_.node.name) return refuse("node.name");
  if (options.node.workers != options_.node.workers) return refuse("node.workers");
  if (options.admin.address != options_.admin.address) return refuse("admin.address");
  if (options.cache.variants_per_key != options_.cache.variants_per_key) return refuse("cache.variants_per_key");
  const config::PurgeOptions& purge = options.purge;
  const config::PurgeOptions& old = options_.purge;
  if (purge.log != old.log || purge.path != old.path || purge.nats != old.nats) return refuse("purge.log");
  if (purge.retain != old.retain) return refuse("purge.retain");
  if (purge.matchers != old.matchers) return refuse("purge.matchers");
  if (purge.max_lag != old.max_lag) return refuse("purge.max_lag");
  if (purge.forget_node_after != old.forget_node_after) return refuse("purge.forget_node_after");
  if (purge.tags_per_response != old.tags_per_response) return refuse("purge.tags_per_response");
  if (purge.tag_bytes != old.tag_bytes) return refuse("purge.tag_bytes");
  if (purge.dead_letters.path != old.dead_letters.path) return refuse("purge.dead_letters.path");
  return false;
}

bool NodeImpl::reload(const config::Options& options, std::string& message) {
  if (needs_restart(options, message)) return false;
  auto next = prepare(options, message);
  auto events = next ? purge_->events().prepare(options.purge, message) : nullptr;
  if (!events || !move_listeners(options, *next, message)) return false;
  if (!access_log_->reconfigure(options.access_log, message)) return false;
  const auto limits = store_options(options.cache);
  store_->set_limits(limits.ceiling_bytes, limits.max_response_bytes);
  purges_.fenced = options.purge.fenced;
  purge_->events().commit(std::move(events));
  purges_.set_sites(std::make_shared<const SiteTable>(options.sites, next->groups));
  for (auto& shard : shards_) {
    ShardConfig config = next->for_shard(options);
    shard->call([&] { shard->apply(std::move(config)); });
  }
  net::post(control_, [this, groups = next->groups] { health_->watch(groups); });
  warm_->apply(options);
  use_tls(*next);
  if (admin_) admin_->set_access(options.admin);
  const std::lock_guard lock(mutex_);
  current_ = std::move(*next);
  options_ = options;
  return true;
}

// Opens what is new, gives the rest its new certificates, then closes what is gone. Same address = same socket.
bool NodeImpl::move_listeners(const config::Options& options, const Prepared& next, std::string& message) {
  std::vector<std::uint16_t> ports;
  std::vector<net::ip::tcp::endpoint> opened;
  std::vector<bool> kept(options_.listen.size(), false);
  auto& listeners = const_cast<Prepared&>(next).listeners;
  for (std::size_t i = 0; i < options.listen.size(); ++i) {
    // Several may ask for any port of one address: each old one is kept for one of them.
    const auto same = std::find_if(options_.listen.begin(), options_.listen.end(), [&](const auto& old) {
      return old.address == options.listen[i].address && !kept[static_cast<std::size_t>(&old - options_.listen.data())];
    });
    if (same != options_.listen.end()) {
      const auto index = static_cast<std::size_t>(same - options_.listen.begin());
      kept[index] = true;
      listeners[i].endpoint = current_.listeners[index].endpoint;
      ports.push_back(ports_[index]);
      continue;
    }
    ListenerConfig each = listeners[i];
    const bool is_free = port_is_free(each.endpoint, message);
    for (auto& shard : shards_) {
      std::uint16_t port = 0;
      if (is_free) shard->call([&] { port = shard->listen(each, message); });
      if (port == 0) {
        message = "cannot listen on " + options.listen[i].address + ": " + message;
        for (const auto& endpoint : opened) {
          for (auto& other : shards_) other->call([&] { other->close_listener(endpoint); });
        }
        return false;
      }
      each.endpoint.port(port);
    }
    listeners[i].endpoint = each.endpoint;
    opened.push_back(each.endpoint);
    ports.push_back(each.endpoint.port());
  }
  for (auto& shard : shards_) {
    shard->call([&] {
      for (const ListenerConfig& listener : listeners) shard->change_listener(listener);
      for (std::size_t i = 0; i < kept.size(); ++i) {
        if (!kept[i]) shard->close_listener(current_.listeners[i].endpoint);
      }
    });
  }
  const std::lock_guard lock(mutex_);
  ports_ = std::move(ports);
  return true;
}

std::size_t NodeImpl::sessions() const {
  std::size_t n = 0;
  for (const auto& shard : shards_) n += shard->sessions();
  return n;
}

void NodeImpl::stop() {
  ready_ = false;
  warm_->stop();
  for (auto& shard : shards_) {
    shard->post([&shard] { shard->drain(); });
  }
  const Ticks deadline = real_clock_.ticks() + options_.node.shutdown_grace;
  Timer timer(control_);
  while (sessions() > 0 && real_clock_.ticks() < deadline) {
    timer.expires_after(kDrainPoll);
    error_code ignored;
    timer.wait(ignored);
  }
  if (const std::size_t left = sessions(); left > 0) {
    log(LogLevel::Warning, "node",
        std::to_string(left) + " connections did not end within node.shutdown_grace and were closed");
  }
  admin_.reset();
  for (auto& shard : shards_) shard->stop();
  purge_->stop();
}

}  // namespace

std::unique_ptr<Node> Node::start(const config::Options& options, const Clock& clock, std::string& message,
                                  NodeHooks hooks) {
  auto node = std::make_unique<NodeImpl>(options, clock, std::move(hooks));
  if (!node->start_all(message)) return nullptr;
  return node;
}

}  // namespace brink::edge
