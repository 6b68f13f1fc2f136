#pragma once
// The purge log of one process (log.h): a file that is appended to and synced, shared by all nodes
// in the process, or memory where there is no file.
//
//   append() → queue → writer thread: one write and one fdatasync for all that wait
//            → for each record, in order: on_record() of every listener, then done()
//
// A full disk or a broken one: done(error), nothing of that write stays, the next one is tried
// again. Join and Leave are of this run: they are delivered to who attaches later, and not replayed
// after a restart. Receipts are kept in the file, other reports only pass.
//
// Threads: everything from any thread; detach() not from a listener's call.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "config/runtime/clock.h"
#include "purge/log.h"
#include "purge/log_file.h"

namespace brink::purge {

struct EmbeddedLogOptions {
  std::string path;  // empty: `default_path` if that can be used, memory otherwise
  std::string default_path = "/var/lib/brink/purge.log";
  std::uint32_t retain = 100'000;             // purge records
  std::size_t queued_records = 16'384;        // waiting for the writer; more → LimitReached
  std::uint64_t queued_bytes = 64ULL << 20U;  // ditto
  std::size_t queued_reports = 4'096;         // more are dropped and counted
};

class EmbeddedLog final : public Log {
 public:
  // Null, with a sentence and the fix in `message`, when a path was given that cannot be used.
  // Without one this never fails; a line in the log says what was chosen. `clock` outlives the log.
  static std::unique_ptr<EmbeddedLog> open(const EmbeddedLogOptions& options, const Clock& clock,
                                           std::string& message);
  // What is queued is written first. REQUIRES: every listener is detached.
  ~EmbeddedLog() override;

  std::string id() const override { return id_; }
  void attach(LogListener& listener) override;
  void detach(LogListener& listener) override;
  void append(Record record, Done done) override;
  void report(Report report) override;
  bool is_local() const override { return true; }
  LogHealth health() const override;
  bool is_in_memory() const { return is_in_memory_; }

 private:
  struct Append {
    Record record;
    std::string json;
    Done done;
  };
  struct Attach {
    LogListener* listener;
  };
  struct Detach {
    LogListener* listener;
    std::function<void()> done;
  };
  using Job = std::variant<Append, Report, Attach, Detach>;

  EmbeddedLog(const EmbeddedLogOptions& options, const Clock& clock, std::unique_ptr<LogFile> file);
  void push(Job job);
  void run();
  void process(std::vector<Job>& jobs);
  void write(Job* begin, Job* end);
  void deliver(Job& job);
  void replay(LogListener& listener);
  void compact_if_needed();

  const EmbeddedLogOptions options_;
  const Clock& clock_;
  const std::string id_;
  bool is_in_memory_ = false;
  std::uint64_t damaged_lines_ = 0;
  std::uint64_t run_start_ = 0;  // first sequence of this run
  std::atomic<std::uint64_t> failed_appends_{0};
  std::atomic<std::uint64_t> dropped_reports_{0};

  std::unique_ptr<LogFile> file_;        // the writer's
  std::uint64_t last_sequence_ = 0;      // the writer's
  std::vector<LogListener*> listeners_;  // the writer's

  std::mutex mutex_;  // guards what follows; never held while a listener or `done` is called
  std::condition_variable wake_;
  std::vector<Job> queue_;
  std::size_t queued_records_ = 0;
  std::uint64_t queued_bytes_ = 0;
  std::size_t queued_reports_ = 0;
  bool stopping_ = false;
  std::thread writer_;
};

}  // namespace brink::purge
