#pragma once
// A subscription's events from NATS JetStream without its thread and its queue: what happens on
// the link's events and with time. All calls come from the source's thread (event_nats.cc).
//
//   link up → which stream → the durable consumer is there, or made → asks for messages again and
//   again → each is delivered → acknowledged once its purge is in the log, or its dead letter on
//   disk
//
// All nodes with the same durable share its messages. What is not acknowledged comes again, after
// kAckWait or as soon as it is handed back: a message that failed is, with a pause that doubles.
// A consumer that is gone is made again, from kAckWait before the last message that was seen here:
// what others had not acknowledged is in there, and what counts already counts once. A message is
// known by its stream, number and time, so that one that comes again counts once.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "config/event_options.h"
#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "purge/event_metrics.h"
#include "purge/nats_format.h"
#include "purge/nats_link.h"
#include "purge/nats_requests.h"

namespace brink::purge {

class EventNatsPull {
 public:
  static constexpr std::size_t kUnderWay = 64;  // messages whose purges are not in the log yet
  static constexpr Millis kAckWait{30'000};

  struct Message {
    std::string text;
    std::string id;      // the same when it comes again
    std::string source;  // "SHOP 17"
    std::string reply;   // for on_result()
    std::uint64_t deliveries = 1;
  };
  using Deliver = std::function<void(Message message)>;

  EventNatsPull(std::string name, const config::EventNatsOptions& options, NatsLink& link,
                Counter& errors, Deliver deliver);

  void on_event(const NatsEvent& event, Ticks now);
  // Of a message that was delivered; Failed hands it back.
  void on_result(const std::string& reply, std::uint64_t deliveries, EventResult result);
  void go_on(Ticks now);  // every few tens of milliseconds, and after anything else
  void shut();            // hands back what is under way

 private:
  enum class Phase : std::uint8_t { Down, Wants, Asked, Ready };
  void on_message(const NatsMessage& message, Ticks now);
  void on_status(const NatsMessage& message, Ticks now);
  void look(Ticks now);
  void look_at_consumer(Ticks now);
  void on_names(std::optional<std::string_view> reply, Ticks now);
  void on_consumer(std::optional<std::string_view> reply, Ticks now);
  void make_consumer(Ticks now);
  void pull(Ticks now);
  void trouble(std::string_view why, Ticks now);
  std::string api(std::string_view call) const;  // "$JS.API.CONSUMER.CALL.STREAM.DURABLE"

  const std::string name_;
  const config::EventNatsOptions options_;
  NatsLink& link_;
  Counter& errors_;
  const Deliver deliver_;
  NatsRequests requests_;
  Phase phase_ = Phase::Down;
  std::string stream_;
  Ticks next_try_{};
  Millis pause_;
  std::set<std::string> under_way_;  // replies
  std::uint64_t pull_ = 0;           // its number; 0 = none is outstanding
  std::size_t pull_left_ = 0;        // messages that it may still bring
  Ticks pull_until_{};
  int silent_pulls_ = 0;  // in a row
  TimePoint seen_{};      // when the stream took the latest message that came; the epoch = none did
};

}  // namespace brink::purge
