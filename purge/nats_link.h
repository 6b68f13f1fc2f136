#pragma once
// The connection to NATS: libnats behind types of ours.
//
//   connecting ⇄ up ⇄ down (libnats reconnects by itself, for ever) → ended (refused twice, …) →
//   connecting
//
// A thread of its own connects, so that a name server or a server that hangs delays nobody. Events
// come on libnats' threads and must only be put aside. Subscriptions are the connection's; after
// each Up all of them are made anew. No call of a sink is under way any more when the destructor
// returns, although libnats' threads may still be ending: they find a link by its number, not by
// its address.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"

struct __natsConnection;
struct __natsOptions;
struct __natsSubscription;

namespace brink::purge {

struct NatsMessage {
  std::string subject, reply, data;
  std::string status;         // "100", "409", "503": the server speaks itself; empty = a message
  std::string last_consumer;  // of an idle heartbeat: the last number sent to the consumer
  std::string stalled;        // … where to say that we are there, when the server waits for that
};

struct NatsEvent {
  enum class Kind : std::uint8_t { Up, Down, Message };
  Kind kind = Kind::Message;
  std::uint64_t tag = 0;  // Message: of the subscription
  NatsMessage message;
};

class NatsLink {
 public:
  using Sink = std::function<void(NatsEvent)>;
  struct Settings {
    std::string name;                   // the connection's, for people who look at the server
    Millis ping_interval{};             // a peer that is silent for three of them is given up
    std::string option = "purge.nats";  // where its options stand, for messages
  };
  struct Cells {  // all outlive the link
    Gauge& connected;
    Counter& reconnects;
    Counter& errors;
  };
  static Cells log_cells(MetricsRegistry& metrics);  // of the purge log's link
  enum class Sent : std::uint8_t { Yes, NotConnected, TooLarge };

  // Null, with a sentence in `message`, when the options cannot be used (a file that cannot be
  // read); a server that is away is no error.
  static std::unique_ptr<NatsLink> open(const config::NatsOptions& options,
                                        const Settings& settings, const Cells& cells, Sink sink,
                                        std::string& message);
  ~NatsLink();
  NatsLink(const NatsLink&) = delete;
  NatsLink& operator=(const NatsLink&) = delete;

  bool is_up() const;
  // `id` = Nats-Msg-Id, empty = none. May wait for a full socket, at most a ping interval. Nothing
  // is kept for later: without a connection it is not sent.
  Sent publish(const std::string& subject, const std::string& reply, std::string_view data,
               const std::string& id = {});
  // Takes the place of the tag's subscription before.
  bool subscribe(const std::string& subject, std::uint64_t tag);
  void unsubscribe(std::uint64_t tag);
  // "_INBOX." and what nobody else has; the same for the link's life.
  const std::string& inbox() const { return inbox_; }

  // For libnats' callbacks.
  struct Trampolines;

 private:
  struct OptionsDeleter {
    void operator()(__natsOptions* options) const;
  };
  using OptionsHandle = std::unique_ptr<__natsOptions, OptionsDeleter>;

  NatsLink(Settings settings, const Cells& cells, Sink sink);
  std::string configure(const config::NatsOptions& options);
  std::string configure_access(const config::NatsOptions& options);
  void run();
  void give_up_connection();
  void on_event(NatsEvent::Kind kind);

  const Settings settings_;
  const Sink sink_;
  Gauge& connected_;
  Counter& reconnects_;
  Counter& errors_;
  std::uint64_t number_ = 0;  // by which callbacks find it
  std::string inbox_;
  OptionsHandle options_;

  mutable std::mutex mutex_;  // the connection and its subscriptions
  __natsConnection* connection_ = nullptr;
  std::map<std::uint64_t, __natsSubscription*> subscriptions_;

  std::mutex state_mutex_;
  std::condition_variable changed_;
  bool is_ended_ = false;  // libnats has given the connection up
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace brink::purge
