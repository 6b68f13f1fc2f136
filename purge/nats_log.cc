#include "purge/nats_log.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "config/runtime/log.h"
#include "purge/nats_core.h"

namespace brink::purge {

namespace {

constexpr std::size_t kOutstanding = 10'000;      // appends
constexpr std::size_t kQueuedMessages = 100'000;  // from NATS; what is dropped is asked for again
constexpr std::size_t kQueuedReceipts = 100'000;
constexpr Millis kTick{25};
constexpr Millis kReceiptsPause{10};  // so that receipts travel together when there are many
constexpr Millis kPingLeast{100}, kPingMost{30'000};

class NatsLog final : public Log {
 public:
  NatsLog(const Clock& clock, MetricsRegistry& metrics);
  ~NatsLog() override;
  // A sentence when the options cannot be used.
  std::string open(const config::PurgeOptions& options, const std::string& node_name);

  std::string id() const override;
  void attach(LogListener& listener) override;
  void detach(LogListener& listener) override;
  void append(Record record, Done done) override;
  void report(Report report) override;
  bool is_local() const override { return false; }
  LogHealth health() const override;

 private:
  using Task = std::function<void(Ticks now)>;
  void post(Task task);
  void on_event(NatsEvent event);
  void run();
  void run_tasks(std::deque<Task>& tasks);
  void send_reports(std::vector<Report>& reports, std::optional<Report>& alive);
  bool has_work_at(Ticks now) const;

  const Clock& clock_;
  const SystemClock real_;
  MetricsRegistry& metrics_;
  Counter& refused_;
  Counter& dropped_messages_;
  Counter& dropped_receipts_;
  std::atomic<std::size_t> outstanding_{0};
  std::atomic<std::uint64_t> failed_{0};

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::size_t queued_messages_ = 0;
  std::vector<Report> reports_;  // with receipts
  std::size_t queued_receipts_ = 0;
  std::optional<Report> alive_;
  std::string id_;
  bool is_stopping_ = false;

  Ticks next_receipts_{};  // the thread's own
  std::unique_ptr<NatsLink> link_;
  std::unique_ptr<NatsCore> core_;
  std::thread thread_;
};

NatsLog::NatsLog(const Clock& clock, MetricsRegistry& metrics)
    : clock_(clock),
      metrics_(metrics),
      refused_(metrics.counter("brink_purge_log_appends_total", "Records appended, by result.",
                               {{"result", "limit"}})),
      dropped_messages_(metrics.counter("brink_purge_nats_dropped_total",
                                        "Messages from NATS that were dropped because too many "
                                        "waited; they are asked for again.")),
      dropped_receipts_(
          metrics.counter("brink_purge_receipts_dropped_total",
                          "Messages with receipts that were given up because too many waited.")) {}

std::string NatsLog::open(const config::PurgeOptions& options, const std::string& node_name) {
  std::string message;
  const NatsLink::Settings settings{"brink purge log of " + node_name,
                                    std::clamp(options.max_lag / 4, kPingLeast, kPingMost)};
  link_ = NatsLink::open(
      options.nats, settings, NatsLink::log_cells(metrics_), [this](NatsEvent event) { on_event(std::move(event)); },
      message);
  if (!link_) return message;
  core_ = std::make_unique<NatsCore>(options, clock_, metrics_, *link_, [this](std::string id) {
    const std::lock_guard lock(mutex_);
    id_ = std::move(id);
  });
  thread_ = std::thread([this] { run(); });
  return {};
}

NatsLog::~NatsLog() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  core_.reset();
  link_.reset();
}

std::string NatsLog::id() const {
  const std::lock_guard lock(mutex_);
  return id_;
}

void NatsLog::attach(LogListener& listener) {
  std::promise<void> attached;
  post([&](Ticks now) { core_->attach(listener, now, [&attached] { attached.set_value(); }); });
  attached.get_future().wait();
}

void NatsLog::detach(LogListener& listener) {
  if (std::this_thread::get_id() == thread_.get_id()) return core_->detach(listener);
  std::promise<void> detached;
  post([&](Ticks) {
    core_->detach(listener);
    detached.set_value();
  });
  detached.get_future().wait();
}

void NatsLog::append(Record record, Done done) {
  if (outstanding_.fetch_add(1) >= kOutstanding) {
    outstanding_.fetch_sub(1);
    failed_.fetch_add(1);
    refused_.add();
    return done(Error{ErrorCode::LimitReached, Side::Internal, Retry::Safe,
                      "too many records wait to be acknowledged by NATS"});
  }
  std::string json = to_json(record);
  auto counted = [this, done = std::move(done)](Result<std::uint64_t> result) {
    outstanding_.fetch_sub(1);
    if (!result) failed_.fetch_add(1);
    done(std::move(result));
  };
  post([this, record = std::move(record), json = std::move(json), counted = std::move(counted),
        until = real_.ticks() + NatsSender::kAppendLimit](Ticks) mutable {
    core_->append(record, std::move(json), until, std::move(counted));
  });
}

void NatsLog::report(Report report) {
  const std::lock_guard lock(mutex_);
  if (report.receipts.empty()) {
    alive_ = std::move(report);
  } else if (queued_receipts_ + report.receipts.size() > kQueuedReceipts) {
    dropped_receipts_.add();
    return;
  } else {
    queued_receipts_ += report.receipts.size();
    reports_.push_back(std::move(report));
  }
  changed_.notify_all();
}

LogHealth NatsLog::health() const {
  LogHealth health;
  health.failed_appends = failed_.load();
  health.dropped_reports = dropped_receipts_.value();
  return health;
}

void NatsLog::post(Task task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.notify_all();
}

void NatsLog::on_event(NatsEvent event) {
  const std::lock_guard lock(mutex_);
  const bool is_message = event.kind == NatsEvent::Kind::Message;
  if (is_message && queued_messages_ >= kQueuedMessages) {
    dropped_messages_.add();
    return;
  }
  if (is_message) ++queued_messages_;
  tasks_.push_back([this, event = std::move(event)](Ticks now) { core_->on_event(event, now); });
  changed_.notify_all();
}

bool NatsLog::has_work_at(Ticks now) const {
  return is_stopping_ || !tasks_.empty() || alive_ || (!reports_.empty() && now >= next_receipts_);
}

void NatsLog::run() {
  Ticks next_tick = real_.ticks();
  for (bool is_last = false; !is_last;) {
    std::deque<Task> tasks;
    std::vector<Report> reports;
    std::optional<Report> alive;
    {
      std::unique_lock lock(mutex_);
      const Ticks until = reports_.empty() ? next_tick : std::min(next_tick, next_receipts_);
      changed_.wait_until(lock, until, [this] { return has_work_at(real_.ticks()); });
      is_last = is_stopping_;
      tasks.swap(tasks_);
      queued_messages_ = 0;
      if (real_.ticks() >= next_receipts_ || is_last) {
        reports.swap(reports_);
        queued_receipts_ = 0;
      }
      alive.swap(alive_);
    }
    run_tasks(tasks);
    send_reports(reports, alive);
    core_->go_on(real_.ticks());
    if (const Ticks now = real_.ticks(); now >= next_tick) {
      core_->on_time(now);
      next_tick = now + kTick;
    }
  }
  core_->shut();
  const std::lock_guard lock(mutex_);
  tasks_.clear();  // events; whoever appends while this is destroyed breaks the contract
}

void NatsLog::run_tasks(std::deque<Task>& tasks) {
  for (Task& task : tasks)
    task(real_.ticks());
}

void NatsLog::send_reports(std::vector<Report>& reports, std::optional<Report>& alive) {
  if (alive) core_->send_alive(*alive);
  if (reports.empty()) return;
  core_->send_reports(std::move(reports));
  next_receipts_ = real_.ticks() + kReceiptsPause;
}

}  // namespace

std::shared_ptr<Log> open_nats_log(const config::PurgeOptions& options,
                                   const std::string& node_name, const Clock& clock,
                                   MetricsRegistry& metrics, std::string& message) {
  auto nats = std::make_shared<NatsLog>(clock, metrics);
  message = nats->open(options, node_name);
  if (!message.empty()) return nullptr;
  return nats;
}

}  // namespace brink::purge
