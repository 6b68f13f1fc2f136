// The NATS log when the server dies, hangs, is away or comes back as another one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "purge/nats_log.h"
#include "tests/unit/purge_nats_support.h"

namespace brink::purge::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NatsFaultTest : public ::testing::Test {
 protected:
  // Proofs that were given meanwhile for a time after `since`.
  static std::size_t proofs_after(const Seen& seen, Ticks since) {
    const std::vector<Ticks> proofs = seen.proofs();
    return static_cast<std::size_t>(
        std::count_if(proofs.begin(), proofs.end(), [&](Ticks at) { return at > since; }));
  }

  NatsServer server_;
  config::PurgeOptions options_ = options_for(server_);
  SystemClock clock_;
};

// Appends one after the other from a thread of its own until it is ended.
class Appender {
 public:
  Appender(Log& log, std::string prefix)
      : thread_([this, &log, prefix] {
          for (int i = 0; !is_ended_; ++i) {
            const std::string id = prefix + std::to_string(i);
            results_.emplace_back(id, append(log, purge_record(id)).get());
          }
        }) {}
  ~Appender() { end(); }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  const std::vector<std::pair<std::string, Result<std::uint64_t>>>& end() {
    is_ended_ = true;
    if (thread_.joinable()) thread_.join();
    return results_;
  }

 private:
  std::atomic<bool> is_ended_{false};
  std::vector<std::pair<std::string, Result<std::uint64_t>>> results_;
  std::thread thread_;
};

// What was acknowledged is there under its number, once; what never left this node is not there.
void expect_honest(const std::vector<std::pair<std::string, Result<std::uint64_t>>>& results,
                   const std::vector<Delivered>& records) {
  std::map<std::string, std::uint64_t> delivered;
  std::uint64_t last = 0;
  for (const Delivered& record : records) {
    EXPECT_GT(record.sequence, last);
    last = record.sequence;
    EXPECT_TRUE(delivered.emplace(record.id, record.sequence).second) << record.id << " twice";
  }
  for (const auto& [id, result] : results) {
    if (result) {
      EXPECT_EQ(delivered[id], *result) << id;
    } else if (result.error().code == ErrorCode::NoServerAvailable) {
      EXPECT_EQ(delivered.count(id), 0U) << id;
    } else {
      EXPECT_EQ(result.error().code, ErrorCode::ResponseTimeout) << id;
    }
  }
}

TEST_F(NatsFaultTest, AServerThatIsKilledLosesAndRepeatsNothing) {
  ASSERT_TRUE(server_.start());
  Node a(options_, "a", clock_), b(options_, "b", clock_);
  Appender from_a(*a.log, "a-"), from_b(*b.log, "b-");
  for (std::size_t round = 1; round <= 3; ++round) {
    ASSERT_TRUE(b.seen.wait_for_records(round * 300));
    server_.kill();
    ASSERT_TRUE(server_.start());
  }
  ASSERT_TRUE(b.seen.wait_for_proof_after(clock_.ticks()));
  auto results = from_a.end();
  const auto& more = from_b.end();
  results.insert(results.end(), more.begin(), more.end());
  append_now(*a.log, purge_record("last"));
  ASSERT_TRUE(a.seen.wait_for_id("last"));
  ASSERT_TRUE(b.seen.wait_for_id("last"));
  expect_honest(results, a.seen.records());
  EXPECT_EQ(a.seen.records(), b.seen.records());
  EXPECT_THAT(a.seen.lost(), IsEmpty());
  EXPECT_THAT(b.seen.lost(), IsEmpty());
  EXPECT_GE(a.metrics.total("brink_purge_nats_reconnects_total"), 3);
}

TEST_F(NatsFaultTest, WithoutTheServerNothingIsProvedAndAppendsFailInTime) {
  ASSERT_TRUE(server_.start());
  Node node(options_, "a", clock_);
  append_now(*node.log, purge_record("p-1"));
  ASSERT_TRUE(node.seen.wait_for_proof_after(Ticks{}));
  server_.kill();
  const Ticks killed = clock_.ticks();
  const auto failed = append(*node.log, purge_record("p-2")).get();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(proofs_after(node.seen, killed), 0U);
  ASSERT_TRUE(server_.start());
  ASSERT_TRUE(node.seen.wait_for_proof_after(killed));
  EXPECT_EQ(append_now(*node.log, purge_record("p-3")), 2U);
  ASSERT_TRUE(node.seen.wait_for_id("p-3"));
  EXPECT_EQ(node.seen.records().size(), 2U);
}

TEST_F(NatsFaultTest, AnAppendDuringAShortAbsenceIsRetried) {
  ASSERT_TRUE(server_.start());
  Node node(options_, "a", clock_);
  ASSERT_TRUE(node.seen.wait_for_proof_after(Ticks{}));
  server_.kill();
  auto result = append(*node.log, purge_record("p-1"));
  ASSERT_TRUE(server_.start());
  const auto sequence = result.get();
  // Where the machine is so slow that the server needs longer than the bound, it fails honestly.
  expect_honest({{"p-1", sequence}}, sequence ? std::vector<Delivered>{{*sequence, "p-1", false}}
                                              : std::vector<Delivered>{});
  append_now(*node.log, purge_record("p-2"));
  ASSERT_TRUE(node.seen.wait_for_id("p-2"));
  expect_honest({{"p-1", sequence}}, node.seen.records());
}

TEST_F(NatsFaultTest, AServerThatHangsProvesNothing) {
  ASSERT_TRUE(server_.start());
  Node node(options_, "a", clock_);
  append_now(*node.log, purge_record("p-1"));
  ASSERT_TRUE(node.seen.wait_for_proof_after(clock_.ticks()));
  server_.freeze();
  const Ticks frozen = clock_.ticks();
  const auto failed = append(*node.log, purge_record("p-2")).get();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::ResponseTimeout);
  EXPECT_EQ(proofs_after(node.seen, frozen), 0U);
  server_.thaw();
  ASSERT_TRUE(node.seen.wait_for_proof_after(clock_.ticks()));
  append_now(*node.log, purge_record("p-3"));
  ASSERT_TRUE(node.seen.wait_for_id("p-3"));
  expect_honest({{"p-2", failed}}, node.seen.records());
}

TEST_F(NatsFaultTest, ANodeStartsWhileTheServerIsAway) {
  Node node(options_, "a", clock_);
  EXPECT_EQ(node.log->id(), "");
  EXPECT_THAT(node.seen.proofs(), IsEmpty());
  ASSERT_TRUE(server_.start());
  ASSERT_TRUE(node.seen.wait_for_proof_after(Ticks{}));
  EXPECT_NE(node.log->id(), "");
  append_now(*node.log, purge_record("p-1"));
  ASSERT_TRUE(node.seen.wait_for_id("p-1"));
}

TEST_F(NatsFaultTest, AnEndWhileTheServerIsAwayGivesUpWhatWaits) {
  Node node(options_, "a", clock_);
  std::vector<std::future<Result<std::uint64_t>>> results;
  for (int i = 0; i < 10'001; ++i)
    results.push_back(append(*node.log, purge_record("p-" + std::to_string(i))));
  EXPECT_EQ(results.back().get().error().code, ErrorCode::LimitReached);
  results.pop_back();
  node.log->detach(node.seen);
  node.log.reset();
  for (auto& result : results)
    EXPECT_FALSE(result.get().has_value());
}

TEST_F(NatsFaultTest, AStreamThatIsMadeAnewIsNotTheLog) {
  ASSERT_TRUE(server_.start());
  Node node(options_, "a", clock_);
  for (int i = 1; i <= 3; ++i)
    append_now(*node.log, purge_record("p-" + std::to_string(i)));
  ASSERT_TRUE(node.seen.wait_for_records(3));
  const std::string id = node.log->id();
  server_.ask("$JS.API.STREAM.DELETE.BRINK_PURGE");
  const Ticks deleted = clock_.ticks();
  Node fresh(options_, "b", clock_);  // makes it anew
  ASSERT_TRUE(fresh.seen.wait_for_proof_after(Ticks{}));
  EXPECT_NE(fresh.log->id(), id);
  for (int i = 1; i <= 5; ++i)
    append_now(*fresh.log, purge_record("q-" + std::to_string(i)));
  ASSERT_TRUE(fresh.seen.wait_for_records(5));
  // Until the other node has seen it, its appends go where everybody else's go.
  for (int i = 4; append(*node.log, purge_record("p-" + std::to_string(i))).get().has_value();)
    ++i;
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(fresh.seen.wait_for_proof_after(clock_.ticks()));
  EXPECT_EQ(proofs_after(node.seen, deleted), 0U);
  EXPECT_EQ(node.log->id(), id);
  // Restarted, it follows the log as it is now.
  Node again(options_, "a", clock_);
  ASSERT_TRUE(again.seen.wait_for_proof_after(Ticks{}));
  EXPECT_EQ(again.log->id(), fresh.log->id());
}

TEST_F(NatsFaultTest, AStreamThatIsEmptiedByItsOperatorIsToldAsLost) {
  ASSERT_TRUE(server_.start());
  Node before(options_, "a", clock_);
  for (int i = 1; i <= 3; ++i)
    append_now(*before.log, purge_record("p-" + std::to_string(i)));
  server_.ask("$JS.API.STREAM.PURGE.BRINK_PURGE");
  Node node(options_, "b", clock_);
  ASSERT_TRUE(node.seen.wait_for_proof_after(Ticks{}));
  EXPECT_THAT(node.seen.lost(), ElementsAre(3U));
  ASSERT_TRUE(before.seen.wait_for_proof_after(clock_.ticks()));
  EXPECT_EQ(append_now(*node.log, purge_record("p-4")), 4U);
  ASSERT_TRUE(node.seen.wait_for_id("p-4"));
  ASSERT_TRUE(before.seen.wait_for_id("p-4"));
  EXPECT_THAT(before.seen.lost(), IsEmpty());
}

TEST_F(NatsFaultTest, WhatRetentionRemovedDuringAnAbsenceIsToldAsLost) {
  options_.retain = 4;
  ASSERT_TRUE(server_.start());
  Node node(options_, "a", clock_);
  append_now(*node.log, purge_record("p-1"));
  ASSERT_TRUE(node.seen.wait_for_id("p-1"));
  server_.kill();
  // Nobody else is told of this server's return before the records have come and gone.
  NatsServer same({server_.folder() + "/store", ""});
  ASSERT_TRUE(same.start()) << same.standard_error();
  options_.nats.url = same.url();
  {
    Node other(options_, "b", clock_);
    for (int i = 2; i <= 12; ++i)
      append_now(*other.log, purge_record("p-" + std::to_string(i)));
  }
  same.kill();
  ASSERT_TRUE(server_.start());
  ASSERT_TRUE(node.seen.wait_for_id("p-12"));
  EXPECT_THAT(node.seen.lost(), ElementsAre(8U));
  EXPECT_EQ(node.seen.records().size(), 5U);
  ASSERT_TRUE(node.seen.wait_for_proof_after(clock_.ticks()));
}

// A machine that lost power: the stream's end is gone and its numbers are given again.
TEST_F(NatsFaultTest, AStreamThatLostItsEndAndWentOnIsFoundOut) {
  ASSERT_TRUE(server_.start());
  Node node(options_, "a", clock_);
  append_now(*node.log, purge_record("p-1"));
  server_.kill();
  const std::filesystem::path store = server_.folder() + "/store";
  const std::filesystem::path copy = server_.folder() + "/copy";
  std::filesystem::copy(store, copy, std::filesystem::copy_options::recursive);
  ASSERT_TRUE(server_.start());
  append_now(*node.log, purge_record("p-2"));
  ASSERT_TRUE(node.seen.wait_for_id("p-2"));
  server_.kill();
  std::filesystem::remove_all(store);
  std::filesystem::rename(copy, store);
  NatsServer same({store.string(), ""});
  ASSERT_TRUE(same.start()) << same.standard_error();
  options_.nats.url = same.url();
  {
    Node other(options_, "b", clock_);
    append_now(*other.log, purge_record("q-2"));
    append_now(*other.log, purge_record("q-3"));
  }
  same.kill();
  const Ticks before = clock_.ticks();
  ASSERT_TRUE(server_.start());
  EXPECT_FALSE(append(*node.log, purge_record("p-4")).get().has_value());
  Node witness(options_for(server_), "c", clock_);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(witness.seen.wait_for_proof_after(clock_.ticks()));
  EXPECT_EQ(proofs_after(node.seen, before), 0U);
  EXPECT_EQ(node.seen.records().size(), 2U);
}

}  // namespace
}  // namespace brink::purge::tests
