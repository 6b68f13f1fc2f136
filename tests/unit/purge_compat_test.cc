// What other products' clients send, against the purges that it comes to. The requests are those of
// fastly/fastly-js src/api/PurgeApi.js and cloudflare/cloudflare-typescript
// src/resources/cache/cache.ts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "purge/compat.h"

namespace brink::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const CompatScope kShop{.site = "shop"};

std::string shown(const Translation& translation) {
  if (const auto* problem = std::get_if<Problem>(&translation))
    return std::to_string(problem->status) + " " + problem->code;
  std::string out;
  for (const std::string& body : std::get<Bodies>(translation)) {
    EXPECT_TRUE(std::holds_alternative<PurgeRequest>(parse_purge(body))) << body;
    out += (out.empty() ? "" : " ") + body;
  }
  return out;
}

TEST(PurgeCompat, CloudflareBodiesBecomePurges) {
  struct Row {
    std::string_view body, purges;
  };
  const Row rows[] = {
      {R"({"purge_everything":true})", R"({"all":true,"site":"shop"})"},
      {R"({"files":["https://a.test/x","http://a.test/y?z"]})",
       R"({"urls":["https://a.test/x","http://a.test/y?z"],"site":"shop"})"},
      {R"({"files":[{"url":"http://a.test/cat.jpg","headers":{"CF-IPCountry":"US"}},"http://a.test/b"]})",
       R"({"urls":["http://a.test/cat.jpg","http://a.test/b"],"site":"shop"})"},
      {R"({"tags":["a","b c"]})", R"({"tags":["a","b c"],"site":"shop"})"},
      {R"({"hosts":["a.test","b.test"]})",
       R"({"host":"a.test","site":"shop"} {"host":"b.test","site":"shop"})"},
      {R"({"prefixes":["a.test/img"]})", R"({"prefix":"a.test/img","site":"shop"})"},
      {R"({"tags":["t"],"hosts":["a.test"],"files":null,"purge_everything":false})",
       R"({"tags":["t"],"site":"shop"} {"host":"a.test","site":"shop"})"},
      {R"({"tags":["t"],"purge_everything":true})", R"({"all":true,"site":"shop"})"},
      {R"({})", "400 nothing-named"},
      {R"({"purge_everything":false})", "400 nothing-named"},
      {R"({"purge_everything":"yes"})", "422 invalid-member"},
      {R"({"files":"https://a.test/x"})", "422 not-a-list"},
      {R"({"files":[]})", "422 not-a-list"},
      {R"({"files":[{"headers":{}}]})", "422 not-a-list"},
      {R"({"tags":[{"url":"http://a.test/"}]})", "422 not-a-list"},
      {R"({"tags":[""]})", "422 not-a-list"},
      {R"({"file":["http://a.test/"]})", "422 unknown-member"},
      {"[]", "400 invalid-json"},
      {"{", "400 invalid-json"},
      {"", "400 invalid-json"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(shown(cloudflare_purges(row.body, kShop)), row.purges) << row.body;
}

TEST(PurgeCompat, HostsAndPrefixesOfARequestAreBounded) {
  std::string list;
  for (std::size_t i = 0; i < kPurgesPerRequest; ++i)
    list += R"("a.test/)" + std::to_string(i) + R"(",)";
  const auto body = [](std::string texts) {
    texts.pop_back();
    return R"({"prefixes":[)" + texts + "]}";
  };
  EXPECT_EQ(std::get<Bodies>(cloudflare_purges(body(list), kShop)).size(), kPurgesPerRequest);
  EXPECT_EQ(shown(cloudflare_purges(body(list + R"("b",)"), kShop)), "422 limit-reached");
}

TEST(PurgeCompat, TheScopeIsInEveryBody) {
  const CompatScope soft{.site = "*", .soft = true, .wait = "all", .reason = "why"};
  EXPECT_EQ(all_body(soft), R"({"all":true,"soft":true,"wait":"all","reason":"why"})");
  EXPECT_EQ(tags_body({"a\"b"}, kShop), R"({"tags":["a\"b"],"site":"shop"})");
}

TEST(PurgeCompat, FastlyKeysComeFromFieldAndBody) {
  const auto keys = [](std::string_view field, std::string_view body) {
    return std::get<std::vector<std::string>>(fastly_keys(field, body));
  };
  EXPECT_THAT(keys("a  b\ta", ""), ElementsAre("a", "b"));
  EXPECT_THAT(keys("", R"({"surrogate_keys":["key_1","key_2"]})"), ElementsAre("key_1", "key_2"));
  EXPECT_THAT(keys("a", R"({"surrogate_keys":["b","a"]})"), ElementsAre("a", "b"));
  EXPECT_THAT(keys("a", R"({"surrogate_keys":null})"), ElementsAre("a"));
  for (const std::string_view body :
       {"", "{}", R"({"surrogate_keys":[]})", R"({"surrogate_keys":"a"})", "[1]", "x"}) {
    EXPECT_TRUE(std::holds_alternative<Problem>(fastly_keys(" ", body))) << body;
  }
}

TEST(PurgeCompat, PercentEncodingIsDecodedOrRefused) {
  EXPECT_EQ(percent_decoded("a%2Fb%20c"), "a/b c");
  EXPECT_EQ(percent_decoded("%2a"), "*");
  EXPECT_EQ(percent_decoded("plain"), "plain");
  for (const std::string_view text : {"%", "%2", "%2g", "%+1", "a%zz"})
    EXPECT_EQ(percent_decoded(text), std::nullopt) << text;
}

TEST(PurgeCompat, CloudflareHasItsNumbers) {
  EXPECT_EQ(cloudflare_code(400, "nothing-named"), 1012);
  EXPECT_EQ(cloudflare_code(401, "unauthorized"), 10000);
  EXPECT_EQ(cloudflare_code(429, "too-many-matchers"), 20429);
}

}  // namespace
}  // namespace brink::purge
