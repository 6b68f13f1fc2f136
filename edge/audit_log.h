#pragma once
// Who did what to this node through the API, when, why and with which result: every call that needs
// the right to purge or to operate, refused ones included, and purges by method.
//
// add() is for any thread and never waits: a thread of its own writes and syncs. Bounded: kQueue
// entries wait; more are dropped and counted. Calls of nobody who is known, or with a token that is
// used too often, are kept once a second at most, so that a stranger cannot push everything else
// out of the files; the others are counted.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "edge/audit_file.h"
#include "edge/token_rate.h"

namespace brink::edge {

class AuditLog {
 public:
  static constexpr std::size_t kQueue = 10'000;

  AuditLog(std::unique_ptr<AuditFile> file, std::string path, std::string node, const Clock& clock,
           MetricsRegistry& metrics);
  ~AuditLog();  // what is queued is written

  void add(AuditEntry entry);
  const std::string& path() const { return path_; }

 private:
  void run();
  void write(const std::vector<AuditEntry>& entries);

  const std::unique_ptr<AuditFile> file_;  // the thread's
  const std::string path_, node_;
  const Clock& clock_;
  Counter& written_;
  Counter& dropped_;
  Counter& skipped_;
  TokenRate strangers_{1};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<AuditEntry> queue_;
  bool is_stopping_ = false;
  std::thread thread_;
};

// As admin.audit says. Null without an audit log; then `message` says why if that is a mistake.
std::unique_ptr<AuditLog> open_audit_log(const config::Options& options, const Clock& clock,
                                         MetricsRegistry& metrics, std::string& message);

}  // namespace brink::edge
