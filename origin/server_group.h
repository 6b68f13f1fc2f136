#pragma once
// A group of upstream servers that are asked in the same way: their addresses, health, balance.
// Shared by all shards.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "origin/upstream_tls.h"

namespace brink::origin {

enum class Protocol : std::uint8_t { Http1, H2Tls, H2c };

// One server. The atomics inside are touched by every shard; addresses never change.
class Server;

enum class AttemptOutcome : std::uint8_t { Answered, ServerError, Failed, Cancelled };

// Made from a configuration at load and at reload; `previous` lends the health of servers that
// stay.
class ServerGroup {
 public:
  // A URL that is none (the loader refuses those first) is left out and logged.
  static std::shared_ptr<ServerGroup> create(const config::UpstreamOptions& options,
                                             const ServerGroup* previous);
  virtual ~ServerGroup() = default;

  virtual const config::UpstreamOptions& options() const = 0;
  virtual const UpstreamTls& tls() const = 0;  // of its https servers
  virtual std::span<const std::shared_ptr<Server>> servers() const = 0;
  // The next server to try by the configured balance, skipping ejected and unhealthy ones and those
  // in `tried`; null when none is left. Counts as outstanding until report(). When no server is
  // well and `tried` is empty, the least bad one gets one request at a time as a probe: a group
  // never stays shut for longer than its servers are really gone.
  virtual std::shared_ptr<Server> pick(std::span<const std::shared_ptr<Server>> tried,
                                       Ticks now) = 0;
  // As pick(), but this server or none: for callers with an order of their own (the regional ring).
  virtual bool take(const std::shared_ptr<Server>& server, Ticks now) = 0;
  // The server has begun to answer: ends an ejection at once, before the (maybe long) body has
  // come.
  virtual void answered(const std::shared_ptr<Server>& server) = 0;
  // Passive health: consecutive failures eject with doubling time; one probe after it. True when
  // this report ejected the server.
  virtual bool report(const std::shared_ptr<Server>& server, AttemptOutcome outcome, Ticks now) = 0;
  // For /metrics, GET /v1/nodes and logs.
  struct Status {
    std::string url;
    bool healthy;
    bool ejected;
    std::uint32_t outstanding;
  };
  virtual std::vector<Status> status(Ticks now) const = 0;
};

}  // namespace brink::origin
