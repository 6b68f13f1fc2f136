#pragma once
// What this node puts into the log's streams: records and receipts, each sent until it is
// acknowledged. Used by the log's thread only.
//
// A record is tried for a bounded time, under its id, so that the stream keeps one of several
// copies. It is in the log when this node has it delivered; while nothing is delivered here, the
// server's acknowledgement has to do. An acknowledged number under which something else is
// delivered means that servers fell out of step (nats-server 2.9 does when a majority was away):
// the record is sent again, as if it were another one. A receipt is tried for ever, for a purge
// would wait for it for ever; the oldest go when there are too many.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
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

  NatsSender(NatsRequests& requests, MetricsRegistry& metrics);

  // `until`: kAppendLimit after the call that asked for it. `done` exactly once.
  void append(std::string subject, std::string data, std::string id, Ticks until, Log::Done done);
  void send_receipts(std::string subject, std::string data);

  // Whether the streams are there. On becoming so everything that waits is sent, in order.
  void set_ready(bool records, bool receipts, Ticks now);
  // Whether the log's records are being delivered here, and each of them. `id` is empty where none
  // came: it was lost, or is no record.
  void set_following(bool is_following) { is_following_ = is_following; }
  void on_delivered(std::uint64_t sequence, const std::string& id);
  void on_time(Ticks now);
  bool on_reply(std::uint64_t number, const NatsMessage& message, Ticks now);
  // All records fail with this, now and later when `for_good`.
  void fail_all(const Error& error, bool for_good);

 private:
  struct Waiting {
    std::string subject, data;
    std::string id;         // as the server is told
    std::string record_id;  // as it is
    Ticks until{}, next_try{};
    Log::Done done;  // empty: receipts
    bool was_sent = false;
    std::uint64_t acknowledged = 0;  // the number, until it has been delivered; 0 = none
  };
  using Map = std::map<std::uint64_t, Waiting>;

  struct Place {
    std::uint64_t sequence;
    std::string id;
  };
  static constexpr std::size_t kPlaces = 4'096;

  void send(std::uint64_t number, Waiting& waiting, Ticks now);
  static Result<std::uint64_t> outcome_in_the_end(const Waiting& waiting);
  void on_acknowledged(Map::iterator it, const PublishAck& ack, Ticks now);
  void send_as_another(Waiting& waiting, Ticks next_try);
  void finish(Map::iterator it, Result<std::uint64_t> result);
  bool can_send(const Waiting& waiting) const {
    return waiting.done ? records_ready_ : receipts_ready_;
  }

  NatsRequests& requests_;
  Counter& appended_;
  Counter& failed_;
  Counter& misplaced_;
  Counter& receipts_dropped_;
  Map waiting_;  // in the order of their numbers = as they were asked for
  std::size_t receipts_ = 0;
  bool records_ready_ = false, receipts_ready_ = false;
  bool is_following_ = false;
  std::multimap<std::string, std::uint64_t> numbers_;  // by record id, of those that wait
  std::deque<Place> places_;                           // the latest deliveries, in order
  std::optional<Error> failed_for_good_;
};

}  // namespace brink::purge
