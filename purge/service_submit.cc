// The service's other side: what the API asks of it.

#include <algorithm>
#include <utility>

#include "purge/service.h"

namespace brink::purge {

namespace {

constexpr Error kTooManyWaiters{.code = ErrorCode::LimitReached,
                                .side = Side::Internal,
                                .retry = Retry::Safe,
                                .what = "too many purges wait for receipts"};
constexpr Error kStopping{.code = ErrorCode::Cancelled,
                          .side = Side::Internal,
                          .retry = Retry::Safe,
                          .what = "the node is starting or stopping"};
constexpr Error kNotAcknowledged{.code = ErrorCode::ResponseTimeout,
                                 .side = Side::Store,
                                 .retry = Retry::Never,
                                 .what = "the purge log did not acknowledge the record in time"};

Outcome refused(const Error& error) {
  return {.is = Outcome::Is::Refused, .error = error, .sequence = 0, .receipts = {}};
}

const Outcome kConflict{.is = Outcome::Is::Conflict, .error = {}, .sequence = 0, .receipts = {}};

// Whether two records with one id ask for the same. Who asked, and why, may differ.
bool asks_the_same(const Record& a, const Record& b) {
  return a.kind == b.kind && a.selector == b.selector && a.soft == b.soft && a.warm == b.warm &&
         a.version == b.version && a.percent == b.percent;
}

}  // namespace

void Service::give(Answers& answers) {
  for (Answer& answer : answers)
    answer.done(std::move(answer.outcome));
}

void Service::submit(Record record, Wait wait, Millis timeout, Done done) {
  std::optional<Outcome> at_once;
  std::uint64_t number = 0;
  bool is_known = false;
  {
    const std::lock_guard lock(mutex_);
    Waiter waiter{next_waiter_++, record, wait, parts_.clock.ticks() + timeout, done, {}};
    number = waiter.number;
    if (!is_started_ || is_stopping_) {
      at_once = refused(kStopping);
    } else if (waiters_.size() >= kWaiters) {
      metrics_.waiters_refused.add();
      at_once = refused(kTooManyWaiters);
    } else {
      waiter.sequence = book_.find(record.id);
      is_known = waiter.sequence.has_value();
      if (is_known) {
        at_once = conflicts(*waiter.sequence, record) ? kConflict : outcome_of(waiter);
      }
      if (!at_once) waiters_.push_back(std::move(waiter));
    }
  }
  if (at_once) {
    done(std::move(*at_once));
  } else if (!is_known) {
    append(std::move(record), [this, number](auto result) { on_appended(number, result); });
  }
}

void Service::on_appended(std::uint64_t number, Result<std::uint64_t> result) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    const auto it = std::find_if(waiters_.begin(), waiters_.end(),
                                 [&](const Waiter& each) { return each.number == number; });
    if (it == waiters_.end()) return;
    if (result) {
      it->sequence = *result;
    } else {
      answers.push_back({std::move(it->done), refused(result.error())});
      waiters_.erase(it);
    }
    take_answers(answers);
  }
  give(answers);
}

Outcome Service::outcome_at(std::uint64_t sequence, const Waiter& waiter) const {
  const bool is_done = book_.is_done(sequence, waiter.wait);
  return {.is = is_done ? Outcome::Is::Done : Outcome::Is::Outstanding,
          .error = std::nullopt,
          .sequence = sequence,
          .receipts = book_.receipts(sequence)};
}

// Empty: it goes on waiting.
std::optional<Outcome> Service::outcome_of(const Waiter& waiter) const {
  if (!waiter.sequence) return std::nullopt;
  // Another record with this id may have come first.
  const std::uint64_t sequence = book_.find(waiter.record.id).value_or(*waiter.sequence);
  if (sequence != *waiter.sequence && conflicts(sequence, waiter.record)) return kConflict;
  if (waiter.wait != Wait::None && !book_.is_done(sequence, waiter.wait)) return std::nullopt;
  return outcome_at(sequence, waiter);
}

bool Service::conflicts(std::uint64_t sequence, const Record& record) const {
  const auto first = book_.record(sequence);
  return first && !asks_the_same(*first, record);
}

void Service::take_answers(Answers& out) {
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    auto outcome = outcome_of(*it);
    if (!outcome) {
      ++it;
      continue;
    }
    out.push_back({std::move(it->done), std::move(*outcome)});
    it = waiters_.erase(it);
  }
}

void Service::take_expired(Ticks now, Answers& out) {
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    if (now < it->deadline) {
      ++it;
      continue;
    }
    Outcome outcome = refused(kNotAcknowledged);
    if (it->sequence) {
      const auto sequence = book_.find(it->record.id).value_or(*it->sequence);
      outcome = outcome_at(sequence, *it);
    }
    out.push_back({std::move(it->done), std::move(outcome)});
    it = waiters_.erase(it);
  }
}

void Service::take_all(Answers& out) {
  for (Waiter& waiter : waiters_)
    out.push_back({std::move(waiter.done), refused(kStopping)});
  waiters_.clear();
}

std::optional<Service::Known> Service::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto sequence = book_.find(id);
  auto record = sequence ? book_.record(*sequence) : std::nullopt;
  if (!record) return std::nullopt;
  return Known{std::move(*record), book_.is_done(*sequence, Wait::All), book_.receipts(*sequence)};
}

std::vector<Service::Known> Service::list(std::optional<std::uint64_t> after,
                                          std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<Known> out;
  for (Record& record : after ? book_.records_after(*after, limit) : book_.last_records(limit)) {
    const std::uint64_t sequence = record.sequence;
    out.push_back(
        {std::move(record), book_.is_done(sequence, Wait::All), book_.receipts(sequence)});
  }
  return out;
}

SiteVersion Service::version(std::string_view site) const {
  const std::lock_guard lock(mutex_);
  return book_.version(site);
}

std::vector<NodeReceipt> Service::receipts(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  return book_.receipts(sequence);
}

std::vector<NodeState> Service::nodes() const {
  const std::lock_guard lock(mutex_);
  const Ticks now = parts_.clock.ticks();
  std::vector<NodeState> out;
  const auto lag_of = [&](std::uint64_t applied) {
    return book_.head() - std::min(applied, book_.head());
  };
  bool has_self = false;
  const NodeState self{.node = options_.node,
                       .pop = options_.pop,
                       .role = options_.role,
                       .applied = parts_.position.applied(),
                       .lag = lag_of(parts_.position.applied()),
                       .fenced = parts_.position.fenced(now),
                       .is_self = true,
                       .silent_for = Millis{0}};
  for (const auto& [name, member] : book_.members()) {
    if (name == options_.node) {
      out.push_back(self);
      has_self = true;
      continue;
    }
    out.push_back({.node = name,
                   .pop = member.pop,
                   .role = member.role,
                   .applied = member.applied,
                   .lag = lag_of(member.applied),
                   .fenced = member.fenced,
                   .is_self = false,
                   .silent_for = std::chrono::duration_cast<Millis>(now - member.heard)});
  }
  if (!has_self) out.push_back(self);
  return out;
}

void Service::update_metrics() {
  const std::lock_guard lock(mutex_);
  const Ticks now = parts_.clock.ticks();
  metrics_.update(parts_.log.health());
  metrics_.applied.set(static_cast<std::int64_t>(parts_.position.applied()));
  metrics_.fenced.set(parts_.position.fenced(now) ? 1 : 0);
  metrics_.joined.set(is_joined_ ? 1 : 0);
  const auto lag = parts_.log.is_local() ? Ticks::duration{0} : now - proved_at_;
  metrics_.lag_seconds.set(std::chrono::duration_cast<Seconds>(lag).count());
  metrics_.members.set(static_cast<std::int64_t>(book_.members().size()));
  metrics_.matchers.set(static_cast<std::int64_t>(parts_.target.matchers()));
  metrics_.waiting.set(static_cast<std::int64_t>(waiters_.size()));
}

}  // namespace brink::purge
