#pragma once
// The purge log port: one total order of records for the deployment (DESIGN.md section 4.7).
//
//   append() → durable → done(sequence) and, on every node that is attached, on_record() in order
//
// Two logs stand behind it: a file of this process (embedded_log.h), shared by all nodes in it, and
// a NATS JetStream that all nodes of the deployment share (nats_log.h).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/runtime/clock.h"
#include "config/runtime/error.h"
#include "purge/preview.h"
#include "purge/record.h"

namespace brink::purge {

// That a node has applied one record, and what it matched there.
struct Receipt {
  std::uint64_t sequence = 0;
  std::uint32_t applied_ms = 0;  // from the issuing node's clock to the applying node's; at least 0
  std::optional<std::uint64_t> responses,
      bytes;  // empty: not counted yet; a later receipt has them
  PreviewPtr preview = {};  // of a dry run

  friend bool operator==(const Receipt& a, const Receipt& b) {
    return a.sequence == b.sequence && a.applied_ms == b.applied_ms &&
           a.responses == b.responses && a.bytes == b.bytes && alike(a.preview, b.preview);
  }
};

// What a node says of itself, with every receipt and at least once a second.
struct Report {
  std::string node, pop, role, instance;
  std::uint64_t applied = 0;
  bool fenced = false;
  std::vector<Receipt> receipts;
  friend bool operator==(const Report&, const Report&) = default;
};

// What went wrong with a log since it was opened, for metrics.
struct LogHealth {
  std::uint64_t failed_appends = 0;   // not acknowledged: the disk, the network, a full queue
  std::uint64_t damaged_lines = 0;    // found when it was opened
  std::uint64_t dropped_reports = 0;  // the queue was full; the next report says the same again
};

// Called on the log's thread, one call at a time.
class LogListener {
 public:
  virtual ~LogListener() = default;
  // In the order of sequence numbers, each once. `replayed`: it was in the log before this listener
  // was attached.
  virtual void on_record(const Record& record, bool replayed) = 0;
  // Records after the last one and up to `sequence` are in the log no more: retention, or damage.
  virtual void on_lost(std::uint64_t sequence) = 0;
  // Everything that was appended before `at` has been delivered; called at least four times within
  // purge.max_lag as long as that is so. A local log says so once it has replayed, and after
  // records.
  virtual void on_current(Ticks at) = 0;
  virtual void on_report(const Report& report) = 0;  // of any node, this one included
};

class Log {
 public:
  using Done = std::function<void(Result<std::uint64_t>)>;
  virtual ~Log() = default;
  // Of this log and no other: numbers of two logs cannot be compared. Known after attach().
  virtual std::string id() const = 0;
  // Delivers the records that are kept, then new ones, until detach(); `listener` outlives that.
  virtual void attach(LogListener& listener) = 0;
  virtual void detach(LogListener& listener) = 0;  // returns when no call is under way any more
  // Durable when `done` says so, which happens once, on any thread, also when the log is not to be
  // had (within a bounded time).
  virtual void append(Record record, Done done) = 0;
  virtual void report(Report report) = 0;  // any thread; never waits
  // False: it is elsewhere and can be lost.
  virtual bool is_local() const = 0;
  virtual LogHealth health() const { return {}; }  // any thread
};

}  // namespace brink::purge
