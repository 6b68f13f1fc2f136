#pragma once
// What goes over the wire between this node and NATS: subjects, and JetStream's JSON. Pure.
//
// Sources: JetStream's API as nats-server 2.9 speaks it (ADR-1, ADR-8 of nats-architecture-and-
// design: $JS.API subjects, $JS.ACK replies, PubAck). What comes from the network is checked here:
// a parse_…() is empty for anything that is not what it should be, and never throws.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "purge/record.h"

namespace brink::purge {

struct NatsNames {
  explicit NatsNames(std::string_view name);
  std::string log_stream;       // NAME
  std::string receipts_stream;  // NAME_RECEIPTS
  std::string receipts;         // its only subject: NAME.receipts
  std::string alive;            // reports that nobody stores: NAME.alive
  // NAME.log.purge, NAME.log.version.SITE, NAME.log.node.NODE, with '%' for '.' in names: retention
  // is per subject, so that purges never displace versions and joins.
  std::string subject_of(const Record& record) const;
};

// JetStream stream configurations as JSON.
std::string log_stream_config(const NatsNames& names, std::uint32_t replicas, std::uint32_t retain);
std::string receipts_stream_config(const NatsNames& names, std::uint32_t replicas,
                                   std::uint32_t messages);

// How a stream that exists differs from what is wanted.
struct StreamUpdate {
  std::string differences;  // "max_msgs_per_subject: is 5, wanted 10; …"; empty = none
  std::string update;       // its configuration with what can be changed; empty = nothing can
};
StreamUpdate compare_stream_config(std::string_view existing, std::string_view wanted);

struct ApiError {
  int code = 0;      // as in HTTP; 0 = no error
  int err_code = 0;  // JetStream's own
  std::string description;
};

struct StreamInfo {
  ApiError error;
  std::string created;  // as the server writes it
  std::uint64_t first = 0, last = 0;
  // Of a replicated stream: since when its leader has not heard of a majority. A leader that is cut
  // off goes on answering for a while; what it says is proof only of the time before.
  std::chrono::nanoseconds silence{0};
  std::string config;  // JSON
};
std::optional<StreamInfo> parse_stream_info(std::string_view json);

struct ConsumerInfo {
  ApiError error;
  std::string name;
  std::uint64_t pending = 0;
};
std::optional<ConsumerInfo> parse_consumer_info(std::string_view json);

// A push consumer that begins at `from` (0 = the first that is kept) and acknowledges nothing.
std::string consumer_config(std::string_view stream, std::string_view deliver_to,
                            std::uint64_t from, Millis heartbeat);

// The durable pull consumer that events come from: what is wanted of one, and what there is.
struct EventConsumer {
  ApiError error;
  bool is_pull = false;  // it waits to be asked, and for acknowledgements
  std::string filter_subject;
};
std::optional<EventConsumer> parse_event_consumer(std::string_view json);
struct EventConsumerWish {
  std::string_view stream, durable, subject;
  Millis ack_wait{};  // what is not acknowledged by then comes again
  TimePoint from{};   // messages that the stream took since; the epoch = what comes from now on
};
std::string event_consumer_config(const EventConsumerWish& wish);
// For $JS.API.STREAM.NAMES and ….CONSUMER.MSG.NEXT.….
std::string stream_names_request(std::string_view subject);
std::string next_request(std::size_t batch, Millis expires);
struct StreamNames {
  ApiError error;
  std::string first;  // empty = no stream has the subject
};
std::optional<StreamNames> parse_stream_names(std::string_view json);

struct PublishAck {
  ApiError error;
  std::uint64_t sequence = 0;
  bool duplicate = false;
};
std::optional<PublishAck> parse_publish_ack(std::string_view json);

// Of a delivered message's reply subject ($JS.ACK.…).
struct DeliveryPlace {
  std::uint64_t stream_sequence = 0;
  std::uint64_t consumer_sequence = 0;  // 1, 2, 3, …
  std::uint64_t pending = 0;            // how many follow as yet
  std::string stream = {};
  std::uint64_t deliveries = 1;  // how often this message has been delivered, this time included
  std::uint64_t time_ns = 0;     // when the stream took it
};
std::optional<DeliveryPlace> parse_delivery(std::string_view reply_subject);

}  // namespace brink::purge
