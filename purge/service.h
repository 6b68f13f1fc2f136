#pragma once
// One node's side of the purge log: applies what it delivers, says so to the others, and knows when
// this node may trust its position (DESIGN.md section 4).
//
//   start() → replay → current → Join appended → Join applied: joined → … → Leave appended → end
//
// A node is fenced until it has joined. A Leave for this very run that it did not ask for (it was
// silent for purge.forget_node_after, so nobody waited for it any more), records that were lost, or
// another node that joins under this one's name: it distrusts its position and joins anew.
//
// Threads: the log's calls come on the log's thread; tick() on one of the node's; the rest from
// any. `done` of submit() comes on the log's thread, that of tick(), or the caller's; never with a
// lock held.
// Bounds: kWaiters answers that wait, kPendingReceipts receipts that were not reported yet (the
// oldest go: the position in the next report says the same).

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "purge/book.h"
#include "purge/log.h"
#include "purge/position.h"
#include "purge/service_metrics.h"
#include "purge/target.h"
#include "purge/wait.h"

namespace brink::purge {

inline constexpr std::size_t kWaiters = 1'024;
inline constexpr std::size_t kPendingReceipts = 10'000;
inline constexpr std::size_t kUncounted = 4'096;  // records whose counts come later
inline constexpr Millis kHeartbeat{1'000};

struct ServiceOptions {
  std::string node, pop, role;
  Millis max_lag{10'000};
  Millis forget_node_after{600'000};
  std::uint32_t retain = 100'000;
};

// What became of a record that was submitted.
struct Outcome {
  enum class Is : std::uint8_t {
    Done,         // everybody asked for has applied it
    Outstanding,  // it is in the log; not everybody has
    Refused,      // not acknowledged: `error`. It may be in the log all the same after a time-out
    Conflict,     // its id is that of another record
  };
  Is is = Is::Refused;
  std::optional<Error> error;
  std::uint64_t sequence = 0;  // of the first record with this id
  std::vector<NodeReceipt> receipts;
};

// A member as this node knows it.
struct NodeState {
  std::string node, pop, role;
  std::uint64_t applied = 0;
  std::uint64_t lag = 0;  // records behind the newest that this node knows
  bool fenced = false;
  bool is_self = false;
  Millis silent_for{0};
};

class Service final : public LogListener {
 public:
  using Done = std::function<void(Outcome)>;

  // All of these outlive the service.
  struct Parts {
    Log& log;
    Target& target;
    Position& position;
    const Clock& clock;
    MetricsRegistry& metrics;
  };
  Service(ServiceOptions options, const Parts& parts);
  ~Service() override;  // stop()

  void start();
  // Leaves the deployment, in the time that the log takes at most; waiting answers are given.
  void stop();
  void tick();                    // ten times a second
  bool wait_joined(Millis most);  // false: not within that time

  // Appends and waits for receipts. A record whose id is known is not appended again: the answer is
  // the first one's.
  void submit(Record record, Wait wait, Millis timeout, Done done);

  // The target has counted every record up to `until`: later receipts say what they matched.
  void on_counted(std::uint64_t until, const std::function<Matched(std::uint64_t)>& matched_by);

  bool joined() const;
  bool fenced() const { return parts_.position.fenced(parts_.clock.ticks()); }
  std::uint64_t applied() const { return parts_.position.applied(); }
  std::vector<NodeState> nodes() const;  // by name
  void update_metrics();                 // before they are read

  // Of the log, as far as it is retained.
  struct Known {
    Record record;
    bool is_done = false;  // by all
    std::vector<NodeReceipt> receipts;
  };
  std::optional<Known> find(std::string_view id) const;
  std::vector<Known> list(std::optional<std::uint64_t> after, std::size_t limit) const;
  SiteVersion version(std::string_view site) const;
  std::vector<NodeReceipt> receipts(std::uint64_t sequence) const;

  Target& target() { return parts_.target; }
  const ServiceOptions& options() const { return options_; }
  const Clock& clock() const { return parts_.clock; }

  void on_record(const Record& record, bool replayed) override;
  void on_lost(std::uint64_t sequence) override;
  void on_current(Ticks at) override;
  void on_report(const Report& report) override;

 private:
  struct Waiter {
    std::uint64_t number;
    Record record;
    Wait wait;
    Ticks deadline;
    Done done;
    std::optional<std::uint64_t> sequence;  // once acknowledged
  };
  struct Answer {
    Done done;
    Outcome outcome;
  };
  using Answers = std::vector<Answer>;

  // With mutex_ held.
  void note_member(const Record& record, bool replayed);
  void join_anew(Millis pause);
  void add_receipt(const Record& record, const Matched& matched);
  void give_receipt(const Receipt& receipt);
  enum class Due : std::uint8_t { Soon, Now, Heartbeat };
  std::optional<Report> take_report(Due due);
  std::optional<Record> leave_of_silent();  // takes mutex_ itself
  std::optional<Outcome> outcome_of(const Waiter& waiter) const;
  Outcome outcome_at(std::uint64_t sequence, const Waiter& waiter) const;
  bool conflicts(std::uint64_t sequence, const Record& record) const;
  void take_answers(Answers& out);
  void take_expired(Ticks now, Answers& out);
  void take_all(Answers& out);  // the node stops
  Record member_record(Record::Kind kind) const;

  // Without.
  void append(Record record, std::function<void(Result<std::uint64_t>)> then);
  void join_if_due();
  void forget_silent_members();
  void report_if_due(Due due);
  void on_appended(std::uint64_t number, Result<std::uint64_t> result);
  static void give(Answers& answers);

  const ServiceOptions options_;
  const Parts parts_;
  ServiceMetrics metrics_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // joined_, appends_
  Book book_;
  std::list<Waiter> waiters_;
  std::uint64_t next_waiter_ = 1;
  std::vector<Receipt> pending_;         // receipts
  std::deque<std::uint64_t> uncounted_;  // sequences of this node's receipts without counts
  Ticks reported_at_{};
  Ticks proved_at_{};  // last on_current()
  std::string instance_;
  bool is_started_ = false;
  bool is_current_ = false;  // has been, once
  bool is_joined_ = false;
  bool is_joining_ = false;  // a Join is on its way
  bool is_stopping_ = false;
  bool is_forgetting_ = false;  // a Leave for somebody else is on its way
  bool was_fenced_ = true;
  Ticks join_not_before_{};
  std::size_t appends_ = 0;  // whose `done` has not come yet
};

}  // namespace brink::purge
