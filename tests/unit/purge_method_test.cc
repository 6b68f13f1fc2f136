// PURGE, BAN and PURGEKEYS as published clients send them, against the purges that they come to.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "purge/method_purge.h"

namespace brink::purge {
namespace {

using ::testing::HasSubstr;

std::string purge_of(std::string_view method, std::string_view target,
                     std::initializer_list<Field> fields) {
  const std::vector<Field> list(fields);
  const auto translation = method_purge(
      {.method = method, .target = target, .host = "Shop.test", .site = "shop", .fields = list});
  if (const auto* problem = std::get_if<Problem>(&translation)) {
    EXPECT_FALSE(problem->detail.empty());
    return std::to_string(problem->status) + " " + problem->code;
  }
  const auto& bodies = std::get<Bodies>(translation);
  EXPECT_EQ(bodies.size(), 1U);
  auto parsed = parse_purge(bodies.front());
  const auto* request = std::get_if<PurgeRequest>(&parsed);
  if (request == nullptr) return "not taken: " + std::get<Problem>(parsed).detail;
  const Selector& selector = request->record.selector;
  EXPECT_EQ(selector.site, "shop");
  EXPECT_EQ(request->record.reason, std::string(method) + " " + std::string(target));
  std::string out = request->record.soft ? "soft " : "";
  if (request->wait != Wait::Node) out += "waits ";
  out += to_string(selector.kind);
  for (const std::string& value : selector.values)
    out += " " + value;
  return out;
}

TEST(MethodPurge, PurgeIsByUrlUnlessFieldsSayOtherwise) {
  EXPECT_EQ(purge_of("PURGE", "/a?b=1", {}), "urls http://Shop.test/a?b=1");
  EXPECT_EQ(purge_of("PURGE", "/a", {{"X-Soft-Purge", "1"}}), "soft urls http://Shop.test/a");
  EXPECT_EQ(purge_of("PURGE", "/a", {{"Purge-Soft", "true"}}), "soft urls http://Shop.test/a");
  EXPECT_EQ(purge_of("PURGE", "/a", {{"X-Soft-Purge", "0"}}), "urls http://Shop.test/a");
  EXPECT_EQ(purge_of("PURGE", "/a", {{"X-Purge-Wait", "all"}}), "waits urls http://Shop.test/a");
  EXPECT_THAT(purge_of("PURGE", "/a", {{"X-Purge-Wait", "soon"}}), HasSubstr("\"wait\""));
}

TEST(MethodPurge, WordPress) {  // Proxy Cache Purge; WP Rocket inc/functions/varnish.php
  EXPECT_EQ(purge_of("PURGE", "/post/", {{"X-Purge-Method", "default"}}),
            "urls http://Shop.test/post/");
  EXPECT_EQ(purge_of("PURGE", "/.*", {{"X-Purge-Method", "regex"}}),
            R"(regex ^https?://(?:shop\.test)(?:/.*)?(?:/.*))");
  EXPECT_EQ(purge_of("PURGE", "/a", {{"X-Purge-Method", "magic"}}), "400 invalid-purge");
}

TEST(MethodPurge, Magento) {  // Magento\CacheInvalidate\Model\PurgeCache
  EXPECT_EQ(purge_of("PURGE", "/", {{"X-Magento-Tags-Pattern", "((^|,)cat_p_1(,|$))"}}),
            "tags cat_p_1");
  EXPECT_EQ(purge_of("PURGE", "/",
                     {{"X-Magento-Tags-Pattern",
                       "((^|,)cat_c(,|$))|((^|,)cat_p_7(,|$))|((^|,)cms_b(,|$))"}}),
            "tags cat_c cat_p_7 cms_b");
  EXPECT_EQ(purge_of("PURGE", "/", {{"X-Magento-Tags-Pattern", ".*"}}), "all");
  EXPECT_EQ(purge_of("PURGE", "/", {{"X-Magento-Tags-Pattern", "cat_p_[0-9]+"}}),
            "400 invalid-purge");
}

TEST(MethodPurge, FosHttpCache) {  // src/ProxyClient/Varnish.php, of several versions
  EXPECT_EQ(purge_of("BAN", "/",
                     {{"X-Host", ".*"},
                      {"X-Url", ".*"},
                      {"X-Content-Type", ".*"},
                      {"X-Cache-Tags", "(post\\-1|post\\-2)(,.+)?$"}}),
            "tags post-1 post-2");
  EXPECT_EQ(purge_of("BAN", "/", {{"X-Cache-Tags", "(^|,)(a|b)(,|$)"}}), "tags a b");
  EXPECT_EQ(purge_of("PURGEKEYS", "/", {{"xkey-softpurge", "a b"}}), "soft tags a b");
  EXPECT_EQ(purge_of("PURGEKEYS", "/", {{"xkey-purge", "a b"}}), "tags a b");
  EXPECT_EQ(purge_of("PURGEKEYS", "/", {}), "400 invalid-purge");
  EXPECT_EQ(
      purge_of("BAN", "/", {{"X-Host", "^(shop\\.test|www\\.shop\\.test)$"}, {"X-Url", "/img/.*"}}),
      R"(regex ^https?://[^/]*(?:(shop\.test|www\.shop\.test))[^/]*(?:/.*)?(?:/img/.*))");
  EXPECT_EQ(purge_of("BAN", "/", {{"X-Url", "/a"}, {"X-Content-Type", "text/html"}}),
            "400 invalid-purge");
}

TEST(MethodPurge, Drupal) {  // Varnish Purger, Generic HTTP Purger
  EXPECT_EQ(purge_of("BAN", "/", {{"Cache-Tags", "node:5|config:block.block.x"}}),
            "tags node:5 config:block.block.x");
  EXPECT_EQ(purge_of("BAN", "/", {{"Purge-Cache-Tags", "node:5"}}), "tags node:5");
}

TEST(MethodPurge, OtherFieldsOfTags) {
  EXPECT_EQ(purge_of("PURGE", "/", {{"Surrogate-Key", "a b"}}), "tags a b");
  EXPECT_EQ(purge_of("PURGE", "/", {{"Cache-Tag", "a,b"}}), "tags a b");
  EXPECT_EQ(purge_of("PURGE", "/", {{"xkey", "a"}, {"xkey", "b"}}), "tags a b");
  EXPECT_EQ(purge_of("PURGE", "/", {{"xkey-purge", "a"}, {"xkey-softpurge", "b"}}),
            "400 invalid-purge");
  EXPECT_EQ(purge_of("PURGE", "/", {{"xkey-purge", ""}}), "400 invalid-purge");
  EXPECT_EQ(purge_of("BAN", "/", {{"xkey", "a"}, {"X-Ban-Url", "/b"}}), "400 invalid-purge");
}

TEST(MethodPurge, BanNamesUrlsAndHosts) {
  EXPECT_EQ(purge_of("BAN", "/", {}), "400 invalid-purge");
  EXPECT_EQ(purge_of("BAN", "/", {{"X-Ban-Host", "shop.test"}}), "host shop.test");
  EXPECT_EQ(purge_of("BAN", "/", {{"X-Ban-Host", ".*"}}), "all");
  EXPECT_EQ(purge_of("BAN", "/", {{"X-Ban-Url", "^/img/"}}),
            R"(regex ^https?://(?:shop\.test)(?:/img/))");
  EXPECT_EQ(purge_of("BAN", "/", {{"X-Ban-Url", "[.]css$"}, {"X-Ban-Host", "shop.test:8080"}}),
            R"(regex ^https?://(?:shop\.test:8080)(?:/.*)?(?:[.]css)$)");
  EXPECT_THAT(purge_of("BAN", "/", {{"X-Ban-Url", "(/a"}}), HasSubstr("RE2 does not take it"));
}

// What a Varnish configuration would find with `path` in the path of a URL of shop.test is found.
TEST(MethodPurge, AnExpressionFindsAtLeastWhatVarnishWouldFind) {
  struct Row {
    std::string_view path, url;
    bool is_found;
  };
  const Row rows[] = {
      {"/.*", "http://shop.test/", true},
      {"/a", "https://shop.test/x/a?b", true},
      {"a", "http://shop.test/xa", true},
      {"^/a", "http://shop.test/a/b", true},
      {"^/a", "http://shop.test/b/a", false},
      {"[.]css$", "http://shop.test/x.css", true},
      {"[.]css$", "http://shop.test/x.css?v", false},
      {"^/a|^/b", "http://shop.test/b", true},
      {"^/a$|^/b$", "http://shop.test/b", true},
      {"(^/a|^/b)", "http://shop.test/b", true},
      {"\\A/a", "http://shop.test/a", true},
      {"[^/]+x", "http://shop.test/ax", true},
      {"[]^]", "http://shop.test/^", true},
      {"a\\$", "http://shop.test/a$b", true},
      {"", "http://shop.test/", true},
      {"/a", "http://other.test/a", false},
      {"/a", "http://shop.test.evil/a", false},
      {"/a", "http://myshop.test/a", false},
  };
  for (const Row& row : rows) {
    const std::string regex = url_regex("^" + host_literal("Shop.test:80") + "$", row.path);
    EXPECT_EQ(re2::RE2::PartialMatch(std::string(row.url), regex), row.is_found)
        << row.path << " " << row.url << " " << regex;
  }
  EXPECT_TRUE(re2::RE2::PartialMatch("http://www.shop.test/a", url_regex("shop", "")));
  EXPECT_TRUE(re2::RE2::PartialMatch("http://b.test/", url_regex("^a.test$|^b.test$", "")));
}

TEST(MethodPurge, OnlyExpressionsOfWholeTagsAreTags) {
  for (const std::string_view pattern : {"", "a,b", "a b", "a|", "a*", "(a", "a)", "(a)(b)", "a\\d", "a\\",
                                         "[ab]", "a{2}", "(x\\(,|$)", "((((((((((a))))))))))"})
    EXPECT_EQ(tags_of_pattern(pattern), std::nullopt) << pattern;
  EXPECT_EQ(tags_of_pattern("a\\.b|a\\|b"), (std::vector<std::string>{"a.b", "a|b"}));
  EXPECT_EQ(tags_of_pattern("(^| )a( |$)|a"), (std::vector<std::string>{"a"}));
}

}  // namespace
}  // namespace brink::purge
