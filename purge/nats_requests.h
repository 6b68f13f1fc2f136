#pragma once
// Questions to NATS and their answers, by a number in the reply subject. Used by the log's thread
// only.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "purge/nats_link.h"

namespace brink::purge {

class NatsRequests {
 public:
  // The answer, or empty: time ran out, nobody listens there, or there is no connection.
  using Handler = std::function<void(std::optional<std::string_view>)>;

  // Subscriptions' tags; the consumers' begin at kFirstConsumer.
  static constexpr std::uint64_t kReplies = 1, kAlive = 2, kFirstConsumer = 16;

  explicit NatsRequests(NatsLink& link) : link_(link) {}

  // After each Up. What was asked before is forgotten without an answer.
  bool begin();
  void forget() { waiting_.clear(); }

  // `handler` is called once, later, unless everything is forgotten first.
  void ask(const std::string& subject, std::string_view body, Ticks now, Millis limit,
           Handler handler);
  void on_time(Ticks now);
  // True when the number was one of these.
  bool on_reply(std::uint64_t number, const NatsMessage& message);

  std::uint64_t next_number() { return ++last_number_; }
  std::string reply_subject(std::uint64_t number) const;
  // Of a message on the reply subscription; 0 = none of ours.
  std::uint64_t number_of(std::string_view subject) const;

  NatsLink& link() { return link_; }

 private:
  struct Waiting {
    Ticks until;
    Handler handler;
  };
  NatsLink& link_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Waiting> waiting_;  // few: one per stream, consumer and poll
};

}  // namespace brink::purge
