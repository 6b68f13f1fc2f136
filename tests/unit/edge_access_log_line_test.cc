// From an access record to its JSON line: fields, escaping, redaction, sampling, and the page in
// docs/.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "edge/access_log_line.h"
#include "edge/cache_status.h"
#include "edge/json_text.h"

namespace brink::edge {
namespace {

using namespace std::string_view_literals;

std::string line_of(const AccessRecord& record) {
  std::string out;
  append_access_line(out, record, "fra-1", record.target.view());
  return out;
}

AccessRecord hit() {
  AccessRecord record;
  record.time = TimePoint{Millis{1'763'805'600'007}};
  record.duration_ns = 1'234'567;
  record.first_byte_ns = 12'000;
  record.bytes_sent = 512;
  record.key_hash = 0xabc;
  record.current_age_s = 7;
  record.freshness_lifetime_s = 60;
  record.status = 200;
  record.result = CacheResult::Hit;
  record.freshness_source = cache::FreshnessSource::MaxAge;
  record.method.assign("GET");
  record.client.assign("10.1.2.3");
  record.site.assign("shop");
  record.host.assign("shop.example.com");
  record.target.assign("/a?b=c");
  record.user_agent.assign("curl/7.88");
  return record;
}

TEST(AccessLogLine, WritesAHitWithItsDecisionAndLeavesOutWhatDoesNotApply) {
  EXPECT_EQ(line_of(hit()),
            "{\"time\":\"2025-11-22T10:00:00.007Z\",\"node\":\"fra-1\",\"client\":\"10.1.2.3\","
            "\"scheme\":\"http\",\"http\":\"1.1\",\"method\":\"GET\",\"host\":\"shop.example.com\","
            "\"target\":\"/a?b=c\",\"site\":\"shop\",\"status\":200,\"result\":\"hit\","
            "\"key\":\"0000000000000abc\",\"age\":7,\"freshness_lifetime\":60,"
            "\"freshness_source\":\"max-age\",\"first_byte_ms\":0.012,\"duration_ms\":1.234,"
            "\"bytes_sent\":512,\"user_agent\":\"curl/7.88\"}\n");
}

TEST(AccessLogLine, WritesWhatUpstreamDidAndWhatWentWrong) {
  AccessRecord record = hit();
  record.result = CacheResult::Expired;
  record.status = 502;
  record.tls = true;
  record.http_minor = 20;
  record.reason = cache::Reason::Expired;
  record.store_reason = cache::Reason::Incomplete;
  record.upstream.assign("http://10.0.0.5:8000");
  record.upstream_status = 200;
  record.upstream_ns = 3'000'000;
  record.attempts = 2;
  record.bytes_received = 9;
  record.collapsed = true;
  record.cut = true;
  record.error.assign("http_response_incomplete");
  const auto json = boost::json::parse(line_of(record)).as_object();
  EXPECT_EQ(json.at("scheme"), "https");
  EXPECT_EQ(json.at("http"), "2");
  EXPECT_EQ(json.at("result"), "expired");
  EXPECT_EQ(std::string(json.at("reason").as_string()), cache::to_string(cache::Reason::Expired));
  EXPECT_EQ(std::string(json.at("store_reason").as_string()),
            cache::to_string(cache::Reason::Incomplete));
  EXPECT_EQ(json.at("upstream"), "http://10.0.0.5:8000");
  EXPECT_EQ(json.at("upstream_status"), 200);
  EXPECT_EQ(json.at("upstream_ms").as_double(), 3.0);
  EXPECT_EQ(json.at("attempts"), 2);
  EXPECT_EQ(json.at("bytes_received"), 9);
  EXPECT_EQ(json.at("collapsed"), true);
  EXPECT_EQ(json.at("cut"), true);
  EXPECT_EQ(json.at("error"), "http_response_incomplete");
}

TEST(AccessLogLine, EveryReasonHasItsWordHereAndInCacheStatus) {
  using cache::Reason;
  for (int i = 1; i < static_cast<int>(Reason::Count_); ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::string word(cache::to_string(reason));
    AccessRecord record = hit();
    record.reason = record.store_reason = reason;
    const auto json = boost::json::parse(line_of(record)).as_object();
    EXPECT_EQ(std::string(json.at("reason").as_string()), word);
    EXPECT_EQ(std::string(json.at("store_reason").as_string()), word);
    Outcome outcome;
    outcome.result = CacheResult::Hit;
    outcome.reason = reason;
    std::string status;
    append_cache_status(status, "brink-a", "", outcome);
    const std::string hit_text = reason == Reason::OnlyIfCached ? "" : "; hit";  // neither a hit nor forwarded
    EXPECT_EQ(status, "Cache-Status: brink-a" + hit_text + "; detail=" + word + "\r\n");
    status.clear();
    outcome.result = CacheResult::Miss;
    outcome.reason = Reason::NotStored;
    outcome.store_reason = reason;
    outcome.stored = reason == Reason::Stored;
    append_cache_status(status, "brink-a", "", outcome);
    const std::string told =
        reason == Reason::Stored ? "; stored; detail=not-stored" : "; detail=not-stored/" + word;
    EXPECT_EQ(status, "Cache-Status: brink-a; fwd=uri-miss" + told + "\r\n");
  }
}

TEST(AccessLogLine, HostileTextIsStillOneLineOfValidJson) {
  AccessRecord record = hit();
  record.target.assign("/\"\\\n\r\t\x01\x7f\x00\xff\xc3\x28\xed\xa0\x80"sv);
  record.user_agent.assign("evil\"}\n{\"status\":200");
  const std::string line = line_of(record);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(boost::json::parse(line).at("user_agent"), "evil\"}\n{\"status\":200");
}

TEST(AccessLogLine, LongTextIsCutAndSaysSo) {
  AccessRecord record = hit();
  record.target.assign("/" + std::string(1000, 'x'));
  const auto json = boost::json::parse(line_of(record)).as_object();
  EXPECT_EQ(json.at("target").as_string().size(), 384U);
  EXPECT_TRUE(json.at("target").as_string().ends_with("x…"));
}

TEST(JsonText, EscapesEveryKindOfByte) {
  struct Row {
    std::string_view in, out;
  };
  const Row rows[] = {
      {"", "\"\""},
      {"plain /?&=~", "\"plain /?&=~\""},
      {"\"\\", "\"\\\"\\\\\""},
      {"\n\r\t\x1b\x7f", "\"\\n\\r\\t\\u001b\\u007f\""},
      {"é…😀", "\"é…😀\""},
      {"\xc2\x85", "\"\\u0085\""},                               // C1 control
      {"\xe9t\xe9", "\"\\ufffdt\\ufffd\""},                      // Latin-1
      {"\xc0\xaf", "\"\\ufffd\\ufffd\""},                        // overlong
      {"\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\""},             // overlong
      {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},             // surrogate
      {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},  // above U+10FFFF
      {"\xe2\x80", "\"\\ufffd\\ufffd\""},                        // broken off
      {"\xf0\x9f\x98", "\"\\ufffd\\ufffd\\ufffd\""},
  };
  for (const Row& row : rows) {
    std::string out;
    append_json_string(out, row.in);
    EXPECT_EQ(out, row.out);
  }
}

TEST(AccessLogRedaction, HidesValuesNotNames) {
  struct Row {
    std::string_view target;
    std::vector<std::string> names;
    std::string_view out;
  };
  const Row rows[] = {
      {"/a?token=s3", {}, "/a?token=s3"},
      {"/a", {"*"}, "/a"},
      {"/a?", {"*"}, "/a?"},
      {"/a?x=1&token=s3&y=2", {"token"}, "/a?x=1&token=…&y=2"},
      {"/a?x=1&token=s3&y=2", {"*"}, "/a?x=…&token=…&y=…"},
      {"/a?TOKEN=s3", {"token"}, "/a?TOKEN=…"},
      {"/a?%74oken=s3", {"token"}, "/a?%74oken=…"},
      {"/a?tok%=s3&%zz=1", {"token"}, "/a?tok%=s3&%zz=1"},
      {"/a?token", {"token"}, "/a?token"},
      {"/a?s3cret", {"*"}, "/a?…"},
      {"/a?token=", {"token"}, "/a?token="},
      {"/a?token=a=b?c", {"token"}, "/a?token=…"},
      {"/a?x=1;token=s3;u&y=2", {"token"}, "/a?x=1;token=…&y=2"},
      {"/a?&&x=1&", {"x"}, "/a?&&x=…&"},
      {"/token=1?mytoken=2", {"token"}, "/token=1?mytoken=2"},
  };
  for (const Row& row : rows) {
    std::string out;
    append_redacted_target(out, row.target, row.names);
    EXPECT_EQ(out, row.out) << row.target;
  }
}

TEST(AccessLogSampling, IsAFunctionOfTheRecordAndKeepsEveryError) {
  constexpr int kRecords = 10'000;
  int sampled = 0;
  for (int i = 0; i < kRecords; ++i) {
    AccessRecord record = hit();
    record.duration_ns = static_cast<std::uint64_t>(i);
    const bool is_in = is_sampled(record, 0.25);
    EXPECT_EQ(is_sampled(record, 0.25), is_in);
    sampled += is_in ? 1 : 0;
    record.status = 503;
    EXPECT_TRUE(is_sampled(record, 0.0));
  }
  EXPECT_NEAR(sampled, kRecords / 4, kRecords / 40);
  AccessRecord record = hit();
  EXPECT_FALSE(is_sampled(record, 0.0));
  EXPECT_TRUE(is_sampled(record, 1.0));
  record.cut = true;
  EXPECT_TRUE(is_sampled(record, 0.0));
  record.cut = false;
  record.status = 0;
  EXPECT_TRUE(is_sampled(record, 0.0));
}

// BRINK_UPDATE_DOCS=1 writes the page anew.
TEST(AccessLogPage, IsWhatTheTableSays) {
  const auto path = std::filesystem::path(BRINK_SOURCE_FOLDER) / "docs/access-log.md";
  if (std::getenv("BRINK_UPDATE_DOCS") != nullptr) std::ofstream(path) << access_log_page();
  std::ostringstream page;
  page << std::ifstream(path).rdbuf();
  EXPECT_EQ(page.str(), access_log_page()) << "run this test with BRINK_UPDATE_DOCS=1";
}

TEST(CacheResult, EveryValueHasItsOwnWord) {
  std::vector<std::string_view> words;
  for (int i = 0; i < static_cast<int>(CacheResult::Count_); ++i) {
    words.push_back(to_string(static_cast<CacheResult>(i)));
  }
  std::sort(words.begin(), words.end());
  EXPECT_EQ(std::unique(words.begin(), words.end()), words.end());
  EXPECT_EQ(std::count(words.begin(), words.end(), "unknown"), 0);
}

}  // namespace
}  // namespace brink::edge
