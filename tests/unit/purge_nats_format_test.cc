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
