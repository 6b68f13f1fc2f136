#pragma once
// A node's purge side put together: the log, what it is applied to, the service and its API.
//
//   open() → start() on a running control thread → … → stop() once the last request has ended
//
// Threads: the log has its own; the control thread ticks the service and counts dry runs; the API
// is called on the admin thread.

#include <memory>
#include <optional>
#include <string>

#include "config/options.h"
#include "edge/asio.h"
#include "edge/node_method_purger.h"
#include "edge/purge_state.h"
#include "edge/purge_target.h"
#include "purge/api.h"
#include "purge/events.h"
#include "purge/log.h"
#include "purge/service.h"

namespace brink::edge {

// The log that `options` names; null with a sentence in `message`. `clock` and `metrics` outlive
// it.
std::shared_ptr<purge::Log> open_purge_log(const config::PurgeOptions& options,
                                           const std::string& node, const Clock& clock,
                                           MetricsRegistry& metrics, std::string& message);

class NodePurge {
 public:
  // All outlive it. `clock` is the machine's: leases and time-outs are about other machines.
  struct Parts {
    PurgeState& state;
    PurgeTarget& target;
    const Clock& clock;
    MetricsRegistry& metrics;
    net::io_context& control;
    AuditLog* audit;  // null: none
  };
  NodePurge(const config::Options& options, const Parts& parts, std::shared_ptr<purge::Log> log);
  ~NodePurge();  // stop(). REQUIRES: the control thread has ended

  // Attaches to the log. With a log in this process, returns once the node has joined.
  void start();
  void stop();
  // The reclaimer has looked at all that the records up to `sequence` could match.
  void on_counted(std::uint64_t sequence);

  purge::Api& api() { return api_; }
  purge::Service& service() { return service_; }
  MethodPurger& method_purger() { return methods_; }
  purge::Events& events() { return events_; }
  // Empty: requests may come. Otherwise why not.
  std::string not_ready() const;
  std::string fenced_note() const;  // empty when it is not

 private:
  // The cache as the log's target, with what the API asks of it.
  class Cache final : public purge::Target {
   public:
    explicit Cache(const Parts& parts) : parts_(parts) {}
    purge::Matched apply(const purge::Record& record, bool replayed) override {
      return parts_.target.apply(record, replayed);
    }
    void lost_until(std::uint64_t sequence) override { parts_.target.lost_until(sequence); }
    bool has_room_for(const purge::Record& record) const override {
      return parts_.state.marks.has_room_for(record);
    }
    std::size_t matchers() const override { return parts_.state.marks.matchers(); }
    bool has_room_for_count() const override { return parts_.state.dry_runs.has_room(); }

   private:
    const Parts parts_;
  };
  void tick_later();

  const Parts parts_;
  const std::shared_ptr<purge::Log> log_;
  Cache cache_;
  purge::Service service_;
  purge::Api api_;
  NodeMethodPurger methods_;
  purge::Events events_;
  std::optional<Timer> tick_timer_;  // the control thread's
};

}  // namespace brink::edge
