#pragma once
// One node of a simulated deployment: the product's cache, flow and purge state, and the log's side
// of it, which a World runs.

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "edge/collapse.h"
#include "edge/fetch.h"
#include "edge/flow_context.h"
#include "edge/purge_target.h"
#include "tests/sim/purge_log_model.h"
#include "tests/sim/purge_world.h"

namespace brink::purgesim {

// What all worlds share because it costs too much to make anew; no state of a cache.
class Parts {
 public:
  Parts();
  MetricsRegistry registry;
  edge::EdgeMetrics metrics{registry};
  std::unique_ptr<edge::AccessLog> log;
  std::unique_ptr<edge::AccessLog::Producer> producer;
  std::shared_ptr<const edge::SiteTable> sites;
  std::vector<edge::Identity> identities;
};

class Shard final : public edge::ShardPort {
 public:
  explicit Shard(Node& node);
  ~Shard() override;
  void post(std::function<void()> f) override;
  edge::FlowContext& flow() { return *flow_; }
  std::size_t fetches() const { return fetches_.size(); }

 private:
  Node& node_;
  std::unique_ptr<origin::Upstream> upstream_;
  edge::FetchSet fetches_;
  std::unique_ptr<edge::FlowContext> flow_;
};

// Everything that goes away with the process.
struct Process {
  explicit Process(Node& node);
  ~Process();
  std::unique_ptr<edge::store::Store> store;
  edge::CollapseTable collapse;
  edge::UncacheableMemory uncacheable;
  edge::InvalidationMarks invalidations;
  edge::PurgeState purges;
  edge::PurgeTarget target;
  edge::Reclaimer reclaimer;
  std::uint64_t empty_bytes = 0;
  std::vector<std::unique_ptr<Shard>> shards;
  std::map<std::uint64_t, std::unique_ptr<Session>> sessions;
};

class Node {
 public:
  Node(World& world, std::size_t number);
  ~Node();

  bool is_regional() const { return number_ < world_.regionals; }
  Whose now_running() { return {this, run_}; }
  void boot();
  void crash();
  bool is_up() const { return process_ != nullptr; }
  Process& process() { return *process_; }
  Shard& some_shard();
  std::uint32_t run() const { return run_; }
  std::size_t number() const { return number_; }
  const std::string& name() const;
  bool is_fenced() const { return process_->purges.position.fenced(world_.clock.ticks()); }
  std::uint64_t applied() const { return is_up() ? process_->purges.position.applied() : 0; }
  void end_of(Session& session);

  // The log's side.
  void deliver_later();
  void reclaim_later();
  bool stopped = false;  // the process: SIGSTOP
  bool cut_off = false;  // from the log
  bool waited_for = false;
  bool joined = false;            // has applied the Join record of this run
  std::uint64_t join_wanted = 0;  // its sequence
  TimePoint last_heard{};
  Millis usual_lag{50};
  std::deque<LogItem> inbox;

  World& world_;

 private:
  friend class Shard;
  void deliver();
  void apply(const LogItem& item);
  void have_applied(const LogItem& item);
  void note_membership(const purge::Record& record);
  void beat();

  const std::size_t number_;
  std::uint32_t run_ = 0;
  bool delivering_ = false;
  bool dying_ = false;
  std::unique_ptr<Process> process_;
};

}  // namespace brink::purgesim
