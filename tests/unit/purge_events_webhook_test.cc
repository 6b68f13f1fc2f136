// Webhooks: from a signed request to a record in the log, a dead letter, or a refusal.

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <boost/json.hpp>

#include "tests/unit/purge_events_support.h"

namespace brink::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kSecret = "a secret of the shop's";

std::string signed_by(std::string_view secret, std::string_view body) {
  std::array<unsigned char, 32> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest.data(), &length);
  std::string out = "sha256=";
  for (const unsigned char byte : digest)
    out.append({"0123456789abcdef"[byte >> 4U], "0123456789abcdef"[byte & 15U]});
  return out;
}

class EventsWebhookTest : public EventsTest {
 protected:
  void SetUp() override {
    EventsTest::SetUp();
    config::EventOptions shop;
    shop.name = "shop";
    shop.webhook.emplace();
    shop.webhook->secret = kSecret;
    shop.tags = {"product-{id}"};
    options_.events = {shop};
    apply();
  }
  ApiAnswer send(std::string_view body, const std::string& id = "",
                 std::string_view secret = kSecret, std::string_view name = "shop") {
    const std::string signature = signed_by(secret, body);
    std::vector<Field> fields = {{"X-Hub-Signature-256", signature}};
    if (!id.empty()) fields.push_back({"X-GitHub-Delivery", id});
    std::promise<ApiAnswer> promise;
    events_->webhook({.name = name, .body = body, .fields = fields, .client = "192.0.2.1"},
                     [&](ApiAnswer answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }
  static std::string code(const ApiAnswer& answer) {
    return std::to_string(answer.status) + (answer.problem ? " " + answer.problem->code : "");
  }
  static std::string first_id(const ApiAnswer& answer) {
    return std::string(boost::json::parse(answer.body).at("ids").as_array().at(0).as_string());
  }
  std::size_t dead_letters() const {
    const ApiAnswer answer = events_->dead_letters("shop", "");
    EXPECT_EQ(answer.status, 200);
    return boost::json::parse(answer.body).at("dead_letters").as_array().size();
  }
};

TEST_F(EventsWebhookTest, AnEventIsAPurgeInTheLog) {
  const ApiAnswer answer = send(R"({"id":7})", "d-1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("state":"done")"));
  EXPECT_THAT(purges(), ElementsAre("tags product-7"));
  const auto known = service_->find(first_id(answer));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->record.by, "event:shop");
  EXPECT_EQ(known->record.from, "192.0.2.1 at fra-1");
  EXPECT_EQ(known->record.reason, "event of shop");
  EXPECT_EQ(counted("purged"), 1);
}

TEST_F(EventsWebhookTest, ADeliveryThatComesTwiceIsOnePurge) {
  const ApiAnswer first = send(R"({"id":7})", "d-1");
  const ApiAnswer again = send(R"({"id":7})", "d-1");
  EXPECT_EQ(first_id(first), first_id(again));
  EXPECT_THAT(purges(), ElementsAre("tags product-7"));
  // An id that the sender gives twice must not make another purge disappear.
  EXPECT_EQ(send(R"({"id":8})", "d-1").status, 200);
  EXPECT_THAT(purges(), ElementsAre("tags product-7", "tags product-8"));
}

// The same product may change twice, and both events may look the same.
TEST_F(EventsWebhookTest, WithoutAnIdEachDeliveryIsAPurge) {
  EXPECT_EQ(send(R"({"id":7})").status, 200);
  EXPECT_EQ(send(R"({"id":7})").status, 200);
  EXPECT_THAT(purges(), ElementsAre("tags product-7", "tags product-7"));
}

TEST_F(EventsWebhookTest, AWrongSignatureIsRefused) {
  EXPECT_EQ(code(send(R"({"id":7})", "d", "another secret")), "401 signature-wrong");
  EXPECT_EQ(code(send("rubbish", "d", "another secret")), "401 signature-wrong");
  std::promise<ApiAnswer> promise;
  events_->webhook({.name = "shop", .body = R"({"id":7})", .fields = {}, .client = ""},
                   [&](ApiAnswer answer) { promise.set_value(std::move(answer)); });
  EXPECT_EQ(code(promise.get_future().get()), "401 signature-missing");
  EXPECT_EQ(code(send(R"({"id":7})", "d", kSecret, "none")), "404 unknown-subscription");
  EXPECT_THAT(purges(), IsEmpty());
  EXPECT_EQ(dead_letters(), 0U);
  EXPECT_EQ(counted("refused"), 3);
}

TEST_F(EventsWebhookTest, WhatCannotBecomeAPurgeIsADeadLetter) {
  EXPECT_EQ(code(send(R"({"id":"7 x"})", "d-1")), "422 dead-letter");
  EXPECT_EQ(code(send(R"({"id":"7 x"})", "d-1")), "422 dead-letter") << "once more";
  EXPECT_EQ(code(send("no JSON", "d-2")), "422 dead-letter");
  EXPECT_EQ(code(send(R"({"id":")" + std::string(2'000, 'x') + "\"}", "d-3")), "422 dead-letter")
      << "the API's own limit";
  EXPECT_EQ(dead_letters(), 3U);
  EXPECT_THAT(purges(), IsEmpty());
  EXPECT_EQ(counted("dead"), 4);
  events_->update_metrics();
  EXPECT_EQ(metrics_.total("brink_purge_dead_letters", {{"subscription", "shop"}}), 3);
  EXPECT_THAT(events_->dead_letters("shop", "").body, HasSubstr(R"("event":{"id":"7 x"})"));
  EXPECT_EQ(events_->dead_letters("none", "").status, 404);
  EXPECT_EQ(events_->dead_letters("shop", "limit=0").status, 422);
  EXPECT_EQ(events_->dead_letters("shop", "limit=1").status, 200);
}

TEST_F(EventsWebhookTest, WhileTheLogIsAwayNothingIsPromised) {
  log_->is_away = true;
  EXPECT_EQ(code(send(R"({"id":7})", "d-1")), "503 log-unavailable");
  EXPECT_EQ(dead_letters(), 0U);
  EXPECT_EQ(counted("failed"), 1);
  log_->is_away = false;
  EXPECT_EQ(send(R"({"id":7})", "d-1").status, 200);
  EXPECT_THAT(purges(), ElementsAre("tags product-7"));
}

TEST_F(EventsWebhookTest, IgnoredEventsAreAnsweredToo) {
  options_.events[0].when = {{"op", {"u"}}};
  apply();
  const ApiAnswer answer = send(R"({"id":7,"op":"r"})", "d-1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{\"state\":\"ignored\",\"ids\":[]}\n");
  EXPECT_THAT(purges(), IsEmpty());
  EXPECT_EQ(counted("ignored"), 1);
}

TEST_F(EventsWebhookTest, APurgeStaysWithinItsSite) {
  options_.events[0].site = "shop";
  options_.events[0].tags = {};
  options_.events[0].urls = {"https://other.test/{id}"};
  apply();
  EXPECT_EQ(code(send(R"({"id":7})", "d-1")), "422 dead-letter");
  options_.events[0].urls = {"https://shop.test/{id}"};
  apply();
  EXPECT_EQ(send(R"({"id":7})", "d-1").status, 200);
  EXPECT_THAT(purges(), ElementsAre("urls https://shop.test/7"));
}

TEST_F(EventsWebhookTest, AReloadKeepsCountsAndLetters) {
  EXPECT_EQ(send(R"({"id":7})", "d-1").status, 200);
  EXPECT_EQ(code(send("no JSON", "d-2")), "422 dead-letter");
  options_.events[0].tags = {"p-{id}"};
  apply();
  EXPECT_EQ(send(R"({"id":7})", "d-1").status, 200);
  EXPECT_THAT(purges(), ElementsAre("tags product-7", "tags p-7"));
  EXPECT_EQ(counted("purged"), 2);
  EXPECT_EQ(dead_letters(), 1U);
  const auto listed = boost::json::parse(events_->list().body).at("events").as_array();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(boost::json::serialize(listed[0]),
            R"({"name":"shop","source":{"webhook":"/v1/events/shop"},"counts":{"purged":2,)"
            R"("ignored":0,"dead":1,"failed":0,"refused":0},"dead_letters":1})");
  options_.events.clear();
  apply();
  EXPECT_EQ(code(send(R"({"id":7})", "d-1")), "404 unknown-subscription");
}

TEST_F(EventsWebhookTest, BadTemplatesAreRefusedAndTheOldStay) {
  options_.events[0].tags = {"p-{id"};
  std::string message;
  EXPECT_EQ(events_->prepare(options_, message), nullptr);
  EXPECT_THAT(message, HasSubstr("purge.events (shop): \"p-{id\" is no template of a tag"));
  EXPECT_EQ(send(R"({"id":7})", "d-1").status, 200);
}

}  // namespace
}  // namespace brink::purge
