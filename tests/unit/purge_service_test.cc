// One node's side of the log: joining, applying, receipts, waiting, being forgotten. With the
// embedded log itself, and with a log that a test plays by hand where the network would.

#include <gmock/gmock.h>

#include <future>

#include "purge/embedded_log.h"
#include "purge/service.h"
#include "tests/unit/purge_log_support.h"

namespace brink::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Is = Outcome::Is;

constexpr Millis kPatience{10'000};

class FakeTarget final : public Target {
 public:
  Matched apply(const Record& record, bool replayed) override {
    const std::lock_guard lock(mutex_);
    applied_.push_back(record.id + (replayed ? " replayed" : ""));
    position_when_applied_.push_back(position ? position->applied() : 0);
    return counts ? Matched{3, 300} : Matched{};
  }
  void lost_until(std::uint64_t sequence) override {
    const std::lock_guard lock(mutex_);
    applied_.push_back("lost " + std::to_string(sequence));
  }
  std::vector<std::string> applied() const {
    const std::lock_guard lock(mutex_);
    return applied_;
  }
  std::vector<std::uint64_t> positions() const {
    const std::lock_guard lock(mutex_);
    return position_when_applied_;
  }
  const Position* position = nullptr;
  bool counts = true;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> applied_;
  std::vector<std::uint64_t> position_when_applied_;
};

// A node without its shards.
struct TestNode {
  TestNode(Log& log, const Clock& clock, const std::string& name, const std::string& pop = "fra",
           Millis forget = Millis{60'000})
      : service({.node = name,
                 .pop = pop,
                 .role = "edge",
                 .max_lag = Millis{10'000},
                 .forget_node_after = forget,
                 .retain = 1000},
                {log, target, position, clock, metrics}) {
    target.position = &position;
  }
  std::future<Outcome> submit(Record record, Wait wait, Millis timeout = Millis{5'000}) {
    auto promise = std::make_shared<std::promise<Outcome>>();
    service.submit(std::move(record), wait, timeout,
                   [promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
    return promise->get_future();
  }
  FakeTarget target;
  Position position;
  MetricsRegistry metrics;
  Service service;
};

std::vector<std::string> text_of(const Outcome& outcome) {
  std::vector<std::string> out;
  for (const NodeReceipt& each : outcome.receipts)
    out.push_back(each.node + (each.is_applied ? " applied" : " outstanding"));
  return out;
}

std::unique_ptr<EmbeddedLog> memory_log(const Clock& clock) {
  std::string message;
  return EmbeddedLog::open({.path = "", .default_path = "/nonexistent/purge.log"}, clock, message);
}

class ServiceTest : public ::testing::Test {
 protected:
  VirtualClock clock_{TimePoint{Millis{1'700'000'000'000}}};
  std::unique_ptr<EmbeddedLog> log_ = memory_log(clock_);
};

TEST_F(ServiceTest, JoinsAppliesAndSaysSo) {
  TestNode node(*log_, clock_, "fra-1");
  EXPECT_TRUE(node.service.fenced());
  node.service.start();
  ASSERT_TRUE(node.service.wait_joined(kPatience));
  EXPECT_FALSE(node.service.fenced());
  const Outcome outcome = node.submit(tag_purge("p-1"), Wait::Node).get();
  EXPECT_EQ(outcome.is, Is::Done);
  EXPECT_EQ(outcome.sequence, 2U);  // its Join is 1
  EXPECT_THAT(text_of(outcome), ElementsAre("fra-1 applied"));
  EXPECT_THAT(node.target.applied(), ElementsAre("p-1"));
  EXPECT_THAT(node.target.positions(), ElementsAre(1U));  // moved only afterwards
  EXPECT_EQ(node.service.applied(), 2U);
  node.service.update_metrics();
  EXPECT_EQ(node.metrics.total("brink_purge_applied"), 2);
  EXPECT_EQ(node.metrics.total("brink_purge_fenced"), 0);
  EXPECT_EQ(node.metrics.total("brink_purge_records_total", {{"kind", "purge"}}), 1);
}

TEST_F(ServiceTest, WaitsForAllNodesOfAllPops) {
  TestNode a(*log_, clock_, "fra-1"), b(*log_, clock_, "nyc-1", "nyc");
  a.service.start();
  b.service.start();
  ASSERT_TRUE(a.service.wait_joined(kPatience));
  ASSERT_TRUE(b.service.wait_joined(kPatience));
  const Outcome outcome = a.submit(tag_purge("p-1"), Wait::All).get();
  EXPECT_EQ(outcome.is, Is::Done);
  EXPECT_THAT(text_of(outcome), ElementsAre("fra-1 applied", "nyc-1 applied"));
  EXPECT_THAT(b.target.applied(), ElementsAre("p-1"));
  b.service.stop();
  EXPECT_THAT(text_of(a.submit(tag_purge("p-2"), Wait::All).get()), ElementsAre("fra-1 applied"));
  EXPECT_EQ(a.service.nodes().size(), 1U);
}

TEST_F(ServiceTest, ReplaysWithoutReceiptsAndAppliesAnIdOnce) {
  append_and_wait(*log_, tag_purge("p-1"));
  append_and_wait(*log_, tag_purge("p-1"));
  append_and_wait(*log_, version_record("v-1", "shop", "7"));
  TestNode node(*log_, clock_, "fra-1");
  node.service.start();
  ASSERT_TRUE(node.service.wait_joined(kPatience));
  EXPECT_THAT(node.target.applied(), ElementsAre("p-1 replayed", "v-1 replayed"));
  EXPECT_EQ(node.service.version("shop").version, "7");
  EXPECT_THAT(node.service.receipts(1), IsEmpty());
  EXPECT_EQ(node.service.list(std::nullopt, 10).size(), 2U);
}

TEST_F(ServiceTest, TheSameIdIsTheSamePurge) {
  TestNode node(*log_, clock_, "fra-1");
  node.service.start();
  ASSERT_TRUE(node.service.wait_joined(kPatience));
  const Outcome first = node.submit(tag_purge("k-1", "a"), Wait::Node).get();
  const Outcome again = node.submit(tag_purge("k-1", "a"), Wait::All).get();
  EXPECT_EQ(again.is, Is::Done);
  EXPECT_EQ(again.sequence, first.sequence);
  EXPECT_EQ(node.submit(tag_purge("k-1", "b"), Wait::Node).get().is, Is::Conflict);
  EXPECT_THAT(node.target.applied(), ElementsAre("k-1"));
  EXPECT_EQ(node.service.find("k-1")->record.selector.values.front(), "a");
  EXPECT_FALSE(node.service.find("k-3").has_value());
}

TEST_F(ServiceTest, StopRefusesWhatComesLater) {
  TestNode node(*log_, clock_, "fra-1");
  EXPECT_EQ(node.submit(tag_purge("p-1"), Wait::Node).get().error->code, ErrorCode::Cancelled);
  node.service.start();
  ASSERT_TRUE(node.service.wait_joined(kPatience));
  node.service.stop();
  EXPECT_TRUE(node.service.fenced());
  EXPECT_EQ(node.submit(tag_purge("p-1"), Wait::Node).get().is, Is::Refused);
}

// Does what a test says, on the test's thread.
class HandLog final : public Log {
 public:
  std::string id() const override { return "hand"; }
  void attach(LogListener& listener) override { listener_ = &listener; }
  void detach(LogListener&) override { listener_ = nullptr; }
  void append(Record record, Done done) override {
    if (is_lost) {
      done(Error{.code = ErrorCode::ConnectionTimeout, .side = Side::Store});
    } else if (is_mute) {
      held_.push_back({std::move(record), std::move(done)});
    } else {
      done(put(std::move(record)));
    }
  }
  void report(Report report) override { reports.push_back(std::move(report)); }
  bool is_local() const override { return false; }

  std::uint64_t put(Record record) {
    record.sequence = ++last;
    log.push_back(record.id);
    records.push_back(record);
    if (listener_ != nullptr) listener_->on_record(record, false);
    return last;
  }
  void release() {
    for (auto& [record, done] : std::exchange(held_, {}))
      done(put(std::move(record)));
  }
  LogListener& listener() { return *listener_; }

  bool is_lost = false;
  bool is_mute = false;
  std::uint64_t last = 0;
  std::vector<std::string> log;
  std::vector<Record> records;
  std::vector<Report> reports;

 private:
  LogListener* listener_ = nullptr;
  std::vector<std::pair<Record, Done>> held_;
};

class RemoteLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    node_.service.start();
    log_.listener().on_current(clock_.ticks());
    log_.listener().on_current(clock_.ticks());
    ASSERT_TRUE(node_.service.joined());
    instance_ = log_.records.back().instance;
  }
  void pass(Millis time) {
    clock_.advance(time);
    node_.service.tick();
  }
  bool is_ready(std::future<Outcome>& future) {
    return future.wait_for(Millis{0}) == std::future_status::ready;
  }
  void hear(const std::string& node, std::uint64_t applied, std::vector<Receipt> receipts = {}) {
    log_.listener().on_report({node, "nyc", "edge", "i", applied, false, std::move(receipts)});
  }

  VirtualClock clock_{TimePoint{Millis{1'700'000'000'000}}};
  HandLog log_;
  TestNode node_{log_, clock_, "fra-1"};
  std::string instance_;
};

TEST_F(RemoteLogTest, TrustExpiresWithoutProof) {
  EXPECT_FALSE(node_.service.fenced());
  clock_.advance(Millis{10'001});
  EXPECT_TRUE(node_.service.fenced());
  log_.listener().on_current(clock_.ticks() - Millis{10'001});  // proves nothing of now
  EXPECT_TRUE(node_.service.fenced());
  log_.listener().on_current(clock_.ticks());
  EXPECT_FALSE(node_.service.fenced());
  node_.service.update_metrics();
  EXPECT_EQ(node_.metrics.total("brink_purge_lag_seconds"), 0);
  clock_.advance(Millis{4'000});
  node_.service.update_metrics();
  EXPECT_EQ(node_.metrics.total("brink_purge_lag_seconds"), 4);
}

TEST_F(RemoteLogTest, AReportGoesWithEachRecordAndEachSecond) {
  log_.reports.clear();
  clock_.advance(Millis{50});
  log_.put(tag_purge("p-1"));
  ASSERT_EQ(log_.reports.size(), 1U);
  EXPECT_EQ(log_.reports[0].applied, 2U);
  ASSERT_EQ(log_.reports[0].receipts.size(), 1U);
  EXPECT_EQ(log_.reports[0].receipts[0].responses, 3U);
  log_.put(tag_purge("p-2"));
  log_.put(tag_purge("p-3"));
  ASSERT_EQ(log_.reports.size(), 3U);  // others wait for them: also close behind each other
  EXPECT_EQ(log_.reports[2].receipts.size(), 1U);
  pass(Millis{500});
  EXPECT_EQ(log_.reports.size(), 3U);
  pass(Millis{500});
  ASSERT_EQ(log_.reports.size(), 4U);
  EXPECT_THAT(log_.reports[3].receipts, IsEmpty());
}

TEST_F(RemoteLogTest, WhatIsCountedLaterComesWithALaterReceipt) {
  node_.target.counts = false;
  const Outcome outcome = node_.submit(tag_purge("p-1"), Wait::Node).get();
  EXPECT_EQ(outcome.receipts.at(0).responses, std::nullopt);
  EXPECT_EQ(outcome.receipts.at(0).applied_ms.has_value(), true);
  node_.service.on_counted(1, [](std::uint64_t) { return Matched{9, 9}; });
  EXPECT_EQ(node_.service.receipts(2).at(0).responses, std::nullopt);
  clock_.advance(Millis{50});
  node_.service.on_counted(2, [](std::uint64_t sequence) { return Matched{sequence + 5, 70}; });
  EXPECT_EQ(node_.service.receipts(2).at(0).responses, 7U);
  EXPECT_EQ(node_.service.receipts(2).at(0).bytes, 70U);
  ASSERT_FALSE(log_.reports.empty());
  ASSERT_FALSE(log_.reports.back().receipts.empty());
  EXPECT_EQ(log_.reports.back().receipts.back().responses, 7U);
}

TEST_F(RemoteLogTest, ADryRunWaitsForWhatEachNodeHasCounted) {
  log_.put(join_record("nyc-1", "i", "nyc"));
  node_.target.counts = false;
  Record dry_run = tag_purge("p-1");
  dry_run.kind = Record::Kind::Count;
  auto own = node_.submit(dry_run, Wait::Node);
  dry_run.id = "p-2";
  auto all = node_.submit(dry_run, Wait::All);
  hear("nyc-1", 4, {{4, 12, {}, {}}});  // it has applied both, and counted nothing yet
  node_.service.on_counted(4, [](std::uint64_t) { return Matched{7, 70}; });
  ASSERT_TRUE(is_ready(own));
  EXPECT_FALSE(is_ready(all));
  const auto preview = std::make_shared<const Preview>(Preview{.hits = 1, .hits_sampled = 2});
  hear("nyc-1", 4, {{4, 0, 9, 90, preview}});
  ASSERT_TRUE(is_ready(all));
  const Outcome outcome = all.get();
  ASSERT_EQ(outcome.receipts.size(), 2U);
  EXPECT_EQ(outcome.receipts[0].responses, 7U);
  EXPECT_EQ(outcome.receipts[1].responses, 9U);
  EXPECT_TRUE(alike(outcome.receipts[1].preview, preview));
  EXPECT_TRUE(node_.service.list(std::nullopt, 10).empty());
}

TEST_F(RemoteLogTest, AnswersWhenTheLastNodeHasAppliedIt) {
  log_.put(join_record("nyc-1", "i", "nyc"));
  auto all = node_.submit(tag_purge("p-1"), Wait::All);
  auto pop = node_.submit(tag_purge("p-2"), Wait::Pop);
  EXPECT_TRUE(is_ready(pop));
  EXPECT_FALSE(is_ready(all));
  hear("nyc-1", 3, {{3, 12, {}, {}}});
  ASSERT_TRUE(is_ready(all));
  const Outcome outcome = all.get();
  EXPECT_EQ(outcome.is, Is::Done);
  EXPECT_THAT(text_of(outcome), ElementsAre("fra-1 applied", "nyc-1 applied"));
}

TEST_F(RemoteLogTest, ATimeOutSaysWhoIsOutstanding) {
  log_.put(join_record("nyc-1", "i", "nyc"));
  auto all = node_.submit(tag_purge("p-1"), Wait::All, Millis{300});
  pass(Millis{299});
  EXPECT_FALSE(is_ready(all));
  pass(Millis{1});
  ASSERT_TRUE(is_ready(all));
  const Outcome outcome = all.get();
  EXPECT_EQ(outcome.is, Is::Outstanding);
  EXPECT_THAT(text_of(outcome), ElementsAre("fra-1 applied", "nyc-1 outstanding"));
}

TEST_F(RemoteLogTest, ALogThatIsNotToBeHadRefuses) {
  log_.is_lost = true;
  auto lost = node_.submit(tag_purge("p-1"), Wait::Node);
  ASSERT_TRUE(is_ready(lost));
  EXPECT_EQ(lost.get().error->code, ErrorCode::ConnectionTimeout);
  log_.is_lost = false;
  log_.is_mute = true;
  auto mute = node_.submit(tag_purge("p-2"), Wait::None, Millis{100});
  pass(Millis{100});
  ASSERT_TRUE(is_ready(mute));
  EXPECT_EQ(mute.get().is, Is::Refused);
  log_.is_mute = false;
  log_.release();  // nobody waits for it any more
  EXPECT_THAT(node_.target.applied(), ElementsAre("p-2"));
}

TEST_F(RemoteLogTest, TheFirstOfTwoWithOneIdCountsWhoeverWasAsked) {
  log_.is_mute = true;
  auto other = node_.submit(tag_purge("k-1", "b"), Wait::Node);
  auto same = node_.submit(tag_purge("k-1", "a"), Wait::Node);
  log_.put(tag_purge("k-1", "a"));  // through another node, meanwhile
  log_.is_mute = false;
  log_.release();
  EXPECT_EQ(other.get().is, Is::Conflict);
  const Outcome outcome = same.get();
  EXPECT_EQ(outcome.is, Is::Done);
  EXPECT_EQ(outcome.sequence, 2U);
  EXPECT_THAT(node_.target.applied(), ElementsAre("k-1"));
}

TEST_F(RemoteLogTest, WhoWasTakenOutJoinsAnewAndIsFencedUntilThen) {
  log_.is_mute = true;
  log_.put(leave_record("fra-1", instance_));
  EXPECT_TRUE(node_.service.fenced());
  log_.listener().on_current(clock_.ticks());
  EXPECT_TRUE(node_.service.fenced());  // its Join is on its way
  log_.is_mute = false;
  log_.release();
  EXPECT_NE(log_.records.back().instance, instance_);
  EXPECT_TRUE(node_.service.fenced());
  log_.listener().on_current(clock_.ticks());
  EXPECT_FALSE(node_.service.fenced());
  EXPECT_EQ(node_.metrics.total("brink_purge_rejoins_total"), 1);
}

TEST_F(RemoteLogTest, ALeaveOfAnotherRunIsNoConcernOfThisOne) {
  log_.put(leave_record("fra-1", "earlier"));
  EXPECT_FALSE(node_.service.fenced());
}

TEST_F(RemoteLogTest, LostRecordsMakeItJoinAnew) {
  log_.listener().on_lost(7);
  log_.last = 7;
  EXPECT_THAT(node_.target.applied(), ElementsAre("lost 7"));
  EXPECT_EQ(node_.service.applied(), 7U);
  EXPECT_TRUE(node_.service.fenced());
  log_.listener().on_current(clock_.ticks());
  log_.listener().on_current(clock_.ticks());
  EXPECT_FALSE(node_.service.fenced());
}

TEST_F(RemoteLogTest, ANamesakeMakesItDistrustItself) {
  log_.put(join_record("fra-1", "somebody else"));
  EXPECT_TRUE(node_.service.fenced());
  const std::size_t before = log_.log.size();
  log_.listener().on_current(clock_.ticks());
  EXPECT_EQ(log_.log.size(), before);  // not at once: two of them would fill the log
  pass(Millis{1'000});
  EXPECT_EQ(log_.log.size(), before + 1);
}

TEST_F(RemoteLogTest, AJoinThatFailsIsTriedAgain) {
  log_.is_lost = true;
  log_.put(leave_record("fra-1", instance_));
  log_.listener().on_current(clock_.ticks());
  log_.is_lost = false;
  pass(Millis{999});
  EXPECT_FALSE(node_.service.joined());
  pass(Millis{1});
  EXPECT_TRUE(node_.service.joined());
}

TEST_F(RemoteLogTest, SilentMembersAreTakenOutByWhoHearsTheOthers) {
  log_.put(join_record("nyc-1", "i", "nyc"));
  pass(Millis{9'000});
  pass(Millis{60'000});  // cut off itself
  EXPECT_EQ(log_.log.back(), "j-nyc-1-i");
  log_.listener().on_current(clock_.ticks());
  pass(Millis{0});  // back: the others' time begins anew
  EXPECT_EQ(log_.log.back(), "j-nyc-1-i");
  for (int i = 0; i < 7; ++i) {
    clock_.advance(Millis{9'000});
    log_.listener().on_current(clock_.ticks());
    node_.service.tick();
  }
  EXPECT_EQ(log_.log.back(), "l-i");
  EXPECT_EQ(node_.service.nodes().size(), 1U);
}

TEST_F(RemoteLogTest, StateOfAllMembers) {
  log_.put(join_record("nyc-1", "i", "nyc"));
  log_.put(tag_purge("p-1"));
  hear("nyc-1", 2);
  clock_.advance(Millis{700});
  const auto nodes = node_.service.nodes();
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_TRUE(nodes[0].is_self);
  EXPECT_EQ(nodes[0].lag, 0U);
  EXPECT_EQ(nodes[1].node, "nyc-1");
  EXPECT_EQ(nodes[1].applied, 2U);
  EXPECT_EQ(nodes[1].lag, 1U);
  EXPECT_EQ(nodes[1].silent_for, Millis{700});
}

TEST_F(RemoteLogTest, AnswersThatWaitAreBounded) {
  log_.put(join_record("nyc-1", "i", "nyc"));
  std::vector<std::future<Outcome>> waiting;
  for (std::size_t i = 0; i < kWaiters; ++i)
    waiting.push_back(node_.submit(tag_purge("p-" + std::to_string(i)), Wait::All));
  auto refused = node_.submit(tag_purge("one more"), Wait::All);
  ASSERT_TRUE(is_ready(refused));
  EXPECT_EQ(refused.get().error->code, ErrorCode::LimitReached);
  EXPECT_NE(log_.log.back(), "one more");
  node_.service.stop();
  for (auto& each : waiting)
    EXPECT_EQ(each.get().error->code, ErrorCode::Cancelled);
}

}  // namespace
}  // namespace brink::purge
