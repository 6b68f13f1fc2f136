// What acknowledgements and deliveries make of an append, one by one, without a server: the answers
// are those that nats-server gives, the wrong ones those of replicas that fell out of step.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "purge/nats_sender.h"

namespace brink::purge {
namespace {

class NatsSenderTest : public ::testing::Test {
 protected:
  NatsSenderTest() {
    config::NatsOptions options;
    options.url = "nats://127.0.0.1:1";  // nobody is there
    std::string message;
    link_ = NatsLink::open(
        options, {"test", Millis{1'000}}, NatsLink::log_cells(metrics_), [](NatsEvent) {}, message);
    EXPECT_NE(link_, nullptr) << message;
    requests_ = std::make_unique<NatsRequests>(*link_);
    sender_ = std::make_unique<NatsSender>(*requests_, metrics_);
    sender_->set_following(true);
  }

  // Its number is how many there have been.
  void append(const std::string& id) {
    sender_->append("S.log.purge", "{}", id, Ticks{NatsSender::kAppendLimit},
                    [this](Result<std::uint64_t> result) { done_.push_back(std::move(result)); });
  }
  void acknowledge(std::uint64_t number, const std::string& json) {
    NatsMessage message;
    message.data = json;
    sender_->on_reply(number, message, Ticks{});
  }
  std::int64_t misplaced() const {
    return metrics_.total("brink_purge_log_errors_total", {{"kind", "misplaced"}});
  }

  MetricsRegistry metrics_;
  std::unique_ptr<NatsLink> link_;
  std::unique_ptr<NatsRequests> requests_;
  std::unique_ptr<NatsSender> sender_;
  std::vector<Result<std::uint64_t>> done_;
};

TEST_F(NatsSenderTest, IsDoneWhenItIsDeliveredHere) {
  append("p-1");
  acknowledge(1, R"({"seq":7})");
  EXPECT_TRUE(done_.empty());
  sender_->on_delivered(7, "p-1");
  ASSERT_EQ(done_.size(), 1U);
  EXPECT_EQ(*done_[0], 7U);
  append("p-2");  // the delivery overtakes the acknowledgement
  sender_->on_delivered(8, "p-2");
  acknowledge(2, R"({"seq":8})");
  ASSERT_EQ(done_.size(), 2U);
  EXPECT_EQ(*done_[1], 8U);
  EXPECT_EQ(misplaced(), 0);
}

TEST_F(NatsSenderTest, TheAcknowledgementHasToDoWhileNothingIsDelivered) {
  sender_->set_following(false);
  append("p-1");
  acknowledge(1, R"({"seq":7})");
  ASSERT_EQ(done_.size(), 1U);
  EXPECT_EQ(*done_[0], 7U);
  sender_->set_following(true);  // or where this node is far behind
  append("p-2");
  acknowledge(2, R"({"seq":9})");
  sender_->on_time(Ticks{NatsSender::kAppendLimit});
  ASSERT_EQ(done_.size(), 2U);
  EXPECT_EQ(*done_[1], 9U);
}

TEST_F(NatsSenderTest, ANumberThatSomethingElseHasIsNoAcknowledgement) {
  append("p-1");
  append("p-2");
  append("p-3");
  acknowledge(1, R"({"seq":7})");
  sender_->on_delivered(7, "another");
  sender_->on_time(Ticks{});
  acknowledge(2, R"({"seq":7})");  // after the delivery
  acknowledge(3, R"({"seq":7,"duplicate":true})");
  EXPECT_TRUE(done_.empty());
  EXPECT_EQ(misplaced(), 3);
  acknowledge(1, R"({"seq":8})");
  sender_->on_delivered(8, "p-1");
  sender_->on_delivered(9, "");  // lost, or no record
  sender_->on_delivered(10, "p-3");
  ASSERT_EQ(done_.size(), 2U);
  EXPECT_EQ(*done_[0], 8U);
  EXPECT_EQ(*done_[1], 10U);
  sender_->on_time(Ticks{NatsSender::kAppendLimit});
  ASSERT_EQ(done_.size(), 3U);
  EXPECT_FALSE(done_[2].has_value());
}

TEST_F(NatsSenderTest, ADuplicateOfLongAgoIsTheOriginal) {
  sender_->on_delivered(100, "p-100");
  append("p-1");
  acknowledge(1, R"({"seq":3,"duplicate":true})");
  append("p-2");
  sender_->on_delivered(101, "p-2");
  append("p-2");
  acknowledge(3, R"({"seq":101,"duplicate":true})");
  ASSERT_EQ(done_.size(), 3U);
  EXPECT_EQ(*done_[0], 3U);
  EXPECT_EQ(*done_[1], 101U);
  EXPECT_EQ(*done_[2], 101U);
}

TEST_F(NatsSenderTest, RefusalsAndTimeOuts) {
  append("p-1");
  append("p-2");
  append("p-3");
  acknowledge(1, R"({"error":{"code":400,"description":"no"}})");
  ASSERT_EQ(done_.size(), 1U);
  EXPECT_EQ(done_[0].error().code, ErrorCode::StoreFull);
  acknowledge(2, R"({"error":{"code":503,"description":"not now"}})");
  EXPECT_EQ(done_.size(), 1U);
  sender_->on_time(Ticks{NatsSender::kAppendLimit});
  ASSERT_EQ(done_.size(), 3U);
  EXPECT_EQ(done_[1].error().code, ErrorCode::NoServerAvailable);  // it was never sent
  EXPECT_EQ(done_[2].error().code, ErrorCode::NoServerAvailable);
  sender_->fail_all({ErrorCode::Cancelled, Side::Internal, Retry::Never, "end"}, true);
  append("p-4");
  ASSERT_EQ(done_.size(), 4U);
  EXPECT_EQ(done_[3].error().code, ErrorCode::Cancelled);
}

}  // namespace
}  // namespace brink::purge
