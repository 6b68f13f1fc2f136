// The demo origin's small pieces of HTTP: dates, escapes, ranges, conditions, the routes' patterns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "origin/demo_answer.h"
#include "origin/demo_http.h"
#include "origin/demo_origin.h"
#include "origin/demo_routes.h"

namespace brink::origin::demo_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimePoint kPast{std::chrono::seconds{784'111'777}};  // RFC 9110's own example

TEST(DemoDate, FormatsAndParsesTheThreeForms) {
  EXPECT_EQ(demo_format_date(kPast), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(demo_parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), kPast);
  EXPECT_EQ(demo_parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), kPast);
  EXPECT_EQ(demo_parse_date("Sun Nov  6 08:49:37 1994"), kPast);
  EXPECT_EQ(demo_parse_date(""), std::nullopt);
  EXPECT_EQ(demo_parse_date("yesterday"), std::nullopt);
  EXPECT_EQ(demo_parse_date("Sun, 06 Nov 1994 08:49:37 GMT and more"), std::nullopt);
}

TEST(DemoPercent, DecodesOrRefuses) {
  EXPECT_EQ(demo_percent_decode("a%20b%2Fc"), "a b/c");
  EXPECT_EQ(demo_percent_decode("a+b"), "a+b");
  EXPECT_EQ(demo_percent_decode("a+b", true), "a b");
  for (const char* broken : {"%", "%4", "%zz", "%00", "a%0"}) {
    EXPECT_EQ(demo_percent_decode(broken), std::nullopt) << broken;
  }
  EXPECT_EQ(demo_percent_encode("å b/"), "%C3%A5%20b%2F");
  EXPECT_EQ(demo_form_value("a=1&bb=2&b=3&c", "b"), "3");
  EXPECT_EQ(demo_form_value("a=1&c", "c"), "");
  EXPECT_EQ(demo_form_value("a=1", "d"), std::nullopt);
}

TEST(DemoEscape, NothingBreaksOut) {
  EXPECT_EQ(demo_escape_html("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
  EXPECT_EQ(demo_json_string("a\"\\\n\x01"), R"("a\"\\\n\u0001")");
  EXPECT_EQ(demo_json_string("€"), "\"€\"");
  EXPECT_EQ(demo_json_string("\xff\xc3"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(demo_json_string("\xed\xa0\x80").find('\xed'), std::string::npos);  // a surrogate
}

TEST(DemoEncode, ChecksumsAndStoredBlocks) {
  EXPECT_EQ(demo_crc32("123456789"), 0xcbf43926U);
  EXPECT_EQ(demo_crc32("456789", demo_crc32("123")), 0xcbf43926U);
  EXPECT_EQ(demo_deflate_stored("abc"), std::string("\x01\x03\x00\xfc\xff"
                                                    "abc",
                                                    8));
  EXPECT_EQ(demo_deflate_stored("").size(), 5U);
  EXPECT_EQ(demo_deflate_stored(std::string(70'000, 'x')).size(), 70'010U);
}

TEST(DemoBytes, AByteTellsWhereItBelongs) {
  EXPECT_EQ(demo_byte(0), 0);
  EXPECT_EQ(demo_byte(0x0102), 3);
  EXPECT_EQ(demo_byte(0x0100'0000'0000'00ff), 0xfe);
}

struct RangeRow {
  std::string_view field;
  std::uint64_t size;
  DemoRange::Kind kind;
  std::uint64_t first;
  std::uint64_t length;
};

TEST(DemoRangeTable, Rfc9110Section14) {
  using enum DemoRange::Kind;
  const RangeRow rows[] = {
      {"bytes=0-0", 10, Part, 0, 1},         {"bytes=2-5", 10, Part, 2, 4},
      {"bytes=2-", 10, Part, 2, 8},          {"bytes=2-99", 10, Part, 2, 8},
      {"bytes=-3", 10, Part, 7, 3},          {"bytes=-99", 10, Part, 0, 10},
      {"Bytes=1-1", 10, Part, 1, 1},         {"bytes=10-", 10, Unsatisfiable, 0, 0},
      {"bytes=-0", 10, Unsatisfiable, 0, 0}, {"bytes=0-", 0, Unsatisfiable, 0, 0},
      {"bytes=5-2", 10, Whole, 0, 0},        {"bytes=1-2,4-5", 10, Whole, 0, 0},
      {"bytes=a-b", 10, Whole, 0, 0},        {"bytes=", 10, Whole, 0, 0},
      {"bytes=-", 10, Whole, 0, 0},          {"bytes=99999999999999999999-", 10, Whole, 0, 0},
      {"lines=1-2", 10, Whole, 0, 0},        {"", 10, Whole, 0, 0},
  };
  for (const RangeRow& row : rows) {
    const DemoRange range = demo_parse_range(row.field, row.size);
    EXPECT_EQ(range.kind, row.kind) << row.field;
    EXPECT_EQ(range.first, row.first) << row.field;
    EXPECT_EQ(range.length, row.length) << row.field;
  }
}

struct ConditionRow {
  DemoFields fields;
  int status;
};

TEST(DemoConditionTable, Rfc9110Section13) {
  const std::string same = demo_format_date(kPast);
  const std::string earlier = demo_format_date(kPast - std::chrono::seconds{1});
  const ConditionRow rows[] = {
      {{}, 200},
      {{{"If-None-Match", "\"v1\""}}, 304},
      {{{"If-None-Match", "W/\"v1\""}}, 304},
      {{{"If-None-Match", "\"a\", \"v1\""}}, 304},
      {{{"If-None-Match", "\"a\""}, {"If-None-Match", "\"v1\""}}, 304},
      {{{"If-None-Match", "*"}}, 304},
      {{{"If-None-Match", "\"v2\""}}, 200},
      {{{"If-None-Match", "\"v2\""}, {"If-Modified-Since", same}}, 200},
      {{{"If-Modified-Since", same}}, 304},
      {{{"If-Modified-Since", earlier}}, 200},
      {{{"If-Modified-Since", "nonsense"}}, 200},
      {{{"If-Match", "\"v1\""}}, 200},
      {{{"If-Match", "W/\"v1\""}}, 412},
      {{{"If-Match", "\"v2\""}}, 412},
      {{{"If-Unmodified-Since", earlier}}, 412},
      {{{"If-Unmodified-Since", same}}, 200},
      {{{"Range", "bytes=1-2"}}, 206},
      {{{"Range", "bytes=1-2"}, {"If-Range", "\"v1\""}}, 206},
      {{{"Range", "bytes=1-2"}, {"If-Range", "W/\"v1\""}}, 200},
      {{{"Range", "bytes=1-2"}, {"If-Range", "\"v2\""}}, 200},
      {{{"Range", "bytes=1-2"}, {"If-Range", same}}, 206},
      {{{"Range", "bytes=1-2"}, {"If-Range", earlier}}, 200},
      {{{"Range", "bytes=9-"}}, 416},
      {{{"Range", "bytes=1-2"}, {"If-None-Match", "\"v1\""}}, 304},
  };
  for (const ConditionRow& row : rows) {
    DemoRequest request;
    request.method = "GET";
    request.fields = row.fields;
    DemoReply reply;
    reply.body = DemoBody("abcdef");
    reply.etag = "\"v1\"";
    reply.last_modified = kPast;
    demo_prepare(request, reply, "test");
    EXPECT_EQ(reply.status, row.status) << ::testing::PrintToString(row.fields);
  }
}

TEST(DemoAnswerHead, FramingSaysOneThing) {
  DemoRequest request;
  request.method = "HEAD";
  DemoReply reply;
  reply.body = DemoBody("abcdef");
  const DemoAnswer head = demo_prepare(request, reply, "test");
  EXPECT_THAT(head.head, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_EQ(head.length, 0U);

  request.method = "GET";
  request.http_1_0 = true;
  reply.delivery.chunked = true;
  const DemoAnswer old = demo_prepare(request, reply, "test");
  EXPECT_THAT(old.head, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_THAT(old.head, HasSubstr("Connection: close\r\n"));
  EXPECT_FALSE(old.keep_alive);

  request.http_1_0 = false;
  reply.status = 204;
  const DemoAnswer empty = demo_prepare(request, reply, "test");
  EXPECT_THAT(empty.head, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_THAT(empty.head, Not(HasSubstr("Content-Length")));
}

TEST(DemoMatch, SegmentsAndCaptures) {
  std::vector<std::string> captures;
  EXPECT_TRUE(demo_match("/a/{x}/p-{y}.svg", "/a/b%20c/p-7.svg", captures));
  EXPECT_THAT(captures, ElementsAre("b c", "7"));
  for (const char* other : {"/a", "/a/", "/a/b", "/a//p-7.svg", "/a/b/p-.svg", "/a/b/p-7.svg/",
                            "/a/%zz/p-7.svg", "a/b/p-7.svg", ""}) {
    captures.clear();
    EXPECT_FALSE(demo_match("/a/{x}/p-{y}.svg", other, captures)) << other;
  }
}

TEST(DemoTable, EveryExampleFindsItsOwnRoute) {
  std::set<std::string_view> patterns;
  for (const DemoRoute& route : demo_routes()) {
    EXPECT_TRUE(patterns.insert(route.pattern).second) << route.pattern;
    EXPECT_FALSE(route.summary.empty()) << route.pattern;
    const std::string_view url = route.example.empty() ? route.pattern : route.example;
    std::vector<std::string> captures;
    EXPECT_TRUE(demo_match(route.pattern, url.substr(0, url.find('?')), captures)) << url;
  }
}

}  // namespace
}  // namespace brink::origin::demo_test
