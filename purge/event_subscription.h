#pragma once
// One subscription: takes deliveries from a source, and says what became of each.
//
//   delivery → rules → purges appended to the log | nothing | a dead letter on disk → answer
//
// At least once: Failed says that nothing is promised, so that whoever sent it sends it again; all
// else is durable by then. Idempotent: a delivery that comes again with the same id and comes to
// the same purges is the same purge, on whichever node. If the templates have changed meanwhile, it
// is another one.
//
// Thread-safe. An answer may come on any thread, after the subscription has been replaced.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/event_options.h"
#include "config/runtime/clock.h"
#include "purge/api.h"
#include "purge/dead_letters.h"
#include "purge/event_metrics.h"
#include "purge/event_rules.h"

namespace brink::purge {

struct EventDelivery {
  std::string_view text;     // good until the call returns
  std::string_view id = {};  // the same when it comes again; empty = each delivery is one
  std::string source = {};   // for people: "SHOP 17", "192.0.2.1"
  std::string_view wait = "none";
};

struct EventAnswer {
  EventResult result = EventResult::Failed;
  std::vector<std::string> ids = {};    // of the purges
  bool is_done = true;                  // by all that were waited for
  std::optional<Problem> problem = {};  // Failed
  std::string reason = {};              // Dead
};
using EventDone = std::function<void(EventAnswer)>;

class EventSubscription : public std::enable_shared_from_this<EventSubscription> {
 public:
  struct Parts {  // all outlive it, and whatever it has been given
    Api& api;
    DeadLetters& dead_letters;
    const Clock& clock;
    EventCounts& counts;
  };
  // Null, with a sentence in `why`, when a template is none.
  static std::shared_ptr<EventSubscription> make(const config::EventOptions& options,
                                                 const Parts& parts, std::string& why);

  void deliver(const EventDelivery& delivery, EventDone done);

  const config::EventOptions& options() const { return options_; }
  EventCounts& counts() const { return parts_.counts; }
  const Clock& clock() const { return parts_.clock; }

 private:
  EventSubscription(const config::EventOptions& options, const Parts& parts);
  void bury(DeadLetter letter, EventDone done);
  void end(EventAnswer answer, const EventDone& done);

  const config::EventOptions options_;
  const Parts parts_;
  std::unique_ptr<const EventRules> rules_;
};

}  // namespace brink::purge
