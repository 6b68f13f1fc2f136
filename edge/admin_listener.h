#pragma once
// The admin listener: /healthz, /readyz, /metrics and (with a token) the REST API, on a thread of its own.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "edge/audit_log.h"
#include "edge/tls_context.h"
#include "purge/api.h"
#include "purge/events.h"

namespace brink::edge {

class Warmer;

// What /readyz says: `why` also beside a "ready" that needs a word.
struct Readiness {
  Readiness(bool ready, std::string reason = {}) : is_ready(ready), why(std::move(reason)) {}
  bool is_ready;
  std::string why;
};

// What the listener asks the node; called on the admin thread, safe from there.
struct AdminHooks {
  std::function<Readiness()> ready;        // false while starting, joining or draining: /readyz says 503
  std::function<void()> before_scrape;     // refreshes gauges that are computed when read (store, servers)
  std::function<bool(std::string& message)> reload;  // POST /v1/reload
  std::function<std::string()> nodes_json;           // GET /v1/nodes
  std::function<std::string()> stats_json;           // GET /v1/stats
  purge::Api* purges = nullptr;                      // outlives the listener; null = no such routes
  AuditLog* audit = nullptr;                         // outlives whoever answers late; null = none
  Warmer* warmer = nullptr;                          // ditto
  const Clock* clock = nullptr;                      // ditto; the warmer's
  purge::Events* events = nullptr;                   // ditto
  std::shared_ptr<const TlsSlot> tls = nullptr;      // null, or holding nothing: clear text
};

class AdminListener {
 public:
  // Null, with a sentence in `message`, when the address cannot be bound.
  static std::unique_ptr<AdminListener> start(const config::AdminOptions& options, MetricsRegistry& metrics,
                                              AdminHooks hooks, std::string& message);
  virtual ~AdminListener() = default;
  virtual std::uint16_t port() const = 0;
  virtual void set_access(const config::AdminOptions& options) = 0;  // after a reload: tokens, certificates
};

}  // namespace brink::edge
