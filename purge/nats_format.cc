#include "purge/nats_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <vector>

#include "config/runtime/iso_time.h"
#include "purge/decimal.h"

namespace brink::purge {

namespace json = boost::json;

namespace {

constexpr std::int64_t kDuplicateWindowNs = 120'000'000'000;
constexpr int kEventsPending = 1'000;  // delivered to all nodes together, not yet acknowledged

// The update API takes these; the others are the stream's for life.
constexpr std::array<std::string_view, 5> kChangeable = {
    "max_msgs_per_subject", "max_msgs", "num_replicas", "duplicate_window", "discard"};

std::optional<json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::uint64_t number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  if (value == nullptr) return 0;
  if (const std::uint64_t* u = value->if_uint64()) return *u;
  const std::int64_t* i = value->if_int64();
  return i != nullptr && *i > 0 ? static_cast<std::uint64_t>(*i) : 0;
}

std::string text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  const json::string* found = value != nullptr ? value->if_string() : nullptr;
  return found != nullptr ? std::string(found->data(), found->size()) : std::string();
}

bool flag(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object* member(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  return value != nullptr ? value->if_object() : nullptr;
}

// Of a replicated stream whose leader is not known another server answers, with empty numbers.
bool is_leaderless(const json::object& reply) {
  const json::object* cluster = member(reply, "cluster");
  return cluster != nullptr && text(*cluster, "leader").empty();
}

ApiError error_in(const json::object& reply) {
  ApiError out;
  if (const json::object* error = member(reply, "error")) {
    out.code = static_cast<int>(std::min<std::uint64_t>(number(*error, "code"), 999));
    out.err_code = static_cast<int>(std::min<std::uint64_t>(number(*error, "err_code"), 99'999));
    out.description = text(*error, "description");
    if (out.code == 0) out.code = 500;
  }
  return out;
}

// The last moment at which a majority, the leader included, was in touch.
std::chrono::nanoseconds silence_of(const json::object& reply) {
  const json::object* cluster = member(reply, "cluster");
  const json::value* list = cluster != nullptr ? cluster->if_contains("replicas") : nullptr;
  const json::array* replicas = list != nullptr ? list->if_array() : nullptr;
  if (replicas == nullptr || replicas->empty()) return {};
  std::vector<std::int64_t> active;
  for (const json::value& replica : *replicas) {
    const json::object* peer = replica.if_object();
    const std::uint64_t since = peer != nullptr ? number(*peer, "active") : 0;
    const bool is_known = peer != nullptr && since > 0 && !flag(*peer, "offline");
    active.push_back(is_known ? static_cast<std::int64_t>(since) : INT64_MAX / 4);
  }
  std::sort(active.begin(), active.end());
  const std::size_t others_needed =
      (active.size() + 1) / 2;  // of n + 1 servers, besides the leader
  return std::chrono::nanoseconds(active[others_needed - 1]);
}

json::object base_config(const std::string& name, const std::string& subject,
                         std::uint32_t replicas) {
  return {{"name", name},
          {"subjects", json::array{json::value(subject)}},
          {"retention", "limits"},
          {"storage", "file"},
          {"discard", "old"},
          {"num_replicas", replicas},
          {"max_consumers", -1},
          {"max_msgs", -1},
          {"max_msgs_per_subject", -1},
          {"max_bytes", -1},
          {"max_age", 0},
          {"max_msg_size", -1},
          {"duplicate_window", kDuplicateWindowNs}};
}

bool is_default(const json::value& wanted) {
  return wanted == json::value(0) || wanted == json::value(-1);
}

std::string as_token(std::string name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !is_plain(c); }, '%');
  return name.empty() ? std::string("%") : name;
}

}  // namespace

NatsNames::NatsNames(std::string_view name)
    : log_stream(name),
      receipts_stream(log_stream + "_RECEIPTS"),
      receipts(log_stream + ".receipts"),
      alive(log_stream + ".alive") {}

std::string NatsNames::subject_of(const Record& record) const {
  switch (record.kind) {
    case Record::Kind::Version:
      return log_stream + ".log.version." + as_token(record.selector.site);
    case Record::Kind::Join:
    case Record::Kind::Leave:
      return log_stream + ".log.node." + as_token(record.node);
    case Record::Kind::Count:
      return log_stream + ".log.count";
    case Record::Kind::Purge:
      break;
  }
  return log_stream + ".log.purge";
}

std::string log_stream_config(const NatsNames& names, std::uint32_t replicas,
                              std::uint32_t retain) {
  json::object config = base_config(names.log_stream, names.log_stream + ".log.>", replicas);
  config["max_msgs_per_subject"] = retain;
  return json::serialize(config);
}

std::string receipts_stream_config(const NatsNames& names, std::uint32_t replicas,
                                   std::uint32_t messages) {
  json::object config = base_config(names.receipts_stream, names.receipts, replicas);
  config["max_msgs"] = messages;
  return json::serialize(config);
}

StreamUpdate compare_stream_config(std::string_view existing, std::string_view wanted) {
  StreamUpdate out;
  std::optional<json::object> config = parse_object(existing);
  const std::optional<json::object> target = parse_object(wanted);
  if (!config || !target) return out;
  bool can_change = false;
  for (const auto& [key, value] : *target) {
    const json::value* is = config->if_contains(key);
    if (is != nullptr ? *is == value : is_default(value)) continue;
    const std::string_view name(key.data(), key.size());
    out.differences +=
        fmt::format("{}{}: is {}, wanted {}", out.differences.empty() ? "" : "; ", name,
                    is != nullptr ? json::serialize(*is) : "not set", json::serialize(value));
    if (std::find(kChangeable.begin(), kChangeable.end(), name) == kChangeable.end()) continue;
    (*config)[key] = value;
    can_change = true;
  }
  if (can_change) out.update = json::serialize(*config);
  return out;
}

std::optional<StreamInfo> parse_stream_info(std::string_view text_) {
  const auto reply = parse_object(text_);
  if (!reply) return std::nullopt;
  StreamInfo info;
  info.error = error_in(*reply);
  if (info.error.code == 0 && is_leaderless(*reply)) info.error = {503, 0, "it has no leader"};
  if (info.error.code != 0) return info;
  const json::object* state = member(*reply, "state");
  const json::object* config = member(*reply, "config");
  info.created = text(*reply, "created");
  if (state == nullptr || config == nullptr || info.created.empty()) return std::nullopt;
  info.first = number(*state, "first_seq");
  info.last = number(*state, "last_seq");
  info.silence = silence_of(*reply);
  info.config = json::serialize(*config);
  return info;
}

std::optional<ConsumerInfo> parse_consumer_info(std::string_view text_) {
  const auto reply = parse_object(text_);
  if (!reply) return std::nullopt;
  ConsumerInfo info;
  info.error = error_in(*reply);
  info.name = text(*reply, "name");
  info.pending = number(*reply, "num_pending");
  if (info.error.code == 0 && info.name.empty()) return std::nullopt;
  return info;
}

std::string consumer_config(std::string_view stream, std::string_view deliver_to,
                            std::uint64_t from, Millis heartbeat) {
  json::object config{{"deliver_subject", json::string_view(deliver_to.data(), deliver_to.size())},
                      {"deliver_policy", from > 0 ? "by_start_sequence" : "all"},
                      {"ack_policy", "none"},
                      {"replay_policy", "instant"},
                      {"max_deliver", 1},
                      {"flow_control", true},
                      {"mem_storage", true},
                      {"idle_heartbeat", std::chrono::nanoseconds(heartbeat).count()}};
  if (from > 0) config["opt_start_seq"] = from;
  return json::serialize(
      json::object{{"stream_name", json::string_view(stream.data(), stream.size())},
                   {"config", std::move(config)}});
}

std::optional<EventConsumer> parse_event_consumer(std::string_view text_) {
  const auto reply = parse_object(text_);
  if (!reply) return std::nullopt;
  EventConsumer out;
  out.error = error_in(*reply);
  if (out.error.code != 0) return out;
  const json::object* config = member(*reply, "config");
  if (config == nullptr) return std::nullopt;
  out.is_pull =
      text(*config, "deliver_subject").empty() && text(*config, "ack_policy") == "explicit";
  out.filter_subject = text(*config, "filter_subject");
  return out;
}

std::string event_consumer_config(const EventConsumerWish& wish) {
  const bool is_new = wish.from == TimePoint{};
  json::object config{{"durable_name", wish.durable},
                      {"deliver_policy", is_new ? "new" : "by_start_time"},
                      {"ack_policy", "explicit"},
                      {"ack_wait", std::chrono::nanoseconds(wish.ack_wait).count()},
                      {"max_deliver", -1},
                      {"max_ack_pending", kEventsPending},
                      {"filter_subject", wish.subject},
                      {"replay_policy", "instant"}};
  if (!is_new) config["opt_start_time"] = iso_time(wish.from);
  return json::serialize(json::object{{"stream_name", wish.stream}, {"config", std::move(config)}});
}

std::string stream_names_request(std::string_view subject) {
  return json::serialize(json::object{{"subject", subject}});
}

std::string next_request(std::size_t batch, Millis expires) {
  return json::serialize(
      json::object{{"batch", batch}, {"expires", std::chrono::nanoseconds(expires).count()}});
}

std::optional<StreamNames> parse_stream_names(std::string_view text_) {
  const auto reply = parse_object(text_);
  if (!reply) return std::nullopt;
  StreamNames out;
  out.error = error_in(*reply);
  const json::value* list = reply->if_contains("streams");
  const json::array* names = list != nullptr ? list->if_array() : nullptr;
  if (names != nullptr && !names->empty() && names->front().is_string())
    out.first = std::string(names->front().get_string());
  return out;
}

std::optional<PublishAck> parse_publish_ack(std::string_view text_) {
  const auto reply = parse_object(text_);
  if (!reply) return std::nullopt;
  PublishAck ack;
  ack.error = error_in(*reply);
  ack.sequence = number(*reply, "seq");
  ack.duplicate = flag(*reply, "duplicate");
  if (ack.error.code == 0 && ack.sequence == 0) return std::nullopt;
  return ack;
}

// $JS.ACK.STREAM.CONSUMER.DELIVERED.SSEQ.CSEQ.TIME.PENDING, or with DOMAIN.ACCOUNT before STREAM
// and a random token at the end.
std::optional<DeliveryPlace> parse_delivery(std::string_view reply_subject) {
  constexpr std::size_t kMostTokens = 16;
  std::vector<std::string_view> tokens;
  for (std::size_t begin = 0; begin <= reply_subject.size() && tokens.size() < kMostTokens;) {
    const std::size_t end = std::min(reply_subject.find('.', begin), reply_subject.size());
    tokens.push_back(reply_subject.substr(begin, end - begin));
    begin = end + 1;
  }
  if (tokens.size() < 9 || tokens.size() == 10 || tokens[0] != "$JS" || tokens[1] != "ACK")
    return std::nullopt;
  const std::size_t delivered = tokens.size() == 9 ? 4 : 6;
  const auto stream_sequence = parse_decimal(tokens[delivered + 1]);
  const auto consumer_sequence = parse_decimal(tokens[delivered + 2]);
  const auto pending = parse_decimal(tokens[delivered + 4]);
  if (!stream_sequence || !consumer_sequence || !pending) return std::nullopt;
  return DeliveryPlace{*stream_sequence,
                       *consumer_sequence,
                       *pending,
                       std::string(tokens[delivered - 2]),
                       parse_decimal(tokens[delivered]).value_or(1),
                       parse_decimal(tokens[delivered + 3]).value_or(0)};
}

}  // namespace brink::purge
