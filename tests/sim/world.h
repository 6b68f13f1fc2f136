#pragma once
// A node's request flow, collapse and store without sockets or threads: seeded, on a virtual clock.
//
// Everything that is posted waits in one queue from which the seed picks the next; delays wait in a
// second one, by time. The same seed gives the same run, so a failure is a seed.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/runtime/random.h"
#include "edge/collapse.h"
#include "edge/fetch.h"
#include "edge/flow_context.h"
#include "edge/transaction.h"
#include "tests/sim/representation.h"

namespace brink::sim {

// What the made-up origin does with a URL; fixed per URL by the seed.
struct Resource {
  enum class Kind : std::uint8_t { Fresh, Revalidated, NoStore, Varied, Chunked, Big };
  Kind kind = Kind::Fresh;
  std::uint32_t version = 1;
  std::uint32_t max_age_s = 5;
  std::uint32_t swr_s = 0;
  std::uint32_t sie_s = 0;
};

struct Profile {
  bool faults = true;  // errors, cuts, 5xx, slow and leaving clients, odd requests
  std::size_t requests = 60;
  bool ranges = false;  // large representations in slices, and requests for parts of them
};

class World;

// One shard: a thread's worth of state, run by the world.
class SimShard final : public edge::ShardPort {
 public:
  SimShard(World& world, std::size_t index);
  ~SimShard() override;
  void post(std::function<void()> f) override;
  edge::FlowContext& flow() { return *flow_; }

 private:
  friend class World;
  World& world_;
  std::unique_ptr<edge::EdgeMetrics> metrics_;
  std::unique_ptr<edge::AccessLog::Producer> access_log_;
  std::unique_ptr<origin::Upstream> upstream_;
  edge::FetchSet fetches_;
  std::unique_ptr<edge::FlowContext> flow_;
};

class World {
 public:
  World(std::uint64_t seed, Profile profile);
  ~World();
  // Runs to the end; the text of the first broken promise, or empty.
  std::string run();

  void post(std::function<void()> f) { ready_.push_back({0, std::move(f)}); }
  // Woken clients come in no order of their own: who waits is kept by address.
  void post_of(std::size_t client, std::function<void()> f) {
    ready_.push_back({client + 1, std::move(f)});
  }
  void after(Millis delay, std::function<void()> f);
  void fail(const std::string& what);

  Resource& resource(std::string_view target);
  std::string content(std::string_view target, std::uint32_t version,
                      std::string_view flavour) const;
  std::size_t content_length(std::string_view target, std::uint32_t version) const;

  VirtualClock clock;
  Random random;
  const Profile profile;
  std::uint64_t generations = 0;                    // answers the origin has begun
  std::map<std::uint64_t, TimePoint> generated_at;  // X-Gen → when
  std::map<std::string, int> active;                // fetches under way per URL and flavour
  std::unique_ptr<Representations> large;           // Profile::ranges

 private:
  friend class SimShard;
  struct Ready {
    std::size_t client = 0;
    std::function<void()> run;
  };
  void make_store();
  void make_sites();
  void make_resources();
  void plan();
  void start_client(std::size_t number);
  void change_something();
  bool step();
  void take_turn(const std::function<void()>& f);
  void check_end();
  void check_nothing_is_left();

  MetricsRegistry metrics_;
  edge::Identity identity_{"sim"};
  std::unique_ptr<edge::store::Store> store_;
  edge::CollapseTable collapse_;
  edge::UncacheableMemory uncacheable_;
  edge::InvalidationMarks invalidations_;
  edge::PurgeState purges_{{}};
  std::unique_ptr<edge::AccessLog> access_log_;
  std::shared_ptr<const edge::SiteTable> sites_;
  std::vector<Resource> resources_;
  std::vector<std::unique_ptr<SimShard>> shards_;
  std::vector<Ready> ready_;
  std::multimap<TimePoint, std::function<void()>> later_;
  std::vector<std::unique_ptr<class Client>> clients_;
  std::uint64_t ceiling_ = 0;
  bool refuses_ = true;            // the store may be told that there is no memory
  std::uint64_t empty_bytes_ = 0;  // what the store takes while nothing is stored
  std::string failure_;
};

}  // namespace brink::sim
