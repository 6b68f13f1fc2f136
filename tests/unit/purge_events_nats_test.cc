// Events from a real nats-server: acknowledged once their purge is in the log, shared by nodes,
// handed back while the log is away.

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <functional>

#include "tests/support/nats_server.h"
#include "tests/unit/purge_events_support.h"

namespace brink::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Millis kGenerous{60'000};  // only a defect takes that long

class EventsNatsTest : public EventsTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.start()) << server_.standard_error();
    EXPECT_THAT(server_.ask("$JS.API.STREAM.CREATE.SHOP",
                            R"({"name":"SHOP","subjects":["shop.>"],"storage":"file"})"),
                HasSubstr("did_create"));
    EventsTest::SetUp();
    config::EventOptions event;
    event.name = "catalogue";
    event.nats.emplace();
    event.nats->subject = "shop.products";
    event.nats->durable = "brink";
    event.tags = {"product-{after.id|before.id}"};
    options_.events = {event};
    options_.nats.url = server_.url();
  }

  std::string publish(const std::string& body) { return server_.ask("shop.products", body); }
  boost::json::object consumer() const {
    const std::string text = server_.ask("$JS.API.CONSUMER.INFO.SHOP.brink", "");
    return text.empty() ? boost::json::object() : boost::json::parse(text).as_object();
  }
  bool has_consumer() const { return consumer().contains("config"); }
  // Nothing is outstanding, and `acknowledged` messages have been.
  bool is_settled(std::int64_t acknowledged) const {
    const auto info = consumer();
    return info.contains("ack_floor") && info.at("num_ack_pending") == 0 &&
           info.at("ack_floor").at("stream_seq") == acknowledged;
  }
  // Asks the server between two looks, so it does not spin.
  [[nodiscard]] bool wait(const std::function<bool()>& until) const {
    const Ticks deadline = real_.ticks() + kGenerous;
    while (!until()) {
      if (real_.ticks() > deadline) return false;
      server_.ask("$JS.API.INFO");
    }
    return true;
  }

  const SystemClock real_;
  tests::NatsServer server_;
};

TEST_F(EventsNatsTest, MessagesBecomePurges) {
  apply();
  ASSERT_TRUE(wait([&] { return has_consumer(); }));
  publish(R"({"before":null,"after":{"id":1},"op":"c"})");
  publish(R"({"schema":{},"payload":{"before":{"id":2},"after":null,"op":"d"}})");
  ASSERT_TRUE(wait([&] { return is_settled(2); }));
  EXPECT_THAT(purges(), ElementsAre("tags product-1", "tags product-2"));
  const auto all = service_->list(0, 10);
  EXPECT_EQ(all.back().record.from, "SHOP 2 at fra-1");
  EXPECT_EQ(counted("purged"), 2);
  EXPECT_THAT(events_->list().body, HasSubstr(R"("connected":true)"));
}

TEST_F(EventsNatsTest, WhatWasPublishedWhileNobodyWasThereCounts) {
  apply();
  ASSERT_TRUE(wait([&] { return has_consumer(); }));
  events_->stop();
  for (int i = 1; i <= 200; ++i)  // more than are under way at once
    publish(R"({"after":{"id":)" + std::to_string(i) + "}}");
  apply();
  ASSERT_TRUE(wait([&] { return is_settled(200); }));
  EXPECT_EQ(purges().size(), 200U);
  EXPECT_EQ(purges().back(), "tags product-200");
}

TEST_F(EventsNatsTest, WhatFailsComesAgain) {
  apply();
  ASSERT_TRUE(wait([&] { return has_consumer(); }));
  log_->is_away = true;
  publish(R"({"after":{"id":1}})");
  ASSERT_TRUE(wait([&] { return counted("failed") >= 1; }));
  log_->is_away = false;
  ASSERT_TRUE(wait([&] { return is_settled(1); }));
  EXPECT_THAT(purges(), ElementsAre("tags product-1"));
}

TEST_F(EventsNatsTest, DeadLettersAreKeptAndNotSentAgain) {
  apply();
  ASSERT_TRUE(wait([&] { return has_consumer(); }));
  publish("rubbish");
  publish(R"({"after":{"id":"a b"}})");
  publish("");  // a tombstone
  publish(R"({"after":{"id":4}})");
  ASSERT_TRUE(wait([&] { return is_settled(4); }));
  EXPECT_THAT(purges(), ElementsAre("tags product-4"));
  const auto letters =
      boost::json::parse(events_->dead_letters("catalogue", "").body).at("dead_letters").as_array();
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].at("source").as_string(), "SHOP 1");
  EXPECT_EQ(letters[1].at("event").at("after").at("id").as_string(), "a b");
  EXPECT_EQ(counted("ignored"), 1);
}

// Two that share a durable: each message is for one of them.
TEST_F(EventsNatsTest, NodesShareADurable) {
  apply();
  ASSERT_TRUE(wait([&] { return has_consumer(); }));
  const auto second = make_events();
  std::string message;
  options_.dead_letters.path = folder_.file("second.jsonl");
  auto plan = second->prepare(options_, message);
  ASSERT_NE(plan, nullptr) << message;
  second->commit(std::move(plan));
  for (int i = 1; i <= 100; ++i)
    publish(R"({"after":{"id":)" + std::to_string(i) + "}}");
  ASSERT_TRUE(wait([&] { return is_settled(100); }));
  EXPECT_EQ(purges().size(), 100U);
  EXPECT_EQ(counted("purged"), 100);
  second->stop();
}

// Acknowledgements that were lost: the messages come again, and are the same purges.
TEST_F(EventsNatsTest, AMessageThatComesAgainIsTheSamePurge) {
  apply();
  ASSERT_TRUE(wait([&] { return has_consumer(); }));
  publish(R"({"after":{"id":1}})");
  ASSERT_TRUE(wait([&] { return is_settled(1); }));
  events_->stop();
  EXPECT_THAT(server_.ask("$JS.API.CONSUMER.DELETE.SHOP.brink"), HasSubstr("success"));
  EXPECT_THAT(
      server_.ask(
          "$JS.API.CONSUMER.DURABLE.CREATE.SHOP.brink",
          R"({"stream_name":"SHOP","config":{"durable_name":"brink","ack_policy":"explicit",)"
          R"("deliver_policy":"all","filter_subject":"shop.products"}})"),
      HasSubstr("created"));
  apply();
  ASSERT_TRUE(wait([&] { return counted("purged") == 2 && is_settled(1); }));
  EXPECT_THAT(purges(), ElementsAre("tags product-1"));
}

TEST_F(EventsNatsTest, AServerThatIsAwayIsWaitedFor) {
  apply();
  ASSERT_TRUE(wait([&] { return has_consumer(); }));
  server_.kill();
  ASSERT_TRUE(server_.start()) << server_.standard_error();
  publish(R"({"after":{"id":1}})");
  ASSERT_TRUE(wait([&] { return is_settled(1); }));
  EXPECT_THAT(purges(), ElementsAre("tags product-1"));
}

// What is published while there is none is not lost, and what was there before counts once.
TEST_F(EventsNatsTest, AConsumerThatGoesIsMadeAgain) {
  apply();
  ASSERT_TRUE(wait([&] { return has_consumer(); }));
  publish(R"({"after":{"id":1}})");
  ASSERT_TRUE(wait([&] { return is_settled(1); }));
  EXPECT_THAT(server_.ask("$JS.API.CONSUMER.DELETE.SHOP.brink"), HasSubstr("success"));
  publish(R"({"after":{"id":2}})");
  ASSERT_TRUE(wait([&] { return has_consumer() && is_settled(2); }));
  EXPECT_THAT(purges(), ElementsAre("tags product-1", "tags product-2"));
  EXPECT_EQ(counted("purged"), 3) << "the first came again";
}

TEST_F(EventsNatsTest, AStreamThatIsNotThereYetIsWaitedFor) {
  options_.events[0].nats->subject = "later.products";
  apply();
  ASSERT_TRUE(wait([&] { return metrics_.total("brink_purge_events_errors_total") >= 1; }));
  server_.ask("$JS.API.STREAM.CREATE.LATER", R"({"name":"LATER","subjects":["later.>"]})");
  ASSERT_TRUE(wait([&] {
    return server_.ask("$JS.API.CONSUMER.INFO.LATER.brink").find("\"config\"") != std::string::npos;
  }));
  server_.ask("later.products", R"({"after":{"id":1}})");
  ASSERT_TRUE(wait([&] { return counted("purged") == 1; }));
}

TEST_F(EventsNatsTest, SomebodyElsesConsumerIsLeftAlone) {
  EXPECT_THAT(
      server_.ask(
          "$JS.API.CONSUMER.DURABLE.CREATE.SHOP.brink",
          R"({"stream_name":"SHOP","config":{"durable_name":"brink","ack_policy":"explicit",)"
          R"("deliver_policy":"all","filter_subject":"shop.other"}})"),
      HasSubstr("created"));
  apply();
  ASSERT_TRUE(wait([&] { return metrics_.total("brink_purge_events_errors_total") >= 1; }));
  EXPECT_EQ(consumer().at("config").at("filter_subject").as_string(), "shop.other");
}

TEST_F(EventsNatsTest, WhatDidNotChangeGoesOn) {
  apply();
  ASSERT_TRUE(wait([&] { return has_consumer(); }));
  const auto is_new = [&] {
    std::string message;
    const auto plan = events_->prepare(options_, message);
    return plan->subscriptions.at("catalogue").is_new;
  };
  EXPECT_FALSE(is_new());
  apply();
  publish(R"({"after":{"id":1}})");
  ASSERT_TRUE(wait([&] { return is_settled(1); }));
  options_.events[0].tags = {"p-{after.id}"};
  EXPECT_TRUE(is_new());
  apply();
  publish(R"({"after":{"id":2}})");
  ASSERT_TRUE(wait([&] { return is_settled(2); }));
  EXPECT_THAT(purges(), ElementsAre("tags product-1", "tags p-2"));
  options_.nats.user = "somebody";
  EXPECT_TRUE(is_new()) << "it is the server of purge.nats that it asks";
}

}  // namespace
}  // namespace brink::purge
