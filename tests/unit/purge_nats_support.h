#pragma once
// A listener that remembers what it was told, and how tests wait for that.

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "purge/nats_log.h"
#include "tests/support/nats_server.h"

namespace brink::purge::tests {

using brink::tests::NatsServer;

inline constexpr Millis kGenerous{60'000};  // only a defect takes that long

struct Delivered {
  std::uint64_t sequence = 0;
  std::string id;
  bool replayed = false;
  friend bool operator==(const Delivered&, const Delivered&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Delivered& record) {
    return out << record.sequence << ' ' << record.id << (record.replayed ? " replayed" : "");
  }
};

class Seen final : public LogListener {
 public:
  void on_record(const Record& record, bool replayed) override {
    note([&] { records_.push_back({record.sequence, record.id, replayed}); });
  }
  void on_lost(std::uint64_t sequence) override {
    note([&] { lost_.push_back(sequence); });
  }
  void on_current(Ticks at) override {
    note([&] { proofs_.push_back(at); });
  }
  void on_report(const Report& report) override {
    note([&] { reports_.push_back(report); });
  }

  std::vector<Delivered> records() const { return copy(records_); }
  std::vector<std::uint64_t> lost() const { return copy(lost_); }
  std::vector<Ticks> proofs() const { return copy(proofs_); }
  std::vector<Report> reports() const { return copy(reports_); }

  [[nodiscard]] bool wait_for_records(std::size_t n) {
    return wait([&] { return records_.size() >= n; });
  }
  [[nodiscard]] bool wait_for_id(const std::string& id) {
    return wait([&] {
      return std::any_of(records_.begin(), records_.end(),
                         [&](const Delivered& record) { return record.id == id; });
    });
  }
  [[nodiscard]] bool wait_for_proof_after(Ticks at) {
    return wait([&] { return !proofs_.empty() && proofs_.back() > at; });
  }
  [[nodiscard]] bool wait_for_lost(std::size_t n) {
    return wait([&] { return lost_.size() >= n; });
  }
  [[nodiscard]] bool wait_for_report(const std::function<bool(const Report&)>& is_it) {
    return wait([&] {
      for (const Report& report : reports_) {
        if (is_it(report)) return true;
      }
      return false;
    });
  }

 private:
  template <class Change>
  void note(Change&& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <class T>
  T copy(const T& what) const {
    const std::lock_guard lock(mutex_);
    return what;
  }
  bool wait(const std::function<bool()>& until) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kGenerous, until);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Delivered> records_;
  std::vector<std::uint64_t> lost_;
  std::vector<Ticks> proofs_;
  std::vector<Report> reports_;
};

// An attached log; detached and closed at its end.
struct Node {
  Node(const config::PurgeOptions& options, const std::string& name, const Clock& clock) {
    std::string message;
    log = open_nats_log(options, name, clock, metrics, message);
    EXPECT_NE(log, nullptr) << message;
    if (log) log->attach(seen);
  }
  ~Node() {
    if (log) log->detach(seen);
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  MetricsRegistry metrics;
  Seen seen;
  std::shared_ptr<Log> log;
};

inline config::PurgeOptions options_for(const NatsServer& server) {
  config::PurgeOptions options;
  options.log = config::PurgeLogKind::Nats;
  options.nats.url = server.url();
  return options;
}

inline Record purge_record(std::string id) {
  Record record;
  record.id = std::move(id);
  return record;
}

inline std::future<Result<std::uint64_t>> append(Log& log, Record record) {
  auto promise = std::make_shared<std::promise<Result<std::uint64_t>>>();
  std::future<Result<std::uint64_t>> result = promise->get_future();
  log.append(std::move(record), [promise](Result<std::uint64_t> sequence) {
    promise->set_value(std::move(sequence));
  });
  return result;
}

// The number, or 0 with a failure of the test.
inline std::uint64_t append_now(Log& log, Record record) {
  const Result<std::uint64_t> result = append(log, std::move(record)).get();
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().what);
  return result ? *result : 0;
}

}  // namespace brink::purge::tests
