#include "edge/audit_log.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "config/runtime/log.h"

namespace brink::edge {

namespace {

constexpr std::string_view kFolder = "/var/lib/brink";  // as purge.path's default
constexpr int kTooManyRequests = 429;

}  // namespace

AuditLog::AuditLog(std::unique_ptr<AuditFile> file, std::string path, std::string node,
                   const Clock& clock, MetricsRegistry& metrics)
    : file_(std::move(file)),
      path_(std::move(path)),
      node_(std::move(node)),
      clock_(clock),
      written_(metrics.counter("brink_audit_entries_total", "Lines added to the audit log.")),
      dropped_(metrics.counter("brink_audit_dropped_total",
                               "Calls that are missing in the audit log, because it could not be "
                               "written or fell behind.")),
      skipped_(metrics.counter("brink_audit_skipped_total",
                               "Calls without a valid token, or beyond a token's rate, of which "
                               "the audit log keeps one a second.")),
      thread_([this] { run(); }) {}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void AuditLog::add(AuditEntry entry) {
  const bool is_cheap = entry.who.empty() || entry.status == kTooManyRequests;
  if (is_cheap && strangers_.take(clock_.ticks())) return skipped_.add();
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kQueue) return dropped_.add();
    queue_.push_back(std::move(entry));
  }
  changed_.notify_one();
}

void AuditLog::run() {
  std::vector<AuditEntry> entries;
  for (;;) {
    entries.clear();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      entries.swap(queue_);
    }
    write(entries);
  }
}

void AuditLog::write(const std::vector<AuditEntry>& entries) {
  AuditLink last = file_->last();
  std::string lines;
  for (const AuditEntry& entry : entries) lines += audit_line(entry, node_, last) + "\n";
  std::string why;
  if (file_->append(lines, last, why)) return written_.add(entries.size());
  dropped_.add(entries.size());
  log_limited(LogLevel::Error, "audit", "admin",
              "the audit log '" + path_ + "' cannot be written, and calls are missing in it: " + why);
}

std::unique_ptr<AuditLog> open_audit_log(const config::Options& options, const Clock& clock,
                                         MetricsRegistry& metrics, std::string& message) {
  const config::AuditOptions& audit = options.admin.audit;
  if (!audit.enabled) return nullptr;
  std::string path = audit.path;
  if (path.empty()) {
    const auto folder = options.purge.path.empty()
                            ? std::filesystem::path(kFolder)
                            : std::filesystem::path(options.purge.path).parent_path();
    if (::access(folder.c_str(), W_OK) != 0) {
      log(LogLevel::Info, "admin",
          "no audit log: there is no folder '" + folder.string() +
              "' to write to; make it, or set admin.audit.path");
      return nullptr;
    }
    path = folder / ("audit-" + options.node.name + ".log");
  }
  auto file = AuditFile::open(path, audit.size, audit.files, message);
  if (!file) return nullptr;
  return std::make_unique<AuditLog>(std::move(file), path, options.node.name, clock, metrics);
}

}  // namespace brink::edge
