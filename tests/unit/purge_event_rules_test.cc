// Events to purges: Debezium's envelopes, paths that lead nowhere, values that would make a purge
// wider than its template.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "purge/event_rules.h"
#include "purge/parse_purge.h"

namespace brink::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kCreate =
    R"({"before":null,"after":{"id":1004,"sku":"a-1","name":"Anne"},"source":{"table":"products",)"
    R"("ts_ms":1},"op":"c","ts_ms":1486500577691})";
constexpr std::string_view kUpdate =
    R"({"before":{"id":1004,"sku":"a-1"},"after":{"id":1004,"sku":"a-2"},"op":"u"})";
constexpr std::string_view kDelete = R"({"before":{"id":1004,"sku":"a-1"},"after":null,"op":"d"})";

std::string wrapped(std::string_view payload) {
  return R"({"schema":{"type":"struct","name":"Envelope"},"payload":)" + std::string(payload) + "}";
}

config::EventOptions by_tags(std::vector<std::string> tags) {
  config::EventOptions out;
  out.name = "catalogue";
  out.tags = std::move(tags);
  return out;
}

config::EventOptions by_urls(std::vector<std::string> urls) {
  config::EventOptions out;
  out.name = "catalogue";
  out.urls = std::move(urls);
  return out;
}

Verdict judge(const config::EventOptions& options, std::string_view text) {
  std::string why;
  const auto rules = EventRules::make(options, why);
  EXPECT_NE(rules, nullptr) << why;
  return rules->judge(text, "none", "event");
}

// The values of the only purge; what became of the event otherwise.
std::vector<std::string> values(const config::EventOptions& options, std::string_view text) {
  const Verdict verdict = judge(options, text);
  if (verdict.is == Verdict::Is::Ignored) return {"ignored"};
  if (verdict.is == Verdict::Is::Dead) return {"dead: " + verdict.reason};
  EXPECT_EQ(verdict.bodies.size(), 1U);
  const auto parsed = parse_purge(verdict.bodies.front());
  const auto* purge = std::get_if<PurgeRequest>(&parsed);
  EXPECT_NE(purge, nullptr) << verdict.bodies.front();
  return purge != nullptr ? purge->record.selector.values : std::vector<std::string>{};
}

TEST(EventRules, DebeziumsEnvelopes) {
  const auto options =
      by_tags({"product-{after.id|before.id}", "sku-{before.sku}", "sku-{after.sku}"});
  const struct {
    std::string_view event;
    std::vector<std::string> expected;
  } rows[] = {
      {kCreate, {"product-1004", "sku-a-1"}},
      {kUpdate, {"product-1004", "sku-a-1", "sku-a-2"}},
      {kDelete, {"product-1004", "sku-a-1"}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(values(options, row.event), row.expected) << row.event;
    EXPECT_EQ(values(options, wrapped(row.event)), row.expected) << row.event;
  }
}

TEST(EventRules, TombstonesAreNothing) {
  for (const char* text : {"", " \n", "null", " null\n", R"({"schema":null,"payload":null})"})
    EXPECT_THAT(values(by_tags({"t"}), text), ElementsAre("ignored")) << text;
}

TEST(EventRules, AnOutboxsPayloadIsAText) {
  const auto options = by_tags({"product-{after.id|id}"});
  EXPECT_THAT(values(options, R"("{\"id\":7}")"), ElementsAre("product-7"));
  EXPECT_THAT(values(options, R"({"schema":{"type":"string"},"payload":"{\"id\":7}"})"),
              ElementsAre("product-7"));
  EXPECT_THAT(values(options, R"("7")"), ElementsAre(HasSubstr("not a JSON object")));
  EXPECT_THAT(values(options, R"("\"{}\"")"), ElementsAre(HasSubstr("not a JSON object")));
  // What somebody wrote into a column is no structure.
  EXPECT_THAT(values(options, R"({"id":7,"payload":"{\"after\":{\"id\":8}}"})"),
              ElementsAre("product-7"));
  EXPECT_THAT(values(options, R"({"id":7,"schema":1,"payload":"{\"after\":{\"id\":8}}"})"),
              ElementsAre("product-7"));
  EXPECT_THAT(values(options, R"({"id":7,"payload":{"after":{"id":8}}})"),
              ElementsAre("product-7"));
  EXPECT_THAT(values(by_tags({"{payload.after.id}"}), R"({"id":7,"payload":{"after":{"id":8}}})"),
              ElementsAre("8"));
  EXPECT_THAT(values(options, R"({"id":7,"note":"{\"after\":{\"id\":8}}"})"),
              ElementsAre("product-7"));
}

TEST(EventRules, Conditions) {
  auto options = by_tags({"t"});
  options.when = {{"op", {"c", "u"}}, {"source.table|table", {"products"}}};
  EXPECT_THAT(values(options, kCreate), ElementsAre("t"));
  EXPECT_THAT(values(options, wrapped(kCreate)), ElementsAre("t"));
  EXPECT_THAT(values(options, kUpdate), ElementsAre("ignored")) << "no table";
  EXPECT_THAT(values(options, R"({"op":"u","table":"products"})"), ElementsAre("t"));
  EXPECT_THAT(values(options, R"({"op":"d","table":"products"})"), ElementsAre("ignored"));
  options.when = {{"after.stock", {"0"}}, {"after.public", {"true"}}, {"labels", {"sale"}}};
  EXPECT_THAT(values(options, R"({"after":{"stock":0,"public":true},"labels":["new","sale"]})"),
              ElementsAre("t"));
  EXPECT_THAT(values(options, R"({"after":{"stock":"00","public":true},"labels":["sale"]})"),
              ElementsAre("ignored"));
}

TEST(EventRules, ArraysAreOneValueEach) {
  EXPECT_THAT(values(by_tags({"{kind}-{ids}"}), R"({"kind":["p","q"],"ids":[1,2,null,""]})"),
              ElementsAre("p-1", "p-2", "q-1", "q-2"));
  EXPECT_THAT(values(by_tags({"i-{items.id}"}), R"({"items":[{"id":1},{"x":2},{"id":[3,1]}]})"),
              ElementsAre("i-1", "i-3"));
}

TEST(EventRules, WhatIsMissingIsSkippedUnlessNothingIsLeft) {
  const auto options = by_tags({"product-{after.id}", "sku-{after.sku}"});
  EXPECT_THAT(values(options, R"({"after":{"id":7}})"), ElementsAre("product-7"));
  EXPECT_THAT(values(options, R"({"after":{"id":7,"sku":""}})"), ElementsAre("product-7"))
      << "an empty value would name what every product without one has";
  for (const char* text : {R"({"after":null})", R"({"after":{"id":null}})", R"({"after":5})", "{}"})
    EXPECT_THAT(values(options, text), ElementsAre(HasSubstr("none of the fields"))) << text;
}

TEST(EventRules, NastyTagValues) {
  const auto options = by_tags({"product-{id}", "all"});
  for (const char* id :
       {R"("7 all")", R"("7,all")", R"("7\tall")", R"("7\nall")", R"("\u0000")", R"("7\u007f")",
        R"({"a":1})", "7.5", "1e3", "123456789012345678901234567890", R"(["8","9 x"])"}) {
    const auto found = values(options, R"({"id":)" + std::string(id) + "}");
    EXPECT_THAT(found, ElementsAre(HasSubstr("dead: "))) << id;
  }
  // Tags are compared as they are, so these name one tag and no more.
  EXPECT_THAT(values(by_tags({"product-{id}"}), R"({"id":"*"})"), ElementsAre("product-*"));
  EXPECT_THAT(values(by_tags({"product-{id}"}), R"({"id":"{x}"})"), ElementsAre("product-{x}"));
  EXPECT_THAT(values(by_tags({"product-{id}"}), R"({"id":-9223372036854775808})"),
              ElementsAre("product--9223372036854775808"));
  EXPECT_THAT(values(by_tags({"product-{id}"}), R"({"id":18446744073709551615})"),
              ElementsAre("product-18446744073709551615"));
}

TEST(EventRules, NastyUrlValues) {
  const auto options = by_urls({"https://shop.test/p/{id}?v={id}"});
  const struct {
    const char *id, *expected;
  } rows[] = {
      {R"("a b")", "https://shop.test/p/a%20b?v=a%20b"},
      {R"("../x")", "https://shop.test/p/..%2Fx?v=..%2Fx"},
      {R"("*")", "https://shop.test/p/%2A?v=%2A"},
      {R"("@evil.test")", "https://shop.test/p/%40evil.test?v=%40evil.test"},
      {R"("?a#b&c")", "https://shop.test/p/%3Fa%23b%26c?v=%3Fa%23b%26c"},
      {R"("\u00e9%")", "https://shop.test/p/%C3%A9%25?v=%C3%A9%25"},
      {R"("\r\nX: y")", "https://shop.test/p/%0D%0AX%3A%20y?v=%0D%0AX%3A%20y"},
  };
  for (const auto& row : rows)
    EXPECT_THAT(values(options, R"({"id":)" + std::string(row.id) + "}"),
                ElementsAre(row.expected));
  for (const char* id : {R"(".")", R"("..")"})
    EXPECT_THAT(values(options, R"({"id":)" + std::string(id) + "}"),
                ElementsAre(HasSubstr("dead")));
}

TEST(EventRules, PathsKeepTheirSlashesAndTheirHost) {
  const auto options = by_urls({"https://shop.test/{+path}"});
  const struct {
    const char *path, *expected;
  } rows[] = {
      {"/p/7", "https://shop.test/p/7"},
      {"p/7/", "https://shop.test/p/7/"},
      {"/", "https://shop.test/"},
      {"//evil.test/x", "https://shop.test//evil.test/x"},
      {"/a?b", "https://shop.test/a%3Fb"},
      {"https://evil.test/", "https://shop.test/https%3A//evil.test/"},
  };
  for (const auto& row : rows)
    EXPECT_THAT(values(options, R"({"path":")" + std::string(row.path) + "\"}"),
                ElementsAre(row.expected));
  for (const char* path : {"/a/../b", "..", "/./x", "a/.."})
    EXPECT_THAT(values(options, R"({"path":")" + std::string(path) + "\"}"),
                ElementsAre(HasSubstr("dead")));
}

TEST(EventRules, TagsAndUrlsAreTwoPurges) {
  auto options = by_tags({"product-{id}", "product-{id}"});
  options.urls = {"https://shop.test/p/{id}"};
  options.site = "shop";
  options.soft = true;
  const Verdict verdict = judge(options, R"({"id":7})");
  ASSERT_EQ(verdict.bodies.size(), 2U);
  EXPECT_EQ(verdict.bodies[0],
            R"({"tags":["product-7"],"site":"shop","soft":true,"wait":"none","reason":"event"})");
  EXPECT_EQ(
      verdict.bodies[1],
      R"({"urls":["https://shop.test/p/7"],"site":"shop","soft":true,"wait":"none","reason":"event"})");
}

TEST(EventRules, Bounds) {
  auto options = by_tags({"{a}-{b}"});
  std::string many = "[";
  for (int i = 0; i < 40; ++i)
    many += (i > 0 ? "," : "") + std::to_string(i);
  many += "]";
  const std::string square = R"({"a":)" + many + R"(,"b":)" + many + "}";
  EXPECT_THAT(values(options, square), ElementsAre(HasSubstr("more than 1000 texts")));
  std::string thousand = R"({"a":[0)";
  for (int i = 1; i < 1001; ++i)
    thousand += "," + std::to_string(i);
  EXPECT_THAT(values(by_tags({"{a}"}), thousand + "]}"),
              ElementsAre(HasSubstr("more than 1000 values")));
  const std::string wide = R"({"b":")" + std::string(20'000, 'x') + R"(","a":)" + many + "}";
  EXPECT_THAT(values(options, wide), ElementsAre(HasSubstr("bytes")));
  EXPECT_THAT(values(options, std::string(40, '[')), ElementsAre(HasSubstr("not a JSON object")));
  std::string deep = R"({"a":)";
  for (int i = 0; i < 40; ++i)
    deep += R"({"a":)";
  EXPECT_THAT(values(options, deep + "1" + std::string(41, '}')),
              ElementsAre(HasSubstr("not a JSON object")));
  options.event_bytes = 10;
  EXPECT_THAT(values(options, R"({"a":1,"b":2})"), ElementsAre(HasSubstr("event_bytes is 10")));
}

TEST(EventRules, WhatIsNoObjectIsDead) {
  for (const char* text : {"x", "[]", "7", "\"a\"", "\"\"", "{", "{} {}", "{\"a\":\"\xff\"}"})
    EXPECT_THAT(values(by_tags({"t"}), text), ElementsAre(HasSubstr("not a JSON object"))) << text;
}

}  // namespace
}  // namespace brink::purge
