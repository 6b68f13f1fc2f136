// The body of POST /v1/purges: what is taken, and what each mistake is answered.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "purge/parse_purge.h"

namespace brink::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = Selector::Kind;

PurgeRequest good(std::string_view body) {
  auto parsed = parse_purge(body);
  const auto* problem = std::get_if<Problem>(&parsed);
  EXPECT_EQ(problem, nullptr) << body << (problem ? problem->detail : "");
  return problem ? PurgeRequest{} : std::get<PurgeRequest>(parsed);
}

Problem bad(std::string_view body) {
  auto parsed = parse_purge(body);
  EXPECT_TRUE(std::holds_alternative<Problem>(parsed)) << body;
  return std::holds_alternative<Problem>(parsed) ? std::get<Problem>(parsed) : Problem{};
}

std::string list_of(std::size_t count, std::string_view each) {
  std::string out = "[";
  for (std::size_t i = 0; i < count; ++i)
    out.append(i ? "," : "").append(each);
  return out + "]";
}

TEST(ParsePurge, TakesEachSelector) {
  const struct {
    const char* body;
    Kind kind;
    std::vector<std::string> values;
  } kRows[] = {
      {R"({"url":"https://Shop.test/a?b"})", Kind::Urls, {"https://Shop.test/a?b"}},
      {R"({"urls":["http://a/","http://b"]})", Kind::Urls, {"http://a/", "http://b"}},
      {R"({"tags":["a","b c"]})", Kind::Tags, {"a", "b c"}},
      {R"({"prefix":"/img/"})", Kind::Prefix, {"/img/"}},
      {R"({"pattern":"shop.test/*.css"})", Kind::Pattern, {"shop.test/*.css"}},
      {R"({"regex":"/p/[0-9]+$"})", Kind::Regex, {"/p/[0-9]+$"}},
      {R"({"host":"Shop.Test:443"})", Kind::Host, {"shop.test"}},
      {R"({"host":"shop.test:8080"})", Kind::Host, {"shop.test:8080"}},
      {R"({"all":true})", Kind::All, {}},
  };
  for (const auto& row : kRows) {
    const PurgeRequest request = good(row.body);
    EXPECT_EQ(request.record.selector.kind, row.kind) << row.body;
    EXPECT_EQ(request.record.selector.values, row.values) << row.body;
    EXPECT_EQ(request.wait, Wait::Node);
    EXPECT_EQ(request.timeout, Millis{5'000});
    EXPECT_FALSE(request.record.soft || request.record.warm);
    EXPECT_EQ(request.record.kind, Record::Kind::Purge);
  }
}

TEST(ParsePurge, TakesEachOption) {
  const PurgeRequest request = good(
      R"({"tags":["a","b"],"match":"all","site":"shop","soft":true,"dry_run":true,"wait":"all",)"
      R"("timeout_ms":60000,"reason":"sale","warm":true})");
  EXPECT_TRUE(request.record.selector.match_all);
  EXPECT_EQ(request.record.selector.site, "shop");
  EXPECT_TRUE(request.record.soft && request.record.warm);
  EXPECT_EQ(request.record.kind, Record::Kind::Count);
  EXPECT_EQ(request.wait, Wait::All);
  EXPECT_EQ(request.timeout, Millis{60'000});
  EXPECT_EQ(request.record.reason, "sale");
  EXPECT_EQ(good(R"({"all":true,"dry_run":true})").wait, Wait::All);
  EXPECT_EQ(good(R"({"all":true,"dry_run":true,"wait":"pop"})").wait, Wait::Pop);
  EXPECT_TRUE(good(R"({"url":"http://a/","ignore_query":true})").record.selector.ignore_query);
}

TEST(ParsePurge, EachMistakeHasItsAnswer) {
  const struct {
    std::string body;
    int status;
    const char* code;
    const char* says;
  } kRows[] = {
      {"", 400, "invalid-json", "Send one JSON object"},
      {"[]", 400, "invalid-json", "not an object"},
      {R"({"all":true)", 400, "invalid-json", ""},
      {"{}", 422, "one-selector", "url, urls, tags, prefix, pattern, regex, host, all"},
      {R"({"all":true,"host":"a"})", 422, "one-selector", "found host, all"},
      {R"({"all":true,"Soft":true,"x":1})", 422, "unknown-member", R"("Soft", "x")"},
      {R"({"all":false})", 422, "invalid-member", R"("all": expected true, found false)"},
      {R"({"url":"/a"})", 422, "invalid-url", "'/a' is not an absolute"},
      {R"({"url":"ftp://a/"})", 422, "invalid-url", "absolute http or https"},
      {R"({"urls":["http://a/",7]})", 422, "invalid-member", "a list of texts"},
      {R"({"urls":[]})", 422, "invalid-member", "at least one"},
      {R"({"url":""})", 422, "invalid-member", "a text"},
      {R"({"tags":"a"})", 422, "invalid-member", "a list of at least one text"},
      {R"({"tags":["a"],"match":"most"})", 422, "invalid-member", "any or all"},
      {R"({"all":true,"match":"any"})", 422, "invalid-member", "goes with tags only"},
      {R"({"tags":["a"],"ignore_query":true})", 422, "invalid-member", "goes with url only"},
      {R"({"host":"http://a/"})", 422, "invalid-member", "a host name"},
      {R"({"all":true,"wait":"some"})", 422, "invalid-member", "none, node, pop, all"},
      {R"({"all":true,"timeout_ms":60001})", 422, "invalid-member", "from 1 to 60000"},
      {R"({"all":true,"timeout_ms":1.5})", 422, "invalid-member", "a whole number"},
      {R"({"all":true,"soft":"yes"})", 422, "invalid-member", "true or false"},
      {R"({"regex":"(a"})", 422, "invalid-regex", "missing )"},
      {R"({"regex":"((a{1,100}){1,10}){1,100}"})", 422, "invalid-regex", ""},
      {R"({"regex":"(abcdefghijkl){1000}"})", 422, "limit-reached", "10000"},
      {R"({"urls":)" + list_of(1001, R"("http://a/")") + "}", 422, "limit-reached", "1000 urls"},
      {R"({"tags":)" + list_of(1001, R"("t")") + "}", 422, "limit-reached", "1000 tags"},
      {R"({"tags":[")" + std::string(1025, 't') + R"("]})", 422, "limit-reached", "1024 bytes"},
      {R"({"prefix":")" + std::string(16 * 1024 + 1, 'p') + R"("})", 422, "limit-reached",
       "16384 bytes"},
      {R"({"regex":")" + std::string(1025, 'r') + R"("})", 422, "limit-reached", "1024 bytes"},
  };
  for (const auto& row : kRows) {
    const Problem problem = bad(row.body);
    EXPECT_EQ(problem.status, row.status) << row.body;
    EXPECT_EQ(problem.code, row.code) << row.body << problem.detail;
    EXPECT_THAT(problem.detail, HasSubstr(row.says)) << row.body;
    EXPECT_LT(problem.detail.size(), 600U);
  }
}

TEST(ParsePurge, TakesAsManyAsTheLimitsSay) {
  EXPECT_EQ(
      good(R"({"urls":)" + list_of(1000, R"("http://a/")") + "}").record.selector.values.size(),
      1000U);
  good(R"({"tags":[")" + std::string(1024, 't') + R"("]})");
}

TEST(ParseVersion, TakesAndRefuses) {
  const auto parsed = parse_version(R"({"version":"2026-11-22.1","percent":5,"wait":"all"})", "s");
  ASSERT_TRUE(std::holds_alternative<PurgeRequest>(parsed));
  const auto& request = std::get<PurgeRequest>(parsed);
  EXPECT_EQ(request.record.kind, Record::Kind::Version);
  EXPECT_EQ(request.record.version, "2026-11-22.1");
  EXPECT_EQ(request.record.percent, 5U);
  EXPECT_EQ(request.record.selector.site, "s");
  EXPECT_EQ(request.wait, Wait::All);
  EXPECT_TRUE(std::holds_alternative<PurgeRequest>(parse_version(R"({"version":""})", "s")));
  for (const char* body :
       {R"({})", R"({"version":1})", R"({"version":"a b"})", R"({"version":"1","percent":0})",
        R"({"version":"1","percent":101})", R"({"version":"1","all":true})"}) {
    EXPECT_TRUE(std::holds_alternative<Problem>(parse_version(body, "s"))) << body;
  }
  const std::string long_one = R"({"version":")" + std::string(65, 'v') + R"("})";
  EXPECT_TRUE(std::holds_alternative<Problem>(parse_version(long_one, "s")));
}

}  // namespace
}  // namespace brink::purge
