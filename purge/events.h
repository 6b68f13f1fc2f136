#pragma once
// Events that become purges (purge.events; docs/purging.md, "Events"): the subscriptions of a node,
// and their part of the REST API.
//
//   prepare(options) → commit() … prepare(), commit() after a reload … → stop()
//
// commit() keeps the subscriptions that are as they were, with their connections; the others are
// stopped and made anew, with the same counts. Dead letters are opened with the first subscription
// and stay.
//
// Threads: prepare(), commit() and stop() one at a time; the rest from any.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/fields.h"
#include "config/runtime/metrics.h"
#include "purge/api.h"

namespace brink::purge {

class DeadLetters;
class EventNatsSource;
class EventSubscription;
struct EventCounts;

// Views that are good until the call returns.
struct WebhookRequest {
  std::string_view name;  // the path's
  std::string_view body;
  Fields fields;
  std::string_view client;  // its address
};

class Events {
 public:
  struct Parts {  // all outlive it, but for `api`, which ends first (Service::stop()) and is there
                  // still
    Api& api;
    const Clock& clock;
    MetricsRegistry& metrics;
    std::string node;
  };
  explicit Events(Parts parts);
  ~Events();  // stop(). REQUIRES: no purge of its is outstanding any more

  // A configuration's subscriptions, not started yet.
  struct Running {
    std::shared_ptr<EventSubscription> subscription;
    std::shared_ptr<EventNatsSource> source;  // null: a webhook
    config::NatsOptions server;
    bool is_new = true;
  };
  struct Plan {
    std::map<std::string, Running, std::less<>> subscriptions;
    config::DeadLetterOptions dead_letters;
  };
  // Null, with a sentence in `message`, when it cannot be had; nothing has changed then.
  std::unique_ptr<Plan> prepare(const config::PurgeOptions& options, std::string& message);
  void commit(std::unique_ptr<Plan> plan);
  void stop();  // no event is taken any more

  void webhook(const WebhookRequest& request, ApiDone done);  // POST /v1/events/{name}
  ApiAnswer list() const;                                     // GET /v1/events
  ApiAnswer dead_letters(std::string_view name, std::string_view query) const;
  void update_metrics();  // before they are read

 private:
  bool open_dead_letters(const config::PurgeOptions& options, std::string& message);
  EventCounts& counts_of(const std::string& name);
  bool prepare_one(const config::EventOptions& event, const config::PurgeOptions& options,
                   Plan& plan, std::string& message);
  std::shared_ptr<EventSubscription> find(std::string_view name) const;

  const Parts parts_;
  std::unique_ptr<DeadLetters> dead_letters_;  // set before the first subscription
  Counter& dropped_;
  std::uint64_t dropped_seen_ = 0;  // with mutex_ held
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<EventCounts>, std::less<>> counts_;
  std::map<std::string, Running, std::less<>> running_;
};

}  // namespace brink::purge
