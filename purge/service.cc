#include "purge/service.h"

#include <algorithm>
#include <utility>

#include "config/runtime/log.h"
#include "config/runtime/random.h"

namespace brink::purge {

namespace {

constexpr Millis kJoinPause{1'000};  // between attempts
constexpr Millis kReportPause{20};   // a local log's receipts that come faster travel together
constexpr std::size_t kReceiptsPerReport = 1'000;

bool is_for_target(const Record& record) {
  using Kind = Record::Kind;
  return record.kind == Kind::Purge || record.kind == Kind::Version || record.kind == Kind::Count;
}

}  // namespace

Service::Service(ServiceOptions options, const Parts& parts)
    : options_(std::move(options)),
      parts_(parts),
      metrics_(parts.metrics),
      book_(options_.retain, options_.node, options_.pop),
      instance_(make_record_id()) {}

Service::~Service() {
  stop();
}

void Service::start() {
  {
    const std::lock_guard lock(mutex_);
    is_started_ = true;
    proved_at_ = parts_.clock.ticks();
  }
  parts_.log.attach(*this);
}

void Service::stop() {
  std::optional<Record> leave;
  {
    std::unique_lock lock(mutex_);
    if (!is_started_ || is_stopping_) return;
    is_stopping_ = true;
    parts_.position.distrust();
    changed_.wait(lock, [this] { return appends_ == 0; });
    if (is_joined_ || is_joining_) leave = member_record(Record::Kind::Leave);
  }
  if (leave) append(std::move(*leave), [](const auto&) {});
  Answers answers;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return appends_ == 0; });
    take_all(answers);
  }
  give(answers);
  parts_.log.detach(*this);
}

bool Service::wait_joined(Millis most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [this] { return is_joined_; });
}

bool Service::joined() const {
  const std::lock_guard lock(mutex_);
  return is_joined_;
}

// Counts what is on its way, so that stop() can wait for it.
void Service::append(Record record, std::function<void(Result<std::uint64_t>)> then) {
  {
    const std::lock_guard lock(mutex_);
    ++appends_;
  }
  parts_.log.append(std::move(record), [this, then = std::move(then)](auto result) {
    then(result);
    const std::lock_guard lock(mutex_);
    --appends_;
    changed_.notify_all();
  });
}

// ---- what the log delivers

void Service::on_record(const Record& record, bool replayed) {
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    is_new = book_.add(record, parts_.clock.ticks());
  }
  Matched matched;
  const bool is_applied = is_new && is_for_target(record);
  if (is_applied) matched = parts_.target.apply(record, replayed);
  parts_.position.set_applied(record.sequence);  // only now: it is in force
  metrics_.count(record.kind);
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    book_.note_self(record.sequence);
    if (is_applied && !replayed) add_receipt(record, matched);
    if (!is_for_target(record)) note_member(record, replayed);
    take_answers(answers);
  }
  report_if_due(Due::Soon);
  give(answers);
}

void Service::note_member(const Record& record, bool replayed) {
  if (record.node != options_.node) return;
  const bool is_this_run = record.instance == instance_;
  if (record.kind == Record::Kind::Join && is_this_run) {
    is_joined_ = true;
    is_joining_ = false;
    if (parts_.log.is_local() && !is_stopping_) parts_.position.trust_always();
    changed_.notify_all();
  } else if (record.kind == Record::Kind::Leave && is_this_run && !is_stopping_) {
    log(LogLevel::Warning, "purge",
        "this node was silent for longer than purge.forget_node_after and was taken out of the "
        "deployment; it joins again, and revalidates until then");
    join_anew(Millis{0});
  } else if (record.kind == Record::Kind::Join && is_joined_ && !replayed) {
    log(LogLevel::Error, "purge",
        "another node has joined as '" + options_.node +
            "'. Names must be unique in the deployment: change node.name of one of them");
    join_anew(kJoinPause);
  }
}

void Service::join_anew(Millis pause) {
  parts_.position.distrust();
  is_joined_ = false;
  is_joining_ = false;
  instance_ = make_record_id();
  join_not_before_ = parts_.clock.ticks() + pause;
  metrics_.rejoins.add();
}

void Service::on_lost(std::uint64_t sequence) {
  parts_.target.lost_until(sequence);
  if (sequence > parts_.position.applied()) parts_.position.set_applied(sequence);
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    book_.note_self(sequence);
    // What was lost may have been this very node's Leave, or its Join.
    if (is_joined_ || is_joining_) join_anew(Millis{0});
    take_answers(answers);
  }
  give(answers);
}

void Service::on_current(Ticks at) {
  {
    const std::lock_guard lock(mutex_);
    is_current_ = true;
    proved_at_ = at;
    if (is_joined_ && !is_stopping_ && !parts_.log.is_local())
      parts_.position.trust(at, options_.max_lag);
  }
  join_if_due();
  report_if_due(Due::Now);
}

void Service::on_report(const Report& report) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    book_.note(report, parts_.clock.ticks());
    take_answers(answers);
  }
  give(answers);
}

// ---- what this node says

Record Service::member_record(Record::Kind kind) const {
  Record out;
  out.kind = kind;
  out.id = (kind == Record::Kind::Join ? "j-" : "l-") + instance_;
  out.issued_at = parts_.clock.now();
  out.node = options_.node;
  out.pop = options_.pop;
  out.role = options_.role;
  out.instance = instance_;
  return out;
}

void Service::join_if_due() {
  Record join;
  {
    const std::lock_guard lock(mutex_);
    const bool is_due = is_current_ && !is_joined_ && !is_joining_ && !is_stopping_ &&
                        parts_.clock.ticks() >= join_not_before_;
    if (!is_due) return;
    is_joining_ = true;
    join = member_record(Record::Kind::Join);
  }
  append(join, [this, instance = join.instance](const auto& result) {
    const std::lock_guard lock(mutex_);
    if (result || instance != instance_) return;
    is_joining_ = false;
    join_not_before_ = parts_.clock.ticks() + kJoinPause;
    log_limited(LogLevel::Warning, "purge-join", "purge",
                "this node could not join the purge log and is fenced; it tries again: " +
                    std::string(result.error().what));
  });
}

void Service::add_receipt(const Record& record, const Matched& matched) {
  const auto ms = (parts_.clock.now() - record.issued_at).count();
  Receipt receipt;
  receipt.sequence = record.sequence;
  receipt.applied_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(ms, 0, UINT32_MAX));
  receipt.responses = matched.responses;
  receipt.bytes = matched.bytes;
  receipt.preview = matched.preview;
  give_receipt(receipt);
  if (receipt.responses) return;
  if (uncounted_.size() >= kUncounted) uncounted_.pop_front();
  uncounted_.push_back(record.sequence);
}

// To the others with the next report; to this node's own answers at once.
void Service::give_receipt(const Receipt& receipt) {
  if (pending_.size() >= kPendingReceipts) pending_.erase(pending_.begin());
  pending_.push_back(receipt);
  Report own;
  own.node = options_.node;
  own.pop = options_.pop;
  own.instance = instance_;
  own.applied = receipt.sequence;
  own.fenced = parts_.position.fenced(parts_.clock.ticks());
  own.receipts = {receipt};
  book_.note(own, parts_.clock.ticks());
}

void Service::on_counted(std::uint64_t until,
                         const std::function<Matched(std::uint64_t)>& matched_by) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    while (!uncounted_.empty() && uncounted_.front() <= until) {
      const std::uint64_t sequence = uncounted_.front();
      uncounted_.pop_front();
      Matched matched = matched_by(sequence);
      Receipt receipt;
      receipt.sequence = sequence;
      receipt.responses = matched.responses;
      receipt.bytes = matched.bytes;
      receipt.preview = std::move(matched.preview);
      give_receipt(receipt);
    }
    take_answers(answers);  // dry runs wait for counts
  }
  report_if_due(Due::Soon);
  give(answers);
}

// Soon: a shared log gets each at once and sends those right behind each other together
// (nats_log.h); a local one gets the first, and the others with the on_current() that ends its
// batch. Now: all receipts there are. Heartbeat: also without any.
std::optional<Report> Service::take_report(Due due) {
  const Ticks now = parts_.clock.ticks();
  const auto silent_for = now - reported_at_;
  const bool is_time = due != Due::Soon || !parts_.log.is_local() || silent_for >= kReportPause;
  const bool has_receipts = !pending_.empty() && is_time;
  const bool has_pulse = due == Due::Heartbeat && silent_for >= kHeartbeat;
  if (!is_started_ || is_stopping_ || !(has_receipts || has_pulse)) return std::nullopt;
  reported_at_ = now;
  Report out{.node = options_.node,
             .pop = options_.pop,
             .role = options_.role,
             .instance = instance_,
             .applied = parts_.position.applied(),
             .fenced = parts_.position.fenced(now),
             .receipts = {}};
  const auto count = static_cast<std::ptrdiff_t>(std::min(pending_.size(), kReceiptsPerReport));
  out.receipts.assign(pending_.begin(), pending_.begin() + count);
  pending_.erase(pending_.begin(), pending_.begin() + count);
  return out;
}

void Service::report_if_due(Due due) {
  std::optional<Report> report;
  {
    const std::lock_guard lock(mutex_);
    report = take_report(due);
  }
  if (report) parts_.log.report(std::move(*report));
}

void Service::tick() {
  join_if_due();
  report_if_due(Due::Heartbeat);
  forget_silent_members();
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    take_expired(parts_.clock.ticks(), answers);
  }
  give(answers);
}

// Only who hears the others may say that somebody is silent. One at a time.
std::optional<Record> Service::leave_of_silent() {
  const std::lock_guard lock(mutex_);
  const Ticks now = parts_.clock.ticks();
  if (!is_joined_ || is_stopping_ || parts_.position.fenced(now)) {
    was_fenced_ = true;
    return std::nullopt;
  }
  if (std::exchange(was_fenced_, false)) book_.hear_all(now);
  const auto silent = book_.silent(now, options_.forget_node_after);
  if (is_forgetting_ || silent.empty()) return std::nullopt;
  is_forgetting_ = true;
  const Member& member = silent.front();
  Record leave = member_record(Record::Kind::Leave);
  leave.id = "l-" + member.instance;
  leave.node = member.node;
  leave.pop = member.pop;
  leave.role = member.role;
  leave.instance = member.instance;
  return leave;
}

void Service::forget_silent_members() {
  auto leave = leave_of_silent();
  if (!leave) return;
  log(LogLevel::Warning, "purge",
      "node '" + leave->node +
          "' has been silent for longer than purge.forget_node_after: wait=all waits for it no "
          "longer");
  append(std::move(*leave), [this](const auto&) {
    const std::lock_guard lock(mutex_);
    is_forgetting_ = false;
  });
}

}  // namespace brink::purge
