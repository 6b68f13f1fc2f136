#pragma once
// What a request's flow may touch: one per shard, outliving every transaction and fetch of that shard.

#include <functional>
#include <memory>
#include <string>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "edge/access_log.h"
#include "edge/edge_metrics.h"
#include "edge/invalidation_marks.h"
#include "edge/purge_methods.h"
#include "edge/purge_state.h"
#include "edge/rules.h"
#include "edge/store/store.h"
#include "edge/uncacheable.h"
#include "origin/upstream.h"

namespace brink::edge {

class CollapseTable;
class FetchSet;

// The node's name in the fields it writes.
struct Identity {
  explicit Identity(const std::string& node_name)
      : name("brink-" + node_name), via("Via: 1.1 " + name + "\r\n") {}
  std::string name;  // in Cache-Status, Via, CDN-Loop, Proxy-Status
  std::string via;   // the whole line
};

// Runs a function on the shard's thread, later; safe from any thread. False when the shard has stopped.
class ShardPort {
 public:
  virtual ~ShardPort() = default;
  virtual void post(std::function<void()> f) = 0;
};

struct FlowContext {
  const Clock& clock;
  store::Store& store;
  CollapseTable& collapse;        // shared by the shards of a node
  UncacheableMemory& uncacheable; // ditto
  InvalidationMarks& invalidations;  // ditto
  PurgeState& purges;             // ditto
  origin::Upstream& upstream;     // the shard's own
  FetchSet& fetches;              // the shard's own
  EdgeMetrics& metrics;           // the shard's own
  AccessLog::Producer& access_log;
  ShardPort& shard;
  const Identity& identity;
  std::shared_ptr<const SiteTable> sites;  // replaced at reload
  config::CacheOptions cache;              // ditto
  ShardVersions shard_versions = {};       // the shard's own
  std::shared_ptr<const PurgeMethods> purge_methods = {};  // replaced at reload; null = off
  MethodPurger* purger = nullptr;  // shared; null only where purge_methods is
  std::shared_ptr<HitRing> hits = purges.hits.add_ring();  // the shard's own
};

}  // namespace brink::edge
