#include "tests/sim/world.h"

#include <algorithm>

#include "tests/sim/fake_origin.h"
#include "tests/sim/page_client.h"
#include "tests/sim/range_client.h"
#include "tests/sim/range_origin.h"
#include "tests/sim/seeded_random.h"

namespace brink::sim {
namespace {

constexpr std::size_t kShards = 3;
constexpr std::size_t kResources = 6;
constexpr std::uint64_t kCeiling = 512 * 1024;
constexpr TimePoint kStart{Seconds{1'795'000'000}};

}  // namespace

SimShard::SimShard(World& world, std::size_t)
    : world_(world),
      metrics_(std::make_unique<edge::EdgeMetrics>(world.metrics_)),
      access_log_(world.access_log_->make_producer()),
      upstream_(world.large ? make_range_upstream(world) : make_fake_upstream(world)) {
  config::CacheOptions cache;
  cache.uncacheable_memory = Seconds{20};
  if (world.large && world.profile.faults) {
    cache.uncacheable_memory = Seconds{2};
    if (world.random.chance(0.2))
      cache.fetches = 3 + static_cast<std::uint32_t>(world.random.below(4));
    if (world.random.chance(0.2))
      cache.followers_per_fetch = 1 + static_cast<std::uint32_t>(world.random.below(3));
  }
  flow_.reset(new edge::FlowContext{world.clock, *world.store_, world.collapse_, world.uncacheable_,
                                    world.invalidations_, world.purges_, *upstream_, fetches_, *metrics_,
                                    *access_log_, *this, world.identity_, world.sites_, cache});
}

SimShard::~SimShard() {
  fetches_.cancel_all();
}

void SimShard::post(std::function<void()> f) {
  world_.post(std::move(f));
}

World::World(std::uint64_t seed, Profile p) : clock(kStart), random(seed), profile(p) {
  seed_secure_random(seed);
  purges_.position.trust_always();
  make_resources();
  make_store();
  make_sites();
  std::string message;
  config::AccessLogOptions log;
  log.to = "none";
  log.queue = 64;  // a world is made thousands of times
  access_log_ = edge::make_access_log(log, "sim", metrics_, message);
  for (std::size_t i = 0; i < kShards; ++i)
    shards_.push_back(std::make_unique<SimShard>(*this, i));
}

void World::make_resources() {
  if (profile.ranges) large = std::make_unique<Representations>(random.next(), profile.faults);
  for (std::size_t i = 0; i < kResources; ++i) {
    Resource r;
    r.kind = profile.faults ? static_cast<Resource::Kind>(random.below(6))
                            : (i % 2 ? Resource::Kind::Chunked : Resource::Kind::Fresh);
    r.swr_s = random.chance(0.4) ? 4 : 0;
    r.sie_s = random.chance(0.4) ? 30 : 0;
    resources_.push_back(r);
  }
}

void World::make_store() {
  edge::store::MemoryStoreOptions options;
  ceiling_ = kCeiling;
  options.stripes = 4;
  options.window_bytes = 4096;
  if (profile.ranges &&
      profile
          .faults) {  // from "slices and maps are evicted all the time" to "there is room for all"
    ceiling_ = (96 + random.below(5) * 64) * 1024;
    options.stripes = 1;
    if (random.chance(0.3)) {
      options.refuse_charge = [this](std::uint64_t) { return refuses_ && random.chance(0.01); };
    }
  }
  options.ceiling_bytes = ceiling_;
  options.max_response_bytes = ceiling_ / (profile.ranges ? 1 + random.below(8) : 4);
  store_ = edge::store::make_memory_store(options);
  empty_bytes_ = store_->stats().bytes_used;
}

void World::make_sites() {
  config::SiteOptions site;
  site.name = "sim";
  site.hosts = {"*"};
  site.origin.servers = {"http://127.0.0.1:1"};
  if (large) {
    site.rules.slice_size = large->slice_bytes;
    site.rules.slice_from = large->slice_from;
    site.rules.stale_if_unreachable = Seconds{20};
  }
  sites_ = std::make_shared<const edge::SiteTable>(
      std::vector{site}, std::vector{origin::ServerGroup::create(site.origin, nullptr)});
}

World::~World() {
  clients_.clear();
  shards_.clear();
}

Resource& World::resource(std::string_view target) {
  return resources_[static_cast<std::size_t>(target[2] - '0')];
}

std::size_t World::content_length(std::string_view target, std::uint32_t version) const {
  const Resource& r = resources_[static_cast<std::size_t>(target[2] - '0')];
  if (r.kind == Resource::Kind::Big) return 150'000 + version;  // more than may be stored
  return 10 + (version * 7919U + static_cast<unsigned char>(target[2])) % 9000;
}

std::string World::content(std::string_view target, std::uint32_t version,
                           std::string_view flavour) const {
  const std::string unit =
      std::string(target) + ".v" + std::to_string(version) + "." + std::string(flavour) + " ";
  std::string out;
  const std::size_t length = content_length(target, version);
  while (out.size() < length)
    out += unit;
  out.resize(length);
  return out;
}

void World::after(Millis delay, std::function<void()> f) {
  later_.emplace(clock.now() + delay, std::move(f));
}

void World::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

// One thing happens: something posted, or time passes to the next thing that is due.
bool World::step() {
  if (!ready_.empty()) {
    // Posts of one shard keep their order in the product; here any order must do.
    const std::size_t pick = random.below(ready_.size());
    std::swap(ready_[pick], ready_.back());
    const auto f = std::move(ready_.back().run);
    ready_.pop_back();
    take_turn(f);
    return true;
  }
  if (later_.empty()) return false;
  const auto next = later_.begin();
  if (next->first > clock.now()) clock.advance(next->first - clock.now());
  const auto f = std::move(next->second);
  later_.erase(next);
  take_turn(f);
  return true;
}

void World::take_turn(const std::function<void()>& f) {
  const std::size_t before = ready_.size();
  f();
  std::stable_sort(ready_.begin() + static_cast<std::ptrdiff_t>(before), ready_.end(),
                   [](const Ready& a, const Ready& b) { return a.client < b.client; });
}

void World::start_client(std::size_t number) {
  SimShard& shard = *shards_[random.below(shards_.size())];
  if (profile.ranges) {
    clients_.push_back(std::make_unique<RangeClient>(*this, shard, number));
  } else {
    clients_.push_back(std::make_unique<PageClient>(*this, shard, number));
  }
  Client* client = clients_.back().get();
  shard.post([client] { client->begin(); });
}

void World::change_something() {
  if (!large) {
    ++resources_[random.below(kResources)].version;
  } else if (profile.faults) {
    ++large->all()[random.below(Representations::kCount)].version;
  }
}

void World::plan() {
  Millis at{0};
  for (std::size_t i = 0; i < profile.requests; ++i) {
    if (!random.chance(0.5)) at += Millis(random.below(1500));
    after(at, [this, i] { start_client(i); });
    if (random.chance(0.15)) after(at, [this] { change_something(); });
  }
  if (!large) return;
  for (Millis t{0}; t < at + Millis(5000); t += Millis(500)) {
    after(t, [this] { store_->sweep(clock.ticks(), Millis(10'000)); });
  }
}

std::string World::run() {
  plan();
  std::size_t steps = 0;
  while (failure_.empty() && step()) {
    if (++steps > 500'000) fail("it does not come to an end");
    if (store_->stats().bytes_used > ceiling_) fail("the store is above its ceiling");
    if (profile.faults) continue;
    for (const auto& [name, n] : active) {
      if (n > 2) fail("more than one fetch and one validation at once for " + name);
    }
  }
  if (failure_.empty()) check_end();
  if (failure_.empty() && large) check_nothing_is_left();
  return failure_;
}

void World::check_end() {
  for (const auto& client : clients_) {
    if (!client->done()) fail("never answered: " + client->describe());
  }
  if (collapse_.size() != 0) fail("the collapse table is not empty at the end");
  for (const auto& shard : shards_) {
    if (shard->fetches_.size() != 0) fail("a fetch did not end");
  }
}

// What the keys hold is dropped; with it must go all slices, and all memory.
void World::check_nothing_is_left() {
  refuses_ = false;
  clients_.clear();
  std::string buffer;
  for (const LargeResource& resource : large->all()) {
    store_->invalidate(edge::cache::make_cache_key(
        {.scheme = "http", .host = "sim.test", .target = resource.target}, buffer));
  }
  for (int i = 0; i < 4; ++i)
    store_->sweep(clock.ticks(), Millis(10'000));
  const auto stats = store_->stats();
  if (stats.responses != 0) {
    fail(std::to_string(stats.responses) + " responses of " +
         std::to_string(stats.bytes_used - empty_bytes_) + " bytes are left behind in the store");
  } else if (stats.bytes_used != empty_bytes_) {
    fail("an empty store takes " + std::to_string(stats.bytes_used) + " bytes, it was " +
         std::to_string(empty_bytes_));
  }
}

}  // namespace brink::sim
