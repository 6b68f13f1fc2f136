#pragma once
// One stream's messages to one listener: in order, each once, from where it was whatever happened
// to the connection, the consumer or the server. Used by the log's thread only.
//
//   Idle → restart() → Asked → Live → (a number is missing | silence | an error) → Idle
//
// A consumer is never kept over anything that went wrong: a new one begins *at* the last message
// that was delivered, which must come again with the same content. So a stream that lost its end
// and went on with other messages under the same numbers is found out.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "purge/nats_format.h"
#include "purge/nats_requests.h"

namespace brink::purge {

class NatsFeed : public std::enable_shared_from_this<NatsFeed> {
 public:
  struct Events {
    std::function<void(std::uint64_t sequence, std::string_view data)> message;
    std::function<void(std::uint64_t sequence)> lost;  // up to there, since the last message
    std::function<void()> contradiction;               // what was delivered is otherwise now
    std::function<void()> refused;                     // no consumer can be made
  };
  NatsFeed(std::string stream, Millis heartbeat, NatsRequests& requests, Counter& restarts,
           Events events);
  ~NatsFeed();
  NatsFeed(const NatsFeed&) = delete;
  NatsFeed& operator=(const NatsFeed&) = delete;

  // `known_last`: the stream's last number as an info said before this call.
  void restart(Ticks now, std::uint64_t known_last);
  void stop();  // until restart(); the connection is lost
  // From the first message again: the stream is another one.
  void rewind();
  bool is_idle() const { return phase_ == Phase::Idle; }
  // What was delivered is still what the stream has there; false from restart() until that shows.
  bool is_verified() const { return is_verified_; }
  std::uint64_t tag() const { return tag_; }  // of its subscription; 0 = none
  std::uint64_t delivered() const { return delivered_; }
  Ticks last_progress() const { return last_progress_; }

  void on_message(const NatsMessage& message, Ticks now);
  void on_time(Ticks now);

 private:
  enum class Phase : std::uint8_t { Idle, Asked, Live };
  void on_made(std::optional<std::string_view> reply, std::uint64_t tag);
  void on_status(const NatsMessage& message);
  void on_data(const DeliveryPlace& place, std::string_view data, Ticks now);
  void on_exhausted();
  void lose_until(std::uint64_t sequence);
  void drop_consumer();
  void fail(std::string_view why);

  const std::string stream_;
  const Millis heartbeat_;
  NatsRequests& requests_;
  Counter& restarts_;
  const Events events_;
  Phase phase_ = Phase::Idle;
  bool is_verified_ = false;
  std::uint64_t tag_ = 0;
  std::string consumer_;
  std::uint64_t consumer_sequence_ = 0;  // of the last message that came
  std::uint64_t delivered_ = 0;
  std::uint64_t delivered_hash_ = 0;  // 0 = `delivered_` was not a message
  std::uint64_t known_last_ = 0;      // of the stream before the consumer was made
  Ticks last_heard_{}, last_progress_{};
};

}  // namespace brink::purge
