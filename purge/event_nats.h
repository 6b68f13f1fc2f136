#pragma once
// Where a subscription's events come from in NATS: a connection, and a thread that asks for
// messages, has them delivered and acknowledges them (event_nats_pull.h).

#include <memory>
#include <string>
#include <thread>

#include "purge/event_nats_pull.h"
#include "purge/event_subscription.h"
#include "purge/nats_link.h"

namespace brink::purge {

class EventNatsSource {
 public:
  // Null, with a sentence in `message`, when the options cannot be used; a server that is away is
  // no error. `server`: the subscription's own, or the purge log's. It connects, and asks for
  // nothing before start().
  static std::unique_ptr<EventNatsSource> open(std::shared_ptr<EventSubscription> subscription,
                                               const config::NatsOptions& server,
                                               const std::string& node, std::string& message);
  ~EventNatsSource();  // hands back what is under way
  EventNatsSource(const EventNatsSource&) = delete;
  EventNatsSource& operator=(const EventNatsSource&) = delete;

  void start();
  bool is_connected() const;  // never waits

 private:
  class Inbox;
  explicit EventNatsSource(std::shared_ptr<EventSubscription> subscription);
  void run();
  void deliver(EventNatsPull::Message message);

  const std::shared_ptr<EventSubscription> subscription_;
  const std::shared_ptr<Inbox> inbox_;  // shared with answers that come later
  const SystemClock real_;
  std::unique_ptr<NatsLink> link_;
  std::unique_ptr<EventNatsPull> pull_;  // the thread's
  std::thread thread_;
};

}  // namespace brink::purge
