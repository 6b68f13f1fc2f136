#include "purge/embedded_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <utility>

#include "config/runtime/log.h"
#include "purge/log_line.h"
#include "purge/report.h"

namespace brink::purge {

namespace {

constexpr Error kCannotWrite{.code = ErrorCode::StoreFull,
                             .side = Side::Store,
                             .retry = Retry::Safe,
                             .what = "the purge log's file cannot be written"};
constexpr Error kQueueFull{.code = ErrorCode::LimitReached,
                           .side = Side::Store,
                           .retry = Retry::Safe,
                           .what = "too many records wait for the purge log's file"};
constexpr Error kRecordTooLarge{.code = ErrorCode::TooLarge,
                                .side = Side::Client,
                                .retry = Retry::Never,
                                .what = "the record is longer than 4 MiB"};

// The file at the default place, if this machine has one; memory otherwise.
std::unique_ptr<LogFile> open_default(const std::string& path, std::string& message) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  std::string why;
  if (::access(folder.c_str(), W_OK) == 0) {
    if (auto file = LogFile::open(path, why)) {
      log(LogLevel::Info, "purge", "the purge log is '" + path + "'");
      return file;
    }
  } else {
    why = "'" + folder + "' is not there, or this user may not write in it";
  }
  log(LogLevel::Warning, "purge",
      "the purge log is kept in memory: purges and receipts are forgotten when this process ends, "
      "and other nodes do not see them. Set purge.path to a file, or purge.log: nats. Why: " +
          why);
  return LogFile::open({}, message);
}

}  // namespace

std::unique_ptr<EmbeddedLog> EmbeddedLog::open(const EmbeddedLogOptions& options,
                                               const Clock& clock, std::string& message) {
  const bool has_path = !options.path.empty();
  auto file =
      has_path ? LogFile::open(options.path, message) : open_default(options.default_path, message);
  if (!file) return nullptr;
  return std::unique_ptr<EmbeddedLog>(new EmbeddedLog(options, clock, std::move(file)));
}

EmbeddedLog::EmbeddedLog(const EmbeddedLogOptions& options, const Clock& clock,
                         std::unique_ptr<LogFile> file)
    : options_(options),
      clock_(clock),
      id_(file->id()),
      is_in_memory_(file->is_in_memory()),
      damaged_lines_(file->damaged_lines()),
      run_start_(file->last_sequence() + 1),
      file_(std::move(file)),
      last_sequence_(file_->last_sequence()),
      writer_([this] { run(); }) {}

EmbeddedLog::~EmbeddedLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  writer_.join();
}

LogHealth EmbeddedLog::health() const {
  return {.failed_appends = failed_appends_.load(),
          .damaged_lines = damaged_lines_,
          .dropped_reports = dropped_reports_.load()};
}

void EmbeddedLog::push(Job job) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void EmbeddedLog::attach(LogListener& listener) {
  push(Attach{&listener});
}

void EmbeddedLog::detach(LogListener& listener) {
  CHECK(std::this_thread::get_id() != writer_.get_id());
  std::promise<void> gone;
  push(Detach{&listener, [&gone] { gone.set_value(); }});
  gone.get_future().wait();
}

void EmbeddedLog::append(Record record, Done done) {
  Append job{std::move(record), {}, std::move(done)};
  job.json = to_json(job.record);
  const std::uint64_t bytes = job.json.size();
  const bool is_too_large = bytes + 64 > kLineBytes;
  bool is_taken = false;
  if (!is_too_large) {
    const std::lock_guard lock(mutex_);
    is_taken =
        queued_records_ < options_.queued_records && queued_bytes_ + bytes <= options_.queued_bytes;
    if (is_taken) {
      ++queued_records_;
      queued_bytes_ += bytes;
      queue_.push_back(std::move(job));
    }
  }
  if (is_taken) {
    wake_.notify_one();
    return;
  }
  ++failed_appends_;
  job.done(is_too_large ? kRecordTooLarge : kQueueFull);
}

void EmbeddedLog::report(Report report) {
  {
    const std::lock_guard lock(mutex_);
    if (queued_reports_ >= options_.queued_reports) {
      ++dropped_reports_;
      return;
    }
    ++queued_reports_;
    queue_.push_back(std::move(report));
  }
  wake_.notify_one();
}

void EmbeddedLog::run() {
  std::vector<Job> jobs;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      jobs.swap(queue_);
      queued_records_ = 0;
      queued_bytes_ = 0;
      queued_reports_ = 0;
    }
    process(jobs);
    jobs.clear();
  }
}

void EmbeddedLog::process(std::vector<Job>& jobs) {
  const Ticks began = clock_.ticks();  // what was appended before is among these jobs
  Job* const end = jobs.data() + jobs.size();
  for (Job* job = jobs.data(); job != end;) {
    if (auto* attach = std::get_if<Attach>(job)) {
      replay(*attach->listener);
      listeners_.push_back(attach->listener);
      ++job;
    } else if (auto* detach = std::get_if<Detach>(job)) {
      std::erase(listeners_, detach->listener);
      detach->done();
      ++job;
    } else {
      Job* const group_end = std::find_if(job, end, [](const Job& each) {
        return std::holds_alternative<Attach>(each) || std::holds_alternative<Detach>(each);
      });
      write(job, group_end);
      job = group_end;
    }
  }
  for (LogListener* listener : listeners_)
    listener->on_current(began);
  compact_if_needed();
}

// One write for all of [begin, end), then its records to the listeners.
void EmbeddedLog::write(Job* begin, Job* end) {
  bool has_records = false;
  bool has_lines = false;
  std::uint64_t next = last_sequence_;
  for (Job* job = begin; job != end; ++job) {
    if (auto* append = std::get_if<Append>(job)) {
      append->record.sequence = ++next;
      file_->add(next, append->json);
      has_records = has_lines = true;
    } else if (const auto& report = std::get<Report>(*job); !report.receipts.empty()) {
      file_->add(0, to_json(report));
      has_lines = true;
    }
  }
  std::string why;
  const bool is_written = !has_lines || file_->write(has_records, why);
  if (is_written) last_sequence_ = next;
  if (!is_written) {
    log_limited(LogLevel::Error, "purge-log-write", "purge",
                "the purge log cannot be written, purges are refused until it can: " + why);
  }
  for (Job* job = begin; job != end; ++job) {
    auto* append = std::get_if<Append>(job);
    if (append == nullptr || is_written) {
      deliver(*job);
    } else {
      ++failed_appends_;
      append->done(kCannotWrite);
    }
  }
}

void EmbeddedLog::deliver(Job& job) {
  if (auto* append = std::get_if<Append>(&job)) {
    for (LogListener* listener : listeners_)
      listener->on_record(append->record, false);
    append->done(append->record.sequence);
  } else {
    for (LogListener* listener : listeners_)
      listener->on_report(std::get<Report>(job));
  }
}

void EmbeddedLog::replay(LogListener& listener) {
  std::uint64_t lost = file_->lost_until();
  const bool is_read = file_->for_each([&](std::uint64_t sequence, std::string_view json) {
    if (sequence == 0) {
      if (const auto report = parse_report(json)) listener.on_report(*report);
      return;
    }
    if (sequence > lost && lost > 0) listener.on_lost(std::exchange(lost, 0));
    const bool is_member = !is_purge(json) && !is_version(json);
    if (is_member && sequence < run_start_) return;
    if (const auto record = parse_record(json, sequence)) {
      listener.on_record(*record, true);
    } else {
      listener.on_lost(sequence);
    }
  });
  if (lost > 0) listener.on_lost(lost);
  if (is_read) return;
  log(LogLevel::Error, "purge", "the purge log cannot be read to its end; all is revalidated");
  listener.on_lost(last_sequence_);
}

void EmbeddedLog::compact_if_needed() {
  if (!file_->wants_compaction(options_.retain)) return;
  std::string why;
  if (file_->compact(options_.retain, run_start_, why)) return;
  log_limited(LogLevel::Warning, "purge-log-compact", "purge",
              "the purge log cannot be made smaller, and goes on as it is: " + why);
}

}  // namespace brink::purge
