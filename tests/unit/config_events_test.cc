// purge.events: what is read, and what contradicts itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "config/event_template.h"
#include "config_support.h"

namespace brink::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

LoadResult load_events(const std::string& events, const std::string& more = "") {
  ::setenv("BRINK_TEST_HOOK", "hunter2-hunter2-hunter2", 1);
  return load_text("purge: {" + more + " events: [" + events + "]}\n" + std::string(kRest), "f");
}

std::string server(const std::string& url) {
  return "server: \"" + url + "\"";
}

TEST(ConfigEvents, EveryKeyIsRead) {
  const TestFolder folder;
  const LoadResult result = load_events(
      "{name: catalogue, nats: {subject: shop.*.products, stream: SHOP, durable: mine, " +
          server("nats://a:4222") +
          "}, when: [{field: op, is: [c, u, 7, true]}, {field: source.table|table, is: [p]}], "
          "tags: [\"product-{after.id|before.id}\", all], soft: true, event_bytes: 1KiB}, "
          "{name: deploy, webhook: {signature: standard, secret_file: " +
          folder.write("secret", "hunter2-hunter2-hunter2\n") +
          ", tolerance: 1m}, urls: [\"https://shop.example.com/{+path}\"], site: default}",
      "dead_letters: {path: /tmp/x.jsonl, keep: 7, bytes: 1MiB},");
  EXPECT_THAT(lines_of(result), IsEmpty());
  ASSERT_EQ(result.options.purge.events.size(), 2U);
  const EventOptions& first = result.options.purge.events[0];
  EXPECT_EQ(first.nats->subject, "shop.*.products");
  EXPECT_EQ(first.nats->stream, "SHOP");
  EXPECT_EQ(first.nats->durable, "mine");
  EXPECT_EQ(first.nats->server.url, "nats://a:4222");
  ASSERT_EQ(first.when.size(), 2U);
  EXPECT_THAT(first.when[0].is, ElementsAre("c", "u", "7", "true"));
  EXPECT_EQ(first.when[1].field, "source.table|table");
  EXPECT_THAT(first.tags, ElementsAre("product-{after.id|before.id}", "all"));
  EXPECT_TRUE(first.soft);
  EXPECT_EQ(first.event_bytes, 1024U);
  const EventOptions& second = result.options.purge.events[1];
  EXPECT_EQ(second.webhook->signature, EventSignature::Standard);
  EXPECT_EQ(second.webhook->secret, "hunter2-hunter2-hunter2");
  EXPECT_EQ(second.webhook->tolerance, Millis{60'000});
  EXPECT_EQ(second.site, "default");
  EXPECT_EQ(result.options.purge.dead_letters.keep, 7U);
}

TEST(ConfigEvents, DefaultsAreFilledIn) {
  const LoadResult result =
      load_events("{name: a.b, nats: {subject: s}, tags: [t]}", "nats: {url: \"nats://a:4222\"},");
  EXPECT_THAT(lines_of(result), IsEmpty())
      << "purge.nats has an effect here, also with log: embedded";
  const EventOptions& event = result.options.purge.events.at(0);
  EXPECT_EQ(event.nats->durable, "brink-a_b");
  EXPECT_EQ(event.nats->server.url, "");
  EXPECT_EQ(event.event_bytes, 256U * 1024);
}

TEST(ConfigEvents, MistakesAreNamedWithTheirPlace) {
  const std::string nats = "nats: {subject: s, " + server("nats://a:1") + "}";
  const std::string hook = "webhook: {secret_env: BRINK_TEST_HOOK}";
  const struct {
    std::string events, expected;
  } rows[] = {
      {"{name: a, tags: [t]}", "purge.events[0]: says not where its events come from"},
      {"{name: a, tags: [t], " + nats + ", " + hook + "}", "purge.events[0].webhook: contradicts"},
      {"{name: a, " + hook + "}", "purge.events[0]: says not what to purge"},
      {"{" + hook + ", tags: [t]}", "purge.events[0].name: is missing"},
      {"{name: a, " + hook + ", tags: [t]}, {name: a, " + hook + ", tags: [t]}",
       "purge.events[1].name: \"a\" is the name of purge.events[0] already"},
      {"{name: a, " + hook + ", tags: [t], site: defualt}",
       "purge.events[0].site: no site is named \"defualt\"; did you mean default?"},
      {"{name: a, webhook: {}, tags: [t]}", "purge.events[0].webhook: needs secret_env or"},
      {"{name: a, webhook: {secret_env: BRINK_TEST_HOOK, secret_file: x}, tags: [t]}",
       "purge.events[0].webhook: has secret_env and secret_file"},
      {"{name: a, webhook: {secret_env: BRINK_TEST_UNSET}, tags: [t]}",
       "purge.events[0].webhook.secret_env: the environment variable BRINK_TEST_UNSET is not set"},
      {"{name: a, webhook: {secret_file: /nowhere/x}, tags: [t]}",
       "purge.events[0].webhook.secret_file: \"/nowhere/x\" cannot be read"},
      {"{name: a, webhook: {secret_env: BRINK_TEST_HOOK, tolerance: 1m}, tags: [t]}",
       "purge.events[0].webhook.tolerance: goes with signature: standard"},
      {"{name: a, nats: {subject: s}, tags: [t]}", "purge.events[0].nats: needs a NATS server"},
      {"{name: a, nats: {subject: s, server: {user: u}}, tags: [t]}",
       "purge.events[0].nats.server: needs url"},
      {"{name: a, nats: {subject: s, server: {url: \"nats://a:1\", user: u}}, tags: [t]}",
       "purge.events[0].nats.server.user: needs password_env"},
      {"{name: a, nats: {subject: s, stream: a.b, " + server("nats://a:1") + "}, tags: [t]}",
       "purge.events[0].nats.stream: expected letters, digits"},
      {"{name: a, nats: {subject: a..b, " + server("nats://a:1") + "}, tags: [t]}",
       "purge.events[0].nats.subject: expected a NATS subject"},
      {"{name: a, nats: {subject: a.>.b, " + server("nats://a:1") + "}, tags: [t]}",
       "purge.events[0].nats.subject: expected a NATS subject"},
      {"{name: a, " + hook + ", tags: [\"a{b\"]}",
       "purge.events[0].tags[0]: \"a{b\" is no template of a tag: a '{' is not closed"},
      {"{name: a, " + hook + ", tags: [\"a b\"]}", "holds white space or a comma"},
      {"{name: a, " + hook + ", urls: [\"https://{host}/x\"]}",
       "purge.events[0].urls[0]: \"https://{host}/x\" is no template of a URL: it begins with the "
       "scheme, the host"},
      {"{name: a, " + hook + ", tags: [t], when: [{field: \"a..b\", is: [x]}]}",
       "purge.events[0].when[0].field: \"a..b\" is no field"},
      {"{name: a, " + hook + ", tags: [t], when: [{field: op}]}",
       "purge.events[0].when[0].is: is missing"},
      {"{name: a, " + hook + ", tag: [t]}", "did you mean 'tags'?"},
  };
  for (const auto& row : rows) {
    const LoadResult result = load_events(row.events);
    EXPECT_FALSE(result.ok()) << row.events;
    EXPECT_THAT(lines_of(result), Contains(HasSubstr(row.expected))) << row.events;
    EXPECT_THAT(lines_of(result), Not(Contains(HasSubstr("hunter2")))) << row.events;
  }
}

TEST(ConfigEvents, AStandardSecretIsWhole) {
  ::setenv("BRINK_TEST_WHSEC", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", 1);
  const std::string hook =
      "{name: a, webhook: {signature: standard, secret_env: BRINK_TEST_WHSEC}, tags: [t]}";
  EXPECT_THAT(lines_of(load_events(hook)), Contains(HasSubstr("what follows is not base64")));
  ::setenv("BRINK_TEST_WHSEC", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
  EXPECT_TRUE(load_events(hook).ok());
}

TEST(ConfigEventTemplate, Pieces) {
  const ParsedTemplate parsed = parse_tag_template("{{a}}-{after.id|before.id}{x}");
  EXPECT_EQ(parsed.problem, "");
  ASSERT_EQ(parsed.pieces.size(), 3U);
  EXPECT_EQ(parsed.pieces[0].literal, "{a}-");
  EXPECT_THAT(parsed.pieces[1].field,
              ElementsAre(ElementsAre("after", "id"), ElementsAre("before", "id")));
  EXPECT_THAT(parsed.pieces[2].field, ElementsAre(ElementsAre("x")));
}

TEST(ConfigEventTemplate, Mistakes) {
  for (const char* text :
       {"", "{", "}", "a}b", "{}", "{|}", "{a.}", "{.a}", "{a|}", "{a b}", "a,b", "a\tb", "{+a}",
        "\xff", "{a{b}}", "{a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q}", "{a}{a}{a}{a}{a}{a}{a}{a}{a}"}) {
    EXPECT_NE(parse_tag_template(text).problem, "") << text;
  }
  EXPECT_NE(parse_tag_template(std::string(kTemplateBytes + 1, 'a')).problem, "");
  for (const char* text :
       {"/a/{id}", "https://shop.test", "https://shop.test{path}", "https://{h}.test/", "{url}",
        "https:///a", "ftp://shop.test/", "https://shop.test/a#{id}", "https://shop.test/\xc3\xa9",
        "https://shop.test/a b", "https://user@shop.test/", "https://shop.test?/{id}"}) {
    EXPECT_NE(parse_url_template(text).problem, "") << text;
  }
  for (const char* text : {"https://shop.test/", "http://shop.test:8080/{id}?a={b}",
                           "https://shop.test/{+path}", "https://shop.test/{{{id}}}"}) {
    EXPECT_EQ(parse_url_template(text).problem, "") << text;
  }
}

}  // namespace
}  // namespace brink::config
