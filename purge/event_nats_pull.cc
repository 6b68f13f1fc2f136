#include "purge/event_nats_pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/runtime/log.h"

namespace brink::purge {

namespace {

constexpr std::uint64_t kMessages = NatsRequests::kFirstConsumer;  // the subscription's tag
constexpr Millis kAnswerLimit{2'000};
constexpr Millis kPauseLeast{500}, kPauseMost{10'000};  // before the next try after an error
constexpr Millis kPullFor{5'000};                       // then NATS says that there was nothing
constexpr Millis kPullSlack{2'000};
constexpr int kSilentPulls = 2;  // more, and it is asked whether the consumer is still there
constexpr Millis kBackLeast{1'000}, kBackMost{30'000};  // until a message that failed comes again
constexpr int kNotFound = 404;

// "-NAK {"delay":…}".
std::string hand_back(std::uint64_t deliveries) {
  const auto doublings = std::min<std::uint64_t>(deliveries > 0 ? deliveries - 1 : 0, 5);
  const Millis delay = std::min(kBackLeast * (1U << doublings), kBackMost);
  return fmt::format(R"(-NAK {{"delay":{}}})", std::chrono::nanoseconds(delay).count());
}

}  // namespace

EventNatsPull::EventNatsPull(std::string name, const config::EventNatsOptions& options,
                             NatsLink& link, Counter& errors, Deliver deliver)
    : name_(std::move(name)),
      options_(options),
      link_(link),
      errors_(errors),
      deliver_(std::move(deliver)),
      requests_(link),
      pause_(kPauseLeast) {}

std::string EventNatsPull::api(std::string_view call) const {
  return fmt::format("$JS.API.CONSUMER.{}.{}.{}", call, stream_, options_.durable);
}

void EventNatsPull::on_event(const NatsEvent& event, Ticks now) {
  if (event.kind == NatsEvent::Kind::Message) {
    if (event.tag == kMessages) return on_message(event.message, now);
    requests_.on_reply(requests_.number_of(event.message.subject), event.message);
    return;
  }
  requests_.forget();
  pull_ = 0;
  next_try_ = now;
  const bool is_up = event.kind == NatsEvent::Kind::Up && requests_.begin() &&
                     link_.subscribe(link_.inbox() + ".e.*", kMessages);
  phase_ = is_up ? Phase::Wants : Phase::Down;
}

void EventNatsPull::go_on(Ticks now) {
  requests_.on_time(now);
  if (phase_ == Phase::Wants && now >= next_try_) look(now);
  if (phase_ != Phase::Ready) return;
  if (pull_ != 0 && now >= pull_until_) {
    pull_ = 0;
    if (++silent_pulls_ > kSilentPulls) return trouble("its consumer does not answer", now);
  }
  if (pull_ == 0 && now >= next_try_) pull(now);
}

void EventNatsPull::look(Ticks now) {
  phase_ = Phase::Asked;
  stream_ = options_.stream;
  if (!stream_.empty()) return look_at_consumer(now);
  requests_.ask("$JS.API.STREAM.NAMES", stream_names_request(options_.subject), now, kAnswerLimit,
                [this, now](std::optional<std::string_view> reply) { on_names(reply, now); });
}

void EventNatsPull::on_names(std::optional<std::string_view> reply, Ticks now) {
  const auto names = reply ? parse_stream_names(*reply) : std::nullopt;
  if (!names) return trouble("NATS does not answer (is JetStream on?)", now);
  if (names->error.code != 0) return trouble(names->error.description, now);
  if (names->first.empty()) return trouble("no stream has its subject", now);
  stream_ = names->first;
  look_at_consumer(now);
}

void EventNatsPull::look_at_consumer(Ticks now) {
  requests_.ask(api("INFO"), {}, now, kAnswerLimit,
                [this, now](std::optional<std::string_view> reply) { on_consumer(reply, now); });
}

void EventNatsPull::on_consumer(std::optional<std::string_view> reply, Ticks now) {
  const auto consumer = reply ? parse_event_consumer(*reply) : std::nullopt;
  if (!consumer) return trouble("NATS does not answer (is JetStream on?)", now);
  if (consumer->error.code == kNotFound) return make_consumer(now);
  if (consumer->error.code != 0) return trouble(consumer->error.description, now);
  if (!consumer->is_pull || consumer->filter_subject != options_.subject) {
    return trouble(
        fmt::format("the consumer {} of the stream {} is another one (it must be pulled from, "
                    "acknowledged explicitly and have this filter subject); name another durable",
                    options_.durable, stream_),
        now);
  }
  phase_ = Phase::Ready;
  pause_ = kPauseLeast;
  silent_pulls_ = 0;
  next_try_ = now;
}

// Whatever the answer: the consumer is looked at again.
void EventNatsPull::make_consumer(Ticks now) {
  const TimePoint from = seen_ == TimePoint{} ? seen_ : seen_ - kAckWait;
  requests_.ask(
      api("DURABLE.CREATE"),
      event_consumer_config({stream_, options_.durable, options_.subject, kAckWait, from}), now,
      kAnswerLimit, [this, now](std::optional<std::string_view> reply) {
        const auto made = reply ? parse_event_consumer(*reply) : std::nullopt;
        if (!made || made->error.code != 0)
          return trouble(made ? std::string_view(made->error.description) : "no answer", now);
        log(LogLevel::Info, "purge",
            fmt::format("events {}: made the consumer {} of the stream {}", name_, options_.durable,
                        stream_));
        look_at_consumer(now);
      });
}

void EventNatsPull::pull(Ticks now) {
  if (under_way_.size() >= kUnderWay) return;
  pull_left_ = kUnderWay - under_way_.size();
  pull_ = requests_.next_number();
  pull_until_ = now + kPullFor + kPullSlack;
  const std::string reply = fmt::format("{}.e.{}", link_.inbox(), pull_);
  const auto sent = link_.publish(api("MSG.NEXT"), reply, next_request(pull_left_, kPullFor));
  if (sent != NatsLink::Sent::Yes) pull_until_ = now + kPauseLeast;
}

void EventNatsPull::on_message(const NatsMessage& message, Ticks now) {
  if (!message.status.empty()) return on_status(message, now);
  auto place = parse_delivery(message.reply);
  if (!place) return;  // not from JetStream
  silent_pulls_ = 0;
  const std::chrono::nanoseconds taken_at{static_cast<std::int64_t>(place->time_ns)};
  seen_ = std::max(seen_, TimePoint{std::chrono::duration_cast<Millis>(taken_at)});
  // Its subject is the stream's, so nothing says which request it answers; nearly always the last.
  if (pull_ != 0 && --pull_left_ == 0) pull_ = 0;
  // Pulls that have expired here may still bring some; they come again.
  if (under_way_.size() >= 2 * kUnderWay || !under_way_.insert(message.reply).second) return;
  deliver_({.text = message.data,
            .id = fmt::format("{}\n{}\n{}", place->stream, place->stream_sequence, place->time_ns),
            .source = fmt::format("{} {}", place->stream, place->stream_sequence),
            .reply = message.reply,
            .deliveries = place->deliveries});
}

// 404, 408: there was nothing. 409, 503: the consumer has gone, or too much is under way elsewhere.
void EventNatsPull::on_status(const NatsMessage& message, Ticks now) {
  if (requests_.number_of(message.subject) != pull_ || message.status == "100") return;
  pull_ = 0;
  silent_pulls_ = 0;
  if (message.status == "404" || message.status == "408") return;
  trouble(fmt::format("NATS ended the request for messages, status {}", message.status), now);
}

void EventNatsPull::on_result(const std::string& reply, std::uint64_t deliveries,
                              EventResult result) {
  if (under_way_.erase(reply) == 0) return;
  if (result == EventResult::Failed) {
    link_.publish(reply, {}, hand_back(deliveries));
  } else {
    link_.publish(reply, {}, result == EventResult::Dead ? "+TERM" : "+ACK");
  }
}

void EventNatsPull::trouble(std::string_view why, Ticks now) {
  errors_.add();
  log_limited(LogLevel::Warning, "event_nats", "purge",
              fmt::format("events {}: {}; trying again", name_, why));
  if (phase_ != Phase::Down) phase_ = Phase::Wants;
  pull_ = 0;
  next_try_ = now + pause_;
  pause_ = std::min(pause_ * 2, kPauseMost);
}

void EventNatsPull::shut() {
  for (const std::string& reply : under_way_)
    link_.publish(reply, {}, "-NAK");
  under_way_.clear();
}

}  // namespace brink::purge
