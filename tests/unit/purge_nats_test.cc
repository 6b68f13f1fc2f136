// The NATS log while all is well, against a real nats-server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <thread>

#include "purge/nats_log.h"
#include "tests/unit/purge_nats_support.h"

namespace brink::purge::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NatsLogTest : public ::testing::Test {
 protected:
  NatsLogTest() { EXPECT_TRUE(server_.start()) << server_.standard_error(); }

  NatsServer server_;
  config::PurgeOptions options_ = options_for(server_);
  SystemClock clock_;
};

TEST_F(NatsLogTest, TwoNodesSeeOneOrder) {
  Node a(options_, "a", clock_), b(options_, "b", clock_);
  constexpr int kEach = 300;
  std::map<std::string, std::uint64_t> acknowledged;
  std::vector<std::pair<std::string, std::future<Result<std::uint64_t>>>> results;
  for (int i = 0; i < kEach; ++i) {
    for (Node* node : {&a, &b}) {
      const std::string id = (node == &a ? "a-" : "b-") + std::to_string(i);
      results.emplace_back(id, append(*node->log, purge_record(id)));
    }
  }
  for (auto& [id, result] : results) {
    const auto sequence = result.get();
    ASSERT_TRUE(sequence.has_value()) << sequence.error().what;
    acknowledged[id] = *sequence;
  }
  ASSERT_TRUE(a.seen.wait_for_records(2 * kEach));
  ASSERT_TRUE(b.seen.wait_for_records(2 * kEach));
  EXPECT_EQ(a.seen.records(), b.seen.records());
  EXPECT_EQ(a.log->id(), b.log->id());
  std::uint64_t last = 0;
  for (const Delivered& record : a.seen.records()) {
    EXPECT_GT(record.sequence, last);
    EXPECT_EQ(record.sequence, acknowledged[record.id]) << record.id;
    EXPECT_FALSE(record.replayed);
    last = record.sequence;
  }
  EXPECT_THAT(a.seen.lost(), ElementsAre());
}

TEST_F(NatsLogTest, OneIdIsOneRecord) {
  Node node(options_, "a", clock_);
  const std::uint64_t first = append_now(*node.log, purge_record("p-1"));
  append_now(*node.log, purge_record("p-2"));
  EXPECT_EQ(append_now(*node.log, purge_record("p-1")), first);
  append_now(*node.log, purge_record("p-3"));
  ASSERT_TRUE(node.seen.wait_for_id("p-3"));
  EXPECT_EQ(node.seen.records().size(), 3U);
}

TEST_F(NatsLogTest, WhatWasThereBeforeIsReplayedAndSaidToBe) {
  std::string id;
  {
    Node before(options_, "a", clock_);
    for (int i = 1; i <= 10; ++i)
      append_now(*before.log, purge_record("p-" + std::to_string(i)));
    id = before.log->id();
  }
  Node after(options_, "a", clock_);
  EXPECT_EQ(after.log->id(), id);
  EXPECT_THAT(id, HasSubstr("BRINK_PURGE@"));
  append_now(*after.log, purge_record("p-11"));
  ASSERT_TRUE(after.seen.wait_for_records(11));
  const std::vector<Delivered> records = after.seen.records();
  for (std::size_t i = 0; i < records.size(); ++i)
    EXPECT_EQ(records[i], (Delivered{i + 1, "p-" + std::to_string(i + 1), i < 10}));
}

TEST_F(NatsLogTest, EveryOneOfFiveThousandIsAcknowledgedAndDeliveredInOrder) {
  Node node(options_, "a", clock_), other(options_, "b", clock_);
  constexpr std::size_t kThreads = 4, kEach = 1'250;
  std::vector<std::vector<std::future<Result<std::uint64_t>>>> results(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kEach; ++i)
        results[t].push_back(
            append(*node.log, purge_record("p-" + std::to_string(t) + "-" + std::to_string(i))));
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  std::vector<std::uint64_t> sequences;
  for (auto& of_thread : results) {
    for (auto& result : of_thread) {
      const auto sequence = result.get();
      ASSERT_TRUE(sequence.has_value()) << sequence.error().what;
      sequences.push_back(*sequence);
    }
  }
  std::sort(sequences.begin(), sequences.end());
  for (Node* n : {&node, &other}) {
    ASSERT_TRUE(n->seen.wait_for_records(kThreads * kEach));
    std::vector<std::uint64_t> delivered;
    for (const Delivered& record : n->seen.records())
      delivered.push_back(record.sequence);
    EXPECT_EQ(delivered, sequences);
  }
}

TEST_F(NatsLogTest, IsProvedToBeCurrentAgainAndAgain) {
  Node node(options_, "a", clock_);
  ASSERT_TRUE(node.seen.wait_for_proof_after(Ticks{}));
  const std::uint64_t sequence = append_now(*node.log, purge_record("p-1"));
  const Ticks after = clock_.ticks();
  ASSERT_TRUE(node.seen.wait_for_proof_after(after));
  EXPECT_THAT(node.seen.records(), ElementsAre(Delivered{sequence, "p-1", false}));
  const std::vector<Ticks> proofs = node.seen.proofs();
  EXPECT_TRUE(std::is_sorted(proofs.begin(), proofs.end()));
}

TEST_F(NatsLogTest, RetentionThatRemovedRecordsIsToldAsLost) {
  options_.retain = 5;
  Node before(options_, "a", clock_);
  for (int i = 1; i <= 20; ++i)
    append_now(*before.log, purge_record("p-" + std::to_string(i)));
  Node node(options_, "b", clock_);
  ASSERT_TRUE(node.seen.wait_for_records(5));
  EXPECT_THAT(node.seen.lost(), ElementsAre(15U));
  EXPECT_EQ(node.seen.records().front().sequence, 16U);
  EXPECT_THAT(before.seen.lost(), ElementsAre());
}

TEST_F(NatsLogTest, PurgesDisplaceNeitherVersionsNorJoins) {
  options_.retain = 3;
  Node before(options_, "a", clock_);
  Record version = purge_record("v-1");
  version.kind = Record::Kind::Version;
  version.selector.site = "shop.example";
  Record join = purge_record("j-1");
  join.kind = Record::Kind::Join;
  join.node = "fra-1";
  append_now(*before.log, version);
  append_now(*before.log, join);
  for (int i = 1; i <= 20; ++i)
    append_now(*before.log, purge_record("p-" + std::to_string(i)));
  Node node(options_, "b", clock_);
  ASSERT_TRUE(node.seen.wait_for_records(5));
  EXPECT_THAT(
      node.seen.records(),
      ElementsAre(Delivered{1, "v-1", true}, Delivered{2, "j-1", true}, Delivered{20, "p-18", true},
                  Delivered{21, "p-19", true}, Delivered{22, "p-20", true}));
  EXPECT_THAT(node.seen.lost(), ElementsAre(19U));
}

TEST_F(NatsLogTest, ReceiptsReachEveryNodeAlsoLaterOnes) {
  Report report{"fra-1", "fra", "edge", "i-1", 7, false, {{7, 12, 3, 4'096}, {8, 0, {}, {}}}};
  {
    Node a(options_, "a", clock_), b(options_, "b", clock_);
    a.log->report(report);
    for (Node* node : {&a, &b}) {
      EXPECT_TRUE(node->seen.wait_for_report([&](const Report& r) { return r == report; }));
    }
  }
  Node later(options_, "c", clock_);
  EXPECT_TRUE(later.seen.wait_for_report([&](const Report& r) { return r == report; }));
}

TEST_F(NatsLogTest, ReportsWithoutReceiptsReachWhoIsThereAndAreNotStored) {
  Node a(options_, "a", clock_), b(options_, "b", clock_);
  ASSERT_TRUE(a.seen.wait_for_proof_after(Ticks{}));
  ASSERT_TRUE(b.seen.wait_for_proof_after(Ticks{}));
  const Report report{"fra-1", "fra", "edge", "i-1", 7, true, {}};
  a.log->report(report);
  for (Node* node : {&a, &b}) {
    EXPECT_TRUE(node->seen.wait_for_report([&](const Report& r) { return r == report; }));
  }
  EXPECT_THAT(server_.ask("$JS.API.STREAM.INFO.BRINK_PURGE_RECEIPTS"), HasSubstr("\"messages\":0"));
}

TEST_F(NatsLogTest, AStreamThatExistsIsUsedAndBroughtUpToDate) {
  server_.ask("$JS.API.STREAM.CREATE.BRINK_PURGE",
              R"({"name":"BRINK_PURGE","subjects":["BRINK_PURGE.log.>"],"retention":"limits",)"
              R"("storage":"memory","max_msgs_per_subject":2,"num_replicas":1,"max_msgs":50})");
  options_.retain = 7;
  Node node(options_, "a", clock_);
  EXPECT_EQ(append_now(*node.log, purge_record("p-1")), 1U);
  ASSERT_TRUE(node.seen.wait_for_id("p-1"));
  ASSERT_TRUE(node.seen.wait_for_proof_after(clock_.ticks()));
  const std::string info = server_.ask("$JS.API.STREAM.INFO.BRINK_PURGE");
  EXPECT_THAT(info, HasSubstr("\"max_msgs_per_subject\":7"));
  EXPECT_THAT(info, HasSubstr("\"max_msgs\":-1"));
  EXPECT_THAT(info, HasSubstr("\"storage\":\"memory\""));
}

TEST_F(NatsLogTest, SomethingThatIsNoRecordCountsAsLost) {
  Node node(options_, "a", clock_);
  append_now(*node.log, purge_record("p-1"));
  server_.ask("BRINK_PURGE.log.purge", "no record");
  append_now(*node.log, purge_record("p-3"));
  ASSERT_TRUE(node.seen.wait_for_id("p-3"));
  EXPECT_THAT(node.seen.lost(), ElementsAre(2U));
  EXPECT_THAT(node.seen.records(),
              ElementsAre(Delivered{1, "p-1", false}, Delivered{3, "p-3", false}));
}

TEST_F(NatsLogTest, DetachedMeansNoFurtherCall) {
  Node node(options_, "a", clock_);
  Seen second;
  node.log->attach(second);
  append_now(*node.log, purge_record("p-1"));
  ASSERT_TRUE(second.wait_for_records(1));
  node.log->detach(second);
  const std::size_t proofs = second.proofs().size();
  append_now(*node.log, purge_record("p-2"));
  ASSERT_TRUE(node.seen.wait_for_id("p-2"));
  ASSERT_TRUE(node.seen.wait_for_proof_after(clock_.ticks()));
  EXPECT_EQ(second.records().size(), 1U);
  EXPECT_EQ(second.proofs().size(), proofs);
}

}  // namespace
}  // namespace brink::purge::tests
