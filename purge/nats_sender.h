#pragma once
// What this node puts into the log's streams: records and receipts, each sent until it is
// acknowledged. Used by the log's thread only.
//
// A record is tried for a bounded time, under its id, so that the stream keeps one of several
// copies. A receipt is tried for ever, for a purge would wait for it for ever; the oldest go when
// there are too many.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "purge/log.h"
#include "purge/nats_format.h"
#include "purge/nats_requests.h"

namespace brink::purge {

class NatsSender {
 public:
  static constexpr Millis kAppendLimit{5'000};
  static constexpr std::size_t kReceiptMessages = 10'000;

  // `contradiction`: the stream gave a number that was given before.
  NatsSender(NatsRequests& requests, MetricsRegistry& metrics, std::function<void()> contradiction);

  // `until`: kAppendLimit after the call that asked for it. `done` exactly once.
  void append(std::string subject, std::string data, std::string id, Ticks until, Log::Done done);
  void send_receipts(std::string subject, std::string data);

  // Whether the streams are there. On becoming so everything that waits is sent, in order.
  void set_ready(bool records, bool receipts, Ticks now);
  void set_last(std::uint64_t last) { known_last_ = last; }
  void on_time(Ticks now);
  bool on_reply(std::uint64_t number, const NatsMessage& message, Ticks now);
  // All records fail with this, now and later when `for_good`.
  void fail_all(const Error& error, bool for_good);

 private:
  struct Waiting {
    std::string subject, data, id;
    Ticks until{}, next_try{};
    Log::Done done;  // empty: receipts
    bool was_sent = false;
    std::uint64_t last_before = 0;  // the stream's last number as known when it was first sent
  };
  using Map = std::map<std::uint64_t, Waiting>;

  void send(std::uint64_t number, Waiting& waiting, Ticks now);
  void finish(Map::iterator it, Result<std::uint64_t> result);
  bool can_send(const Waiting& waiting) const {
    return waiting.done ? records_ready_ : receipts_ready_;
  }

  NatsRequests& requests_;
  const std::function<void()> contradiction_;
  Counter& appended_;
  Counter& failed_;
  Counter& receipts_dropped_;
  Map waiting_;  // in the order of their numbers = as they were asked for
  std::size_t receipts_ = 0;
  bool records_ready_ = false, receipts_ready_ = false;
  std::uint64_t known_last_ = 0;
  std::optional<Error> failed_for_good_;
};

}  // namespace brink::purge
