#include "edge/access_log.h"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "config/runtime/log.h"
#include "edge/access_log_line.h"
#include "edge/access_log_queue.h"
#include "edge/access_log_sink.h"

namespace brink::edge {

namespace {

// The writer looks for records this often: soon again when there were some, rarely when there were
// none. Producers never wake it, so a request costs no system call.
constexpr Millis kBusyPause{5};
constexpr Millis kIdlePause{50};
constexpr Millis kReconfigurePatience{2'000};
constexpr std::size_t kRecordsPerTurn = 4'096;  // of one queue, before the next one is looked at
constexpr std::size_t kBatchBytes = 256 * 1024;

// What a producer and the log share; outlives both.
struct Channel {
  Channel(std::size_t records, std::shared_ptr<const std::atomic<bool>> log_is_on, Counter& drops)
      : queue(records), is_on(std::move(log_is_on)), dropped(drops) {}
  AccessQueue queue;
  const std::shared_ptr<const std::atomic<bool>> is_on;
  Counter& dropped;
};

class ChannelProducer final : public AccessLog::Producer {
 public:
  explicit ChannelProducer(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
  ~ChannelProducer() override { channel_->queue.close(); }

  AccessRecord* acquire() noexcept override {
    if (!channel_->is_on->load(std::memory_order_relaxed)) return nullptr;
    AccessRecord* record = channel_->queue.acquire();
    if (record == nullptr) channel_->dropped.add();
    return record;
  }
  void publish() noexcept override { channel_->queue.publish(); }

 private:
  const std::shared_ptr<Channel> channel_;
};

// What the writer needs to know; replaced as a whole by a reload.
struct Target {
  config::AccessLogOptions options;
  std::unique_ptr<AccessSink> sink;  // null = none
};

// Locks: mutex_ guards channels_ and pending_; it is never held while lines are formatted or
// written.
class WritingLog final : public AccessLog {
 public:
  WritingLog(Target target, std::string_view node, MetricsRegistry& metrics)
      : node_(node),
        metrics_(metrics),
        lines_(metrics.counter("brink_edge_access_log_lines_total", "Access log lines written.")),
        dropped_(dropped_counter()),
        queue_records_(target.options.queue),
        is_on_(std::make_shared<std::atomic<bool>>(target.sink != nullptr)),
        target_(std::move(target)),
        thread_([this] { run(); }) {}

  ~WritingLog() override {
    is_on_->store(false, std::memory_order_relaxed);
    stop_.store(true);
    {
      const std::lock_guard lock(mutex_);
      wake_.notify_all();
    }
    thread_.join();
  }

  std::unique_ptr<Producer> make_producer() override {
    auto channel = std::make_shared<Channel>(queue_records_, is_on_, dropped_counter());
    const std::lock_guard lock(mutex_);
    channels_.push_back(channel);
    return std::make_unique<ChannelProducer>(std::move(channel));
  }

  bool reconfigure(const config::AccessLogOptions& options, std::string& message) override;

 private:
  Counter& dropped_counter() {
    return metrics_.counter(
        "brink_edge_access_log_dropped_total",
        "Requests without an access log line: the queue was full or writing failed.");
  }

  // The writer thread.
  void run();
  std::size_t drain_once();
  void drain_all();
  void take(const AccessRecord& record);
  void flush();
  void change_over();

  const std::string node_;
  MetricsRegistry& metrics_;
  Counter& lines_;
  Counter& dropped_;
  const std::size_t queue_records_;
  const std::shared_ptr<std::atomic<bool>> is_on_;
  std::atomic<bool> stop_{false};

  std::mutex mutex_;
  std::condition_variable wake_;   // the writer: stop_ or pending_
  std::condition_variable taken_;  // reconfigure(): pending_ is in effect
  std::vector<std::shared_ptr<Channel>> channels_;
  std::optional<Target> pending_;

  // The writer thread's own.
  Target target_;
  std::string batch_;
  std::string redacted_;
  std::uint64_t batch_lines_ = 0;
  bool gave_up_ = false;  // nothing can be written any more, and the log is to end

  std::thread thread_;  // last: it uses all of the above
};

// The file is opened here, so that its error reaches whoever asked; the writer changes over when it
// has written what was queued before. A writer that is stuck in a full pipe does so later.
bool WritingLog::reconfigure(const config::AccessLogOptions& options, std::string& message) {
  Target next{options, open_access_sink(options.to, message)};
  if (next.sink == nullptr && options.to != "none") return false;
  std::unique_lock lock(mutex_);
  pending_ = std::move(next);
  wake_.notify_all();
  taken_.wait_for(lock, kReconfigurePatience, [this] { return !pending_.has_value(); });
  return true;
}

void WritingLog::run() {
  bool was_idle = false;
  for (;;) {
    bool is_called = false;
    bool is_last = false;
    {
      std::unique_lock lock(mutex_);
      is_called = wake_.wait_for(lock, was_idle ? kIdlePause : kBusyPause,
                                 [this] { return stop_.load() || pending_.has_value(); });
      is_last = stop_.load();
    }
    if (!is_called) {
      was_idle = drain_once() == 0;
      flush();
      continue;
    }
    drain_all();
    change_over();
    if (is_last) return;
  }
}

std::size_t WritingLog::drain_once() {
  std::vector<std::shared_ptr<Channel>> channels;
  {
    const std::lock_guard lock(mutex_);
    channels = channels_;
  }
  std::size_t count = 0;
  for (const auto& channel : channels) {
    const bool was_closed = channel->queue.is_closed();
    const std::size_t taken =
        channel->queue.drain(kRecordsPerTurn, [this](const AccessRecord& record) { take(record); });
    count += taken;
    if (was_closed && taken == 0) {
      const std::lock_guard lock(mutex_);
      std::erase(channels_, channel);
    }
  }
  return count;
}

// All that was published before the call; not for ever, should producers be as fast as this.
void WritingLog::drain_all() {
  const std::size_t turns = queue_records_ / kRecordsPerTurn + 2;
  for (std::size_t i = 0; i < turns && drain_once() > 0; ++i)
    flush();
  flush();
}

void WritingLog::take(const AccessRecord& record) {
  if (target_.sink == nullptr || !is_sampled(record, target_.options.sample)) return;
  redacted_.clear();
  append_redacted_target(redacted_, record.target.view(), target_.options.redact_query);
  append_access_line(batch_, record, node_, redacted_);
  ++batch_lines_;
  if (batch_.size() >= kBatchBytes) flush();
}

void WritingLog::flush() {
  if (batch_.empty()) return;
  const int error = gave_up_ ? ETIMEDOUT : target_.sink->write(batch_, stop_);
  if (error == 0) {
    lines_.add(batch_lines_);
  } else {
    dropped_.add(batch_lines_);
    gave_up_ = stop_.load();
    log_limited(LogLevel::Error, "access-log-write", "access_log",
                "cannot write to " + target_.sink->name() + ": " +
                    std::generic_category().message(error) + "; lines are lost");
  }
  batch_.clear();
  batch_lines_ = 0;
}

void WritingLog::change_over() {
  const std::lock_guard lock(mutex_);
  if (!pending_) return;
  target_ = std::move(*pending_);
  pending_.reset();
  is_on_->store(target_.sink != nullptr && !stop_.load(), std::memory_order_relaxed);
  taken_.notify_all();
}

}  // namespace

std::unique_ptr<AccessLog> make_access_log(const config::AccessLogOptions& options,
                                           std::string_view node, MetricsRegistry& metrics,
                                           std::string& message) {
  Target target{options, open_access_sink(options.to, message)};
  if (target.sink == nullptr && options.to != "none") return nullptr;
  return std::make_unique<WritingLog>(std::move(target), node, metrics);
}

}  // namespace brink::edge
