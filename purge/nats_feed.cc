#include "purge/nats_feed.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <utility>

#include "config/runtime/log.h"

namespace brink::purge {

namespace {

constexpr Millis kAnswerLimit{2'000};
constexpr int kSilentHeartbeats = 3;

std::uint64_t hash_of(std::string_view data) {
  return std::max<std::uint64_t>(XXH3_64bits(data.data(), data.size()), 1);
}

std::uint64_t next_tag() {
  static std::atomic<std::uint64_t> last{NatsRequests::kFirstConsumer};
  return ++last;
}

}  // namespace

NatsFeed::NatsFeed(std::string stream, Millis heartbeat, NatsRequests& requests, Counter& restarts,
                   Events events)
    : stream_(std::move(stream)),
      heartbeat_(heartbeat),
      requests_(requests),
      restarts_(restarts),
      events_(std::move(events)) {}

NatsFeed::~NatsFeed() {
  drop_consumer();
}

void NatsFeed::restart(Ticks now, std::uint64_t known_last) {
  drop_consumer();
  if (delivered_ != 0) restarts_.add();
  tag_ = next_tag();
  consumer_sequence_ = 0;
  known_last_ = known_last;
  last_heard_ = now;
  last_progress_ = now;
  const std::string to = fmt::format("{}.d.{}", requests_.link().inbox(), tag_);
  if (!requests_.link().subscribe(to, tag_)) return fail("no subscription");
  phase_ = Phase::Asked;
  requests_.ask("$JS.API.CONSUMER.CREATE." + stream_,
                consumer_config(stream_, to, delivered_, heartbeat_), now, kAnswerLimit,
                [weak = weak_from_this(), tag = tag_](std::optional<std::string_view> reply) {
                  if (const auto self = weak.lock()) self->on_made(reply, tag);
                });
}

void NatsFeed::stop() {
  consumer_.clear();  // the server drops it by itself
  drop_consumer();
}

void NatsFeed::rewind() {
  stop();
  delivered_ = delivered_hash_ = 0;
}

void NatsFeed::drop_consumer() {
  phase_ = Phase::Idle;
  is_verified_ = false;
  if (const std::uint64_t tag = std::exchange(tag_, 0); tag != 0) requests_.link().unsubscribe(tag);
  if (consumer_.empty()) return;
  requests_.link().publish(fmt::format("$JS.API.CONSUMER.DELETE.{}.{}", stream_, consumer_), {},
                           {});
  consumer_.clear();
}

void NatsFeed::fail(std::string_view why) {
  log_limited(LogLevel::Info, "nats_feed", "purge",
              fmt::format("{} is followed anew from {}: {}", stream_, delivered_, why));
  drop_consumer();
}

// Messages may have come before this: the consumer delivers as soon as it is made.
void NatsFeed::on_made(std::optional<std::string_view> reply, std::uint64_t tag) {
  if (tag != tag_) return;
  const auto info = reply ? parse_consumer_info(*reply) : std::nullopt;
  if (!info || info->error.code != 0) {
    fail(info ? std::string_view(info->error.description) : "no answer");
    events_.refused();
    return;
  }
  consumer_ = info->name;
  phase_ = Phase::Live;
  if (info->pending == 0 && consumer_sequence_ == 0) on_exhausted();
}

void NatsFeed::on_message(const NatsMessage& message, Ticks now) {
  last_heard_ = now;
  if (!message.status.empty()) return on_status(message);
  const auto place = parse_delivery(message.reply);
  if (!place) return;  // not from JetStream
  if (place->consumer_sequence != consumer_sequence_ + 1) return fail("a delivery is missing");
  consumer_sequence_ = place->consumer_sequence;
  on_data(*place, message.data, now);
}

void NatsFeed::on_status(const NatsMessage& message) {
  if (message.status != "100")
    return fail(fmt::format("the consumer ended, status {}", message.status));
  // Flow control: the server goes on once it knows that we are here.
  if (!message.reply.empty()) requests_.link().publish(message.reply, {}, {});
  if (!message.stalled.empty()) requests_.link().publish(message.stalled, {}, {});
  if (message.last_consumer.empty()) return;
  std::uint64_t sent = 0;
  const char* end = message.last_consumer.data() + message.last_consumer.size();
  std::from_chars(message.last_consumer.data(), end, sent);
  if (sent > consumer_sequence_) fail("a delivery is missing");
}

void NatsFeed::on_data(const DeliveryPlace& place, std::string_view data, Ticks now) {
  const std::uint64_t sequence = place.stream_sequence;
  const std::uint64_t tag = tag_;
  if (sequence == delivered_) {
    if (delivered_hash_ != 0 && delivered_hash_ != hash_of(data)) return events_.contradiction();
    is_verified_ = true;
  } else if (sequence > delivered_) {
    if (sequence > delivered_ + 1) lose_until(sequence - 1);
    delivered_ = sequence;
    delivered_hash_ = hash_of(data);
    last_progress_ = now;
    is_verified_ = true;
    events_.message(sequence, data);
  }
  if (place.pending == 0 && tag == tag_) on_exhausted();
}

// The consumer has nothing more, so what the stream had before it was made and what did not come
// is there no longer.
void NatsFeed::on_exhausted() {
  if (known_last_ > delivered_) lose_until(known_last_);
  is_verified_ = true;
}

void NatsFeed::lose_until(std::uint64_t sequence) {
  delivered_ = sequence;
  delivered_hash_ = 0;
  events_.lost(sequence);
}

void NatsFeed::on_time(Ticks now) {
  if (phase_ == Phase::Live && now - last_heard_ > heartbeat_ * kSilentHeartbeats)
    fail("nothing was heard of it");
}

}  // namespace brink::purge
