#include "purge/nats_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "config/runtime/log.h"

namespace brink::purge {

namespace {

constexpr Millis kRetry{100'000};  // nothing came back: the answer or the question was lost
constexpr Millis kPause{100};      // the server says that it cannot at the moment
constexpr int kUnavailable = 503;

Error unknown_outcome() {
  return {ErrorCode::ResponseTimeout, Side::Store, Retry::Never,
          "NATS did not acknowledge the record in time; it may be in the log all the same"};
}

Error not_reached() {
  return {ErrorCode::NoServerAvailable, Side::Store, Retry::Safe, "NATS cannot be reached"};
}

Error refused() {
  return {ErrorCode::StoreFull, Side::Store, Retry::Never,
          "NATS refused the record (its reason is in the log)"};
}

Error too_large() {
  return {ErrorCode::TooLarge, Side::Client, Retry::Never,
          "the record is larger than NATS takes (max_payload)"};
}

}  // namespace

NatsSender::NatsSender(NatsRequests& requests, MetricsRegistry& metrics)
    : requests_(requests),
      appended_(metrics.counter("brink_purge_log_appends_total", "Records appended, by result.",
                                {{"result", "done"}})),
      failed_(metrics.counter("brink_purge_log_appends_total", "Records appended, by result.",
                              {{"result", "failed"}})),
      misplaced_(metrics.counter("brink_purge_log_errors_total",
                                 "Errors of the purge log, by kind.", {{"kind", "misplaced"}})),
      receipts_dropped_(
          metrics.counter("brink_purge_receipts_dropped_total",
                          "Messages with receipts that were given up because too many waited.")) {}

void NatsSender::append(std::string subject, std::string data, std::string id, Ticks until,
                        Log::Done done) {
  if (failed_for_good_) {
    failed_.add();
    return done(*failed_for_good_);
  }
  const std::uint64_t number = requests_.next_number();
  Waiting& waiting = waiting_[number];
  waiting.subject = std::move(subject);
  waiting.data = std::move(data);
  waiting.id = std::move(id);
  waiting.until = until;
  waiting.done = std::move(done);
  waiting.record_id = waiting.id;
  numbers_.emplace(waiting.id, number);
  if (records_ready_) send(number, waiting, until - kAppendLimit);
}

void NatsSender::send_receipts(std::string subject, std::string data) {
  if (++receipts_ > kReceiptMessages) {
    const auto oldest = std::find_if(waiting_.begin(), waiting_.end(),
                                     [](const auto& entry) { return !entry.second.done; });
    waiting_.erase(oldest);
    --receipts_;
    receipts_dropped_.add();
  }
  const std::uint64_t number = requests_.next_number();
  Waiting& waiting = waiting_[number];
  waiting.subject = std::move(subject);
  waiting.data = std::move(data);
  waiting.until = Ticks::max();
  if (receipts_ready_) send(number, waiting, Ticks{});
}

void NatsSender::send(std::uint64_t number, Waiting& waiting, Ticks now) {
  waiting.next_try = now + kRetry;
  const NatsLink::Sent sent = requests_.link().publish(
      waiting.subject, requests_.reply_subject(number), waiting.data, waiting.id);
  waiting.was_sent = waiting.was_sent || sent == NatsLink::Sent::Yes;
  if (sent == NatsLink::Sent::TooLarge) finish(waiting_.find(number), too_large());
}

void NatsSender::set_ready(bool records, bool receipts, Ticks now) {
  const bool were_records = std::exchange(records_ready_, records);
  const bool were_receipts = std::exchange(receipts_ready_, receipts);
  if ((were_records || !records) && (were_receipts || !receipts)) return;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto current = it++;  // sending may end it
    const bool is_new = current->second.done ? !were_records : !were_receipts;
    if (is_new && current->second.acknowledged == 0 && can_send(current->second)) {
      send(current->first, current->second, now);
    }
  }
}

Result<std::uint64_t> NatsSender::outcome_in_the_end(const Waiting& waiting) {
  if (waiting.acknowledged != 0) return waiting.acknowledged;  // this node is behind, that is all
  return waiting.was_sent ? unknown_outcome() : not_reached();
}

void NatsSender::on_time(Ticks now) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto current = it++;
    Waiting& waiting = current->second;
    const bool is_passed = waiting.acknowledged != 0 && !places_.empty() &&
                           waiting.acknowledged <= places_.back().sequence;
    if (is_passed) send_as_another(waiting, now);
    if (waiting.until <= now) {
      finish(current, outcome_in_the_end(waiting));
    } else if (waiting.next_try <= now && can_send(waiting)) {
      send(current->first, waiting, now);
    }
  }
}

bool NatsSender::on_reply(std::uint64_t number, const NatsMessage& message, Ticks now) {
  const auto it = waiting_.find(number);
  if (it == waiting_.end()) return false;
  Waiting& waiting = it->second;
  const auto ack = message.status.empty() ? parse_publish_ack(message.data) : std::nullopt;
  if (!ack || ack->error.code == kUnavailable) {  // nobody is responsible at the moment
    waiting.next_try = now + kPause;
    return true;
  }
  if (ack->error.code != 0) {
    log_limited(
        LogLevel::Error, "nats_refused", "purge",
        fmt::format("NATS refuses a message on {}: {}", waiting.subject, ack->error.description));
    finish(it, refused());
    return true;
  }
  on_acknowledged(it, *ack, now);
  return true;
}

void NatsSender::on_acknowledged(Map::iterator it, const PublishAck& ack, Ticks now) {
  const std::uint64_t passed = places_.empty() ? 0 : places_.back().sequence;
  if (!it->second.done || !is_following_ || (ack.duplicate && ack.sequence <= passed)) {
    // A duplicate's original may have been delivered long ago, to another run of this node.
    const auto place = std::lower_bound(
        places_.begin(), places_.end(), ack.sequence,
        [](const Place& p, std::uint64_t sequence) { return p.sequence < sequence; });
    const bool is_other = it->second.done && is_following_ && place != places_.end() &&
                          place->sequence == ack.sequence && place->id != it->second.record_id;
    if (is_other) return send_as_another(it->second, now + kPause);
    return finish(it, ack.sequence);
  }
  if (ack.sequence <= passed) return send_as_another(it->second, now + kPause);
  it->second.acknowledged = ack.sequence;
  it->second.next_try = Ticks::max();
}

void NatsSender::on_delivered(std::uint64_t sequence, const std::string& id) {
  if (!places_.empty() && places_.back().sequence >= sequence) return;  // another listener's
  places_.push_back({sequence, id});
  if (places_.size() > kPlaces) places_.pop_front();
  if (id.empty()) return;
  const auto [begin, end] = numbers_.equal_range(id);
  std::vector<std::uint64_t> found;
  for (auto it = begin; it != end; ++it)
    found.push_back(it->second);
  for (const std::uint64_t number : found)
    finish(waiting_.find(number), sequence);
}

void NatsSender::send_as_another(Waiting& waiting, Ticks next_try) {
  misplaced_.add();
  log_limited(LogLevel::Error, "nats_misplaced", "purge",
              "NATS acknowledged a record under a number that another record has; its servers are "
              "out of step. The record is sent again");
  waiting.id += '~';
  waiting.acknowledged = 0;
  waiting.next_try = next_try;
}

void NatsSender::finish(Map::iterator it, Result<std::uint64_t> result) {
  const Waiting waiting = std::move(it->second);
  const std::uint64_t number = it->first;
  waiting_.erase(it);
  if (!waiting.done) {
    --receipts_;
    return;
  }
  const auto [begin, end] = numbers_.equal_range(waiting.record_id);
  const auto own = std::find_if(begin, end, [&](const auto& e) { return e.second == number; });
  if (own != end) numbers_.erase(own);
  (result ? appended_ : failed_).add();
  waiting.done(std::move(result));
}

void NatsSender::fail_all(const Error& error, bool for_good) {
  if (for_good) failed_for_good_ = error;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto current = it++;
    if (current->second.done) finish(current, error);
  }
}

}  // namespace brink::purge
