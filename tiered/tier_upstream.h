#pragma once
// The way to the regional tier: a regional node chosen by the cache key, the next on the ring where
// it fails, the origin at last if so configured.

#include <boost/asio/io_context.hpp>
#include <memory>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "origin/server_group.h"
#include "origin/upstream.h"

namespace brink::tiered {

// The regional nodes with their health and load, shared by all shards; made anew at reload.
class Ring;
std::shared_ptr<Ring> make_ring(const config::TierOptions& options, const Ring* previous);
// The same nodes as a group, for health, status and tunnels.
std::shared_ptr<origin::ServerGroup> ring_group(const Ring& ring);

// The upstream port of an edge. With a null or empty ring it asks the origin directly; set_ring()
// after a reload.
class TierUpstream : public origin::Upstream {
 public:
  virtual void set_ring(std::shared_ptr<Ring> ring) = 0;
};
std::unique_ptr<TierUpstream> make_tier_upstream(boost::asio::io_context& io, const Clock& clock,
                                                 MetricsRegistry& metrics,
                                                 std::shared_ptr<Ring> ring);

}  // namespace brink::tiered
