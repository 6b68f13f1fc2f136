#include "tests/sim/purge_node.h"

#include "tests/sim/purge_session.h"
#include "tests/sim/purge_upstream.h"

namespace brink::purgesim {
namespace {

constexpr std::uint64_t kCeiling = 2 << 20;
constexpr std::size_t kNamesMax = 8;

config::SiteOptions site_options(const char* name, std::vector<std::string> hosts) {
  config::SiteOptions site;
  site.name = name;
  site.hosts = std::move(hosts);
  site.origin.servers = {"http://127.0.0.1:1"};
  site.rules.slice_size = 512;
  site.rules.slice_from = 1024;
  site.rules.stale_if_unreachable = Seconds{15};
  return site;
}

edge::store::MemoryStoreOptions store_options() {
  edge::store::MemoryStoreOptions options;
  options.ceiling_bytes = kCeiling;
  options.max_response_bytes = kCeiling / 4;
  options.stripes = 4;
  options.window_bytes = 4096;
  return options;
}

config::PurgeOptions purge_options(World& world) {
  config::PurgeOptions options;
  options.max_lag = world.settings.max_lag;
  options.fenced = world.settings.fenced;
  if (world.random.chance(0.1)) options.matchers = 1;
  return options;
}

config::CacheOptions cache_options() {
  config::CacheOptions options;
  options.uncacheable_memory = Seconds{2};
  return options;
}

}  // namespace

Parts::Parts() {
  std::string message;
  config::AccessLogOptions options;
  options.to = "none";
  options.queue = 64;  // a world is made thousands of times
  log = edge::make_access_log(options, "sim", registry, message);
  producer = log->make_producer();
  const std::vector<config::SiteOptions> all = {site_options("A", {"a.test", "b.test"}),
                                                site_options("B", {"c.test"})};
  std::vector<std::shared_ptr<origin::ServerGroup>> groups;
  for (const config::SiteOptions& site : all)
    groups.push_back(origin::ServerGroup::create(site.origin, nullptr));
  sites = std::make_shared<const edge::SiteTable>(all, groups);
  for (std::size_t i = 0; i < kNamesMax; ++i)
    identities.emplace_back("n" + std::to_string(i));
}

Shard::Shard(Node& node) : node_(node), upstream_(make_upstream(node)) {
  Process& process = node.process();
  Parts& parts = node.world_.parts;
  flow_.reset(new edge::FlowContext{node.world_.clock, *process.store, process.collapse,
                                    process.uncacheable, process.invalidations, process.purges,
                                    *upstream_, fetches_, parts.metrics, *parts.producer, *this,
                                    parts.identities[node.number()], parts.sites, cache_options()});
}

Shard::~Shard() {
  fetches_.cancel_all();
}

void Shard::post(std::function<void()> f) {
  if (!node_.dying_) node_.world_.post(node_.now_running(), 0, std::move(f));
}

Process::Process(Node& node)
    : store(edge::store::make_memory_store(store_options())),
      purges(purge_options(node.world_)),
      target(purges, *store, node.world_.clock),
      reclaimer(purges, *store, node.world_.parts.registry, nullptr),
      empty_bytes(store->stats().bytes_used) {
  purges.set_log_id("sim");
  purges.set_sites(node.world_.parts.sites);
}

Process::~Process() {
  sessions.clear();
  shards.clear();
}

Node::Node(World& world, std::size_t number) : world_(world), number_(number) {}

Node::~Node() {
  if (is_up()) crash();
}

const std::string& Node::name() const {
  return world_.parts.identities[number_].name;
}

Shard& Node::some_shard() {
  auto& shards = process_->shards;
  return *shards[world_.random.below(shards.size())];
}

void Node::boot() {
  ++run_;
  joined = false;
  inbox.clear();
  delivering_ = false;
  process_ = std::make_unique<Process>(*this);
  const std::size_t shards = 1 + world_.random.below(2);
  for (std::size_t i = 0; i < shards; ++i)
    process_->shards.push_back(std::make_unique<Shard>(*this));
  world_.log->attach(*this);
  world_.log->join(*this);
  beat();
  reclaim_later();
}

// What it had goes away with it; its events are those of a run that is over.
void Node::crash() {
  dying_ = true;
  process_.reset();
  dying_ = false;
  ++run_;
  inbox.clear();
}

void Node::end_of(Session& session) {
  const auto it = process_->sessions.find(session.id());
  if (it == process_->sessions.end()) return;
  world_.bury(std::move(it->second));
  process_->sessions.erase(it);
}

void Node::deliver_later() {
  if (delivering_ || inbox.empty() || cut_off) return;
  delivering_ = true;
  Random& random = world_.random;
  const bool behind = inbox.size() > 1;  // they come in a batch
  const auto bound = static_cast<std::uint64_t>(world_.quiet ? 20 : usual_lag.count());
  const Millis lag = behind && random.chance(0.7) ? Millis(1) : Millis(random.below(bound + 1));
  world_.after(lag, now_running(), [this] {
    delivering_ = false;
    if (!cut_off && !inbox.empty()) {
      deliver();
    } else {
      deliver_later();
    }
  });
}

// Requests may come between a record's being in force and the position's saying so.
void Node::deliver() {
  const LogItem item = inbox.front();
  inbox.pop_front();
  apply(item);
  const auto go_on = [this, item] {
    delivering_ = false;
    last_heard = world_.clock.now();  // receipts and reports go the same way
    have_applied(item);
    deliver_later();
  };
  if (!world_.random.chance(0.3)) return go_on();
  delivering_ = true;
  world_.after(Millis(world_.random.below(60)), now_running(), go_on);
}

void Node::apply(const LogItem& item) {
  if (item.kind == LogItem::Kind::Lost) {
    world_.note([&] { return name() + " has lost up to " + std::to_string(item.sequence); });
    process_->target.lost_until(item.sequence);
  } else if (item.kind == LogItem::Kind::Record) {
    world_.note([&] { return name() + " applies " + std::to_string(item.sequence); });
    process_->target.apply(world_.log->at(item.sequence).record, item.replayed);
    world_.log->note_applied(item.sequence);
  }
}

void Node::have_applied(const LogItem& item) {
  edge::PurgeState& purges = process_->purges;
  if (item.kind == LogItem::Kind::Marker) {
    if (joined) purges.position.trust(item.sent, world_.settings.max_lag);
    return;
  }
  purges.position.set_applied(item.sequence);
  if (item.kind == LogItem::Kind::Record) note_membership(world_.log->at(item.sequence).record);
  world_.log->look_for_acknowledged();
}

void Node::note_membership(const purge::Record& record) {
  using Kind = purge::Record::Kind;
  if (record.sequence == join_wanted) joined = true;
  if (record.kind != Kind::Leave || record.node != name() || record.sequence < join_wanted) return;
  joined = false;
  process_->purges.position.distrust();
  world_.after(Millis(world_.random.below(300)), now_running(),
               [this] { world_.log->join(*this); });
}

void Node::beat() {
  world_.after(world_.settings.heartbeat, {this, run_}, [this] { beat(); });
  world_.log->heartbeat(*this);
}

void Node::reclaim_later() {
  world_.after(Millis(10 + world_.random.below(2500)), {this, run_}, [this] {
    std::size_t steps = world_.random.below(4);
    while (steps-- > 0 && process_->reclaimer.step()) {
    }
    process_->store->sweep(world_.clock.ticks(), Millis(10'000));
    reclaim_later();
  });
}

}  // namespace brink::purgesim
