#include "purge/nats_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "config/runtime/log.h"

namespace brink::purge {

namespace {

constexpr Millis kRetry{1'000};  // nothing came back: the answer or the question was lost
constexpr Millis kPause{100};    // the server says that it cannot at the moment
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

NatsSender::NatsSender(NatsRequests& requests, MetricsRegistry& metrics,
                       std::function<void()> contradiction)
    : requests_(requests),
      contradiction_(std::move(contradiction)),
      appended_(metrics.counter("brink_purge_log_appends_total", "Records appended, by result.",
                                {{"result", "done"}})),
      failed_(metrics.counter("brink_purge_log_appends_total", "Records appended, by result.",
                              {{"result", "failed"}})),
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
  if (!waiting.was_sent) waiting.last_before = known_last_;
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
    if (is_new && can_send(current->second)) send(current->first, current->second, now);
  }
}

void NatsSender::on_time(Ticks now) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto current = it++;
    Waiting& waiting = current->second;
    if (waiting.until <= now) {
      finish(current, waiting.was_sent ? unknown_outcome() : not_reached());
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
  const bool was_given_before =
      waiting.done && !ack->duplicate && ack->sequence <= waiting.last_before;
  finish(it, ack->sequence);
  if (was_given_before) contradiction_();
  return true;
}

void NatsSender::finish(Map::iterator it, Result<std::uint64_t> result) {
  const Waiting waiting = std::move(it->second);
  waiting_.erase(it);
  if (!waiting.done) {
    --receipts_;
    return;
  }
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
