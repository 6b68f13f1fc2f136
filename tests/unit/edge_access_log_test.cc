// The access log as a whole: queue, writer thread, reload, rotation, loss.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "edge/access_log.h"
#include "edge/access_log_queue.h"
#include "edge/edge_metrics.h"

namespace brink::edge {
namespace {

namespace fs = std::filesystem;

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() {
    std::string pattern = (fs::temp_directory_path() / "brink-access-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~AccessLogTest() override { fs::remove_all(folder_); }

  std::string file(std::string_view name) const { return (folder_ / name).string(); }
  config::AccessLogOptions to_file(std::string_view name) const {
    config::AccessLogOptions options;
    options.to = file(name);
    return options;
  }
  std::unique_ptr<AccessLog> open(const config::AccessLogOptions& options) {
    std::string message;
    auto log = make_access_log(options, "n1", metrics_, message);
    EXPECT_NE(log, nullptr) << message;
    return log;
  }
  static bool put(AccessLog::Producer& producer, std::string_view target, int status = 200) {
    AccessRecord* record = producer.acquire();
    if (record == nullptr) return false;
    record->status = static_cast<std::int16_t>(status);
    record->target.assign(target);
    producer.publish();
    return true;
  }
  // The targets in the file, in order.
  std::vector<std::string> targets(std::string_view name) const {
    std::vector<std::string> out;
    std::ifstream in(file(name));
    for (std::string line; std::getline(in, line);) {
      const std::size_t begin = line.find("\"target\":\"") + 10;
      out.push_back(line.substr(begin, line.find('"', begin) - begin));
    }
    return out;
  }

  MetricsRegistry metrics_;
  fs::path folder_;
};

using Targets = std::vector<std::string>;

TEST_F(AccessLogTest, WritesEveryLineInOrderBeforeItEnds) {
  auto log = open(to_file("a"));
  auto producer = log->make_producer();
  Targets expected;
  for (int i = 0; i < 1000; ++i) {
    expected.push_back("/" + std::to_string(i));
    ASSERT_TRUE(put(*producer, expected.back()));
  }
  log.reset();
  EXPECT_EQ(targets("a"), expected);
  EXPECT_EQ(metrics_.total("brink_edge_access_log_lines_total"), 1000);
  EXPECT_EQ(metrics_.total("brink_edge_access_log_dropped_total"), 0);
  EXPECT_FALSE(put(*producer, "/late"));
}

TEST_F(AccessLogTest, AProducerThatIsGoneHasItsLinesWritten) {
  auto log = open(to_file("a"));
  put(*log->make_producer(), "/1");
  put(*log->make_producer(), "/2");
  log.reset();
  EXPECT_EQ(targets("a"), (Targets{"/1", "/2"}));
}

TEST_F(AccessLogTest, ManyShardsLoseNothingButWhatIsCounted) {
  constexpr int kShards = 4;
  constexpr int kLines = 5'000;
  auto options = to_file("a");
  options.queue = 256;
  auto log = open(options);
  std::vector<std::thread> shards;
  std::atomic<int> accepted = 0;
  for (int s = 0; s < kShards; ++s) {
    shards.emplace_back([&, s, producer = log->make_producer()] {
      for (int i = 0; i < kLines; ++i) {
        accepted += put(*producer, "/" + std::to_string(s) + "/" + std::to_string(i)) ? 1 : 0;
      }
    });
  }
  for (std::thread& shard : shards)
    shard.join();
  log.reset();
  const Targets lines = targets("a");
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(accepted));
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), lines.size());
  EXPECT_EQ(metrics_.total("brink_edge_access_log_dropped_total"), kShards * kLines - accepted);
}

TEST_F(AccessLogTest, NoneHandsOutNoRecords) {
  config::AccessLogOptions options;
  options.to = "none";
  auto log = open(options);
  auto producer = log->make_producer();
  EXPECT_EQ(producer->acquire(), nullptr);
  EXPECT_EQ(metrics_.total("brink_edge_access_log_dropped_total"), 0);
}

TEST_F(AccessLogTest, AReloadTakesEffectAfterTheLinesBeforeIt) {
  auto log = open(to_file("a"));
  auto producer = log->make_producer();
  std::string message;
  put(*producer, "/1?k=v");
  auto next = to_file("b");
  next.redact_query = {"k"};
  next.sample = 0.0;
  ASSERT_TRUE(log->reconfigure(next, message));
  put(*producer, "/2?k=v");
  put(*producer, "/3?k=v", 500);
  next.to = "none";
  ASSERT_TRUE(log->reconfigure(next, message));
  EXPECT_FALSE(put(*producer, "/4"));
  ASSERT_TRUE(log->reconfigure(to_file("a"), message));
  put(*producer, "/5");
  log.reset();
  EXPECT_EQ(targets("a"), (Targets{"/1?k=v", "/5"}));
  EXPECT_EQ(targets("b"), (Targets{"/3?k=…"}));
}

TEST_F(AccessLogTest, ReopensItsFileForRotation) {
  auto log = open(to_file("a"));
  auto producer = log->make_producer();
  std::string message;
  put(*producer, "/1");
  fs::rename(file("a"), file("a.1"));
  ASSERT_TRUE(log->reconfigure(to_file("a"), message));
  put(*producer, "/2");
  log.reset();
  EXPECT_EQ(targets("a.1"), Targets{"/1"});
  EXPECT_EQ(targets("a"), Targets{"/2"});
}

TEST_F(AccessLogTest, AFileThatCannotBeOpenedIsRefusedAndTheOldOneStays) {
  std::string message;
  auto options = to_file("missing/a");
  EXPECT_EQ(make_access_log(options, "n1", metrics_, message), nullptr);
  EXPECT_NE(message.find("missing/a"), std::string::npos) << message;
  auto log = open(to_file("a"));
  auto producer = log->make_producer();
  message.clear();
  EXPECT_FALSE(log->reconfigure(options, message));
  EXPECT_NE(message.find("No such file"), std::string::npos) << message;
  put(*producer, "/1");
  log.reset();
  EXPECT_EQ(targets("a"), Targets{"/1"});
}

TEST_F(AccessLogTest, WriteErrorsAreCounted) {
  config::AccessLogOptions options;
  options.to = "/dev/full";
  auto log = open(options);
  auto producer = log->make_producer();
  put(*producer, "/1");
  log.reset();
  EXPECT_EQ(metrics_.total("brink_edge_access_log_lines_total"), 0);
  EXPECT_EQ(metrics_.total("brink_edge_access_log_dropped_total"), 1);
}

TEST_F(AccessLogTest, APipeThatNobodyReadsHoldsUpNeitherShardsNorTheEnd) {
  ASSERT_EQ(::mkfifo(file("p").c_str(), 0600), 0);
  const int reader = ::open(file("p").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  auto options = to_file("p");
  options.queue = 4'096;
  auto log = open(options);
  auto producer = log->make_producer();
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i)
    accepted += put(*producer, std::string(200, 'x')) ? 1 : 0;
  log.reset();
  ::close(reader);
  EXPECT_GT(metrics_.total("brink_edge_access_log_dropped_total"), 0);
  EXPECT_EQ(metrics_.total("brink_edge_access_log_dropped_total") +
                metrics_.total("brink_edge_access_log_lines_total"),
            20'000);
}

TEST(AccessQueue, AcquireWithoutPublishGivesTheSameResetRecord) {
  AccessQueue queue(1);
  AccessRecord* record = queue.acquire();
  record->status = 200;
  record->target.assign("/x");
  EXPECT_EQ(queue.acquire(), record);
  EXPECT_EQ(record->status, 0);
  EXPECT_EQ(record->target.view(), "");
  EXPECT_EQ(queue.drain(10, [](const AccessRecord&) { FAIL(); }), 0U);
}

TEST(AccessQueue, HoldsWhatItPromisesThenRefusesAndRecovers) {
  constexpr std::size_t kRecords = 3 * AccessQueue::kChunkRecords;
  AccessQueue queue(kRecords);
  std::int64_t written = 0;
  std::int64_t read = 0;
  for (int round = 0; round < 10; ++round) {
    std::size_t accepted = 0;
    while (AccessRecord* record = queue.acquire()) {
      record->current_age_s = written++;
      queue.publish();
      ++accepted;
    }
    EXPECT_GE(accepted, round == 0 ? kRecords : kRecords - AccessQueue::kChunkRecords);
    EXPECT_LE(accepted, kRecords);
    const auto take = [&](const AccessRecord& record) { EXPECT_EQ(record.current_age_s, read++); };
    EXPECT_EQ(queue.drain(10, take), 10U);
    EXPECT_EQ(queue.drain(kRecords, take), accepted - 10);
  }
  EXPECT_EQ(read, written);
}

TEST(EdgeMetrics, CountsUnderTheNamesThatDashboardsKnow) {
  MetricsRegistry registry;
  EdgeMetrics shard1(registry);
  EdgeMetrics shard2(registry);
  shard1.count_request(CacheResult::Hit);
  shard2.count_request(CacheResult::Hit);
  shard2.count_request(CacheResult::VaryMiss);
  shard1.count_limit(Limit::Framing);
  shard1.count_status(204);
  shard1.count_status(0);
  shard1.count_status(999);
  EXPECT_EQ(registry.total("brink_edge_requests_total", {{"result", "hit"}}), 2);
  EXPECT_EQ(registry.total("brink_edge_requests_total"), 3);
  EXPECT_EQ(registry.total("brink_edge_limit_total", {{"limit", "framing"}}), 1);
  EXPECT_EQ(registry.total("brink_edge_responses_total", {{"class", "2xx"}}), 1);
  EXPECT_EQ(registry.total("brink_edge_responses_total", {{"class", "none"}}), 2);
  EXPECT_NE(registry.expose().find("brink_edge_hit_seconds_bucket"), std::string::npos);
  EXPECT_EQ(registry.expose().find("\"unknown\""), std::string::npos);
}

}  // namespace
}  // namespace brink::edge
