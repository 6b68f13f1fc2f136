// What goes over the wire to NATS and what may come from it, well-formed or not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "purge/nats_format.h"

namespace brink::purge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(NatsFormat, Subjects) {
  const NatsNames names("BRINK_PURGE");
  Record record;
  EXPECT_EQ(names.subject_of(record), "BRINK_PURGE.log.purge");
  record.kind = Record::Kind::Version;
  record.selector.site = "shop.example com\r\n*.>";
  EXPECT_EQ(names.subject_of(record), "BRINK_PURGE.log.version.shop%example%com%%%%%");
  record.selector.site = "";
  EXPECT_EQ(names.subject_of(record), "BRINK_PURGE.log.version.%");
  record.kind = Record::Kind::Join;
  record.node = "fra-1_a";
  EXPECT_EQ(names.subject_of(record), "BRINK_PURGE.log.node.fra-1_a");
  record.kind = Record::Kind::Leave;
  EXPECT_EQ(names.subject_of(record), "BRINK_PURGE.log.node.fra-1_a");
}

TEST(NatsFormat, DeliveryPlaces) {
  const auto expect_place = [](const char* subject, std::uint64_t stream, std::uint64_t consumer,
                               std::uint64_t pending) {
    const auto place = parse_delivery(subject);
    ASSERT_TRUE(place.has_value()) << subject;
    EXPECT_EQ(place->stream_sequence, stream);
    EXPECT_EQ(place->consumer_sequence, consumer);
    EXPECT_EQ(place->pending, pending);
  };
  expect_place("$JS.ACK.S.C.1.17.3.1700000000000000000.9", 17, 3, 9);
  expect_place("$JS.ACK.dom.acc.S.C.1.17.3.1700000000000000000.9", 17, 3, 9);
  expect_place("$JS.ACK.dom.acc.S.C.1.17.3.1700000000000000000.9.rand", 17, 3, 9);
  expect_place("$JS.ACK.S.C.1.18446744073709551615.3.1.0", UINT64_MAX, 3, 0);
  for (const char* subject :
       {"", "$JS.ACK", "$JS.ACK.S.C.1.17.3.1", "$JS.ACK.S.C.1.x.3.1.9", "$JS.ACK.S.C.1.17.3.1.",
        "_INBOX.S.C.1.17.3.1.9.1", "$JS.ACK.S.C.1.18446744073709551616.3.1.0",
        "$JS.ACK.S.C.1.17.3.1.9.1", "................................................"})
    EXPECT_FALSE(parse_delivery(subject).has_value()) << subject;
}

TEST(NatsFormat, WhereAMessageComesFrom) {
  for (const char* subject : {"$JS.ACK.S.C.4.17.3.1700.9", "$JS.ACK.dom.acc.S.C.4.17.3.1700.9",
                              "$JS.ACK._.acc.S.C.4.17.3.1700.9.x"}) {
    const auto place = parse_delivery(subject);
    ASSERT_TRUE(place.has_value()) << subject;
    EXPECT_EQ(place->stream, "S");
    EXPECT_EQ(place->deliveries, 4U);
    EXPECT_EQ(place->time_ns, 1700U);
  }
}

TEST(NatsFormat, EventConsumers) {
  const auto good = parse_event_consumer(
      R"({"config":{"ack_policy":"explicit","filter_subject":"shop.>"},"num_pending":1})");
  ASSERT_TRUE(good.has_value());
  EXPECT_TRUE(good->is_pull);
  EXPECT_EQ(good->filter_subject, "shop.>");
  EXPECT_FALSE(parse_event_consumer(R"({"config":{"ack_policy":"explicit","deliver_subject":"x"}})")
                   ->is_pull);
  EXPECT_FALSE(parse_event_consumer(R"({"config":{"ack_policy":"none"}})")->is_pull);
  EXPECT_FALSE(parse_event_consumer(R"({"config":{}})")->is_pull);
  EXPECT_EQ(parse_event_consumer(R"({"error":{"code":404}})")->error.code, 404);
  for (const char* text : {"", "[]", "{}", R"({"config":7})"})
    EXPECT_FALSE(parse_event_consumer(text).has_value()) << text;
  EXPECT_EQ(parse_stream_names(R"({"streams":["A","B"]})")->first, "A");
  for (const char* text : {"{}", R"({"streams":null})", R"({"streams":[]})", R"({"streams":[7]})"})
    EXPECT_EQ(parse_stream_names(text)->first, "") << text;
  EXPECT_FALSE(parse_stream_names("x").has_value());
  EXPECT_THAT(event_consumer_config({"S", "C", "shop.>", Millis{30'000}}),
              HasSubstr(R"("deliver_policy":"new")"));
  EXPECT_THAT(event_consumer_config(
                  {"S", "C", "shop.>", Millis{30'000}, TimePoint{Millis{1'700'000'000'123}}}),
              HasSubstr(R"("opt_start_time":"2023-11-14T22:13:20.123Z")"));
  EXPECT_EQ(next_request(3, Millis{5}), R"({"batch":3,"expires":5000000})");
}

TEST(NatsFormat, PublishAcks) {
  auto ack = parse_publish_ack(R"({"stream":"S","seq":7})");
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->sequence, 7U);
  EXPECT_FALSE(ack->duplicate);
  ack = parse_publish_ack(R"({"stream":"S","seq":7,"duplicate":true})");
  ASSERT_TRUE(ack.has_value());
  EXPECT_TRUE(ack->duplicate);
  ack = parse_publish_ack(R"({"error":{"code":503,"err_code":10077,"description":"full"}})");
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->error.code, 503);
  EXPECT_EQ(ack->error.description, "full");
  EXPECT_EQ(parse_publish_ack(R"({"error":{}})")->error.code, 500);
  for (const char* text : {"", "[]", "{}", "{\"seq\":-1}", "{\"seq\":\"7\"}", "{\"seq\":1.5}",
                           "{\"seq\":7", "{\"error\":7}"})
    EXPECT_FALSE(parse_publish_ack(text).has_value()) << text;
}

std::string info_with(const std::string& cluster) {
  return R"({"config":{"name":"S"},"created":"2026-11-27T10:00:00.5Z",)" + cluster +
         R"("state":{"messages":3,"first_seq":5,"last_seq":9}})";
}

TEST(NatsFormat, StreamInfo) {
  auto info = parse_stream_info(info_with(""));
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->created, "2026-11-27T10:00:00.5Z");
  EXPECT_EQ(info->first, 5U);
  EXPECT_EQ(info->last, 9U);
  EXPECT_EQ(info->silence.count(), 0);
  EXPECT_EQ(info->error.code, 0);
  info = parse_stream_info(R"({"error":{"code":404,"err_code":10059,"description":"no"}})");
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->error.code, 404);
  for (const char* text : {"", "{}", "null", R"({"created":"x","state":{"last_seq":1}})",
                           R"({"created":"","config":{},"state":{}})", R"({"created":"x"})"})
    EXPECT_FALSE(parse_stream_info(text).has_value()) << text;
}

// How old the word of a majority is; a stream without a leader says nothing at all.
TEST(NatsFormat, AStreamOnSeveralServers) {
  struct Row {
    std::string cluster;
    std::int64_t silence;
  };
  const std::vector<Row> rows = {
      {R"({"leader":"a"})", 0},
      {R"({"leader":"a","replicas":[{"active":30},{"active":20}]})", 20},
      {R"({"leader":"a","replicas":[{"active":30},{"active":20,"offline":true}]})", 30},
      {R"({"leader":"a","replicas":[{"active":9},{"active":1},{"active":5},{"active":7}]})", 5},
      {R"({"leader":"a","replicas":[{"active":9}]})", 9},
      {R"({"leader":"a","replicas":[{},{"active":0}]})", INT64_MAX / 4},
      {R"({"leader":"a","replicas":[7,"x"]})", INT64_MAX / 4},
  };
  for (const Row& row : rows) {
    const auto info = parse_stream_info(info_with("\"cluster\":" + row.cluster + ","));
    ASSERT_TRUE(info.has_value()) << row.cluster;
    EXPECT_EQ(info->silence.count(), row.silence) << row.cluster;
    EXPECT_EQ(info->error.code, 0);
  }
  const auto leaderless = parse_stream_info(info_with(R"("cluster":{"name":"c"},)"));
  ASSERT_TRUE(leaderless.has_value());
  EXPECT_EQ(leaderless->error.code, 503);
}

TEST(NatsFormat, ConfigurationsAreCompared) {
  const NatsNames names("S");
  const std::string wanted = log_stream_config(names, 3, 100);
  EXPECT_EQ(compare_stream_config(wanted, wanted).differences, "");
  StreamUpdate update = compare_stream_config(
      R"({"name":"S","subjects":["S.log.>"],"retention":"limits","storage":"memory","discard":"old",)"
      R"("num_replicas":1,"max_msgs_per_subject":100,"duplicate_window":120000000000,"future":1})",
      wanted);
  EXPECT_THAT(update.differences, HasSubstr("storage: is \"memory\", wanted \"file\""));
  EXPECT_THAT(update.differences, HasSubstr("num_replicas: is 1, wanted 3"));
  EXPECT_THAT(update.differences, Not(HasSubstr("max_age")));
  EXPECT_THAT(update.update, HasSubstr("\"num_replicas\":3"));
  EXPECT_THAT(update.update, HasSubstr("\"storage\":\"memory\""));
  EXPECT_THAT(update.update, HasSubstr("\"future\":1"));
  update = compare_stream_config("garbage", wanted);
  EXPECT_EQ(update.differences, "");
}

}  // namespace
}  // namespace brink::purge
