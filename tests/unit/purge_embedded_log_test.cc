// The embedded log: order, durability, what a crash, a disk and another process do to its file.

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include <thread>

#include "purge/embedded_log.h"
#include "tests/unit/purge_log_support.h"

namespace brink::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Notes = std::vector<std::string>;

const SystemClock kClock;

std::unique_ptr<EmbeddedLog> open(const std::string& path, std::uint32_t retain = 1000) {
  std::string message;
  auto log = EmbeddedLog::open({.path = path, .retain = retain}, kClock, message);
  EXPECT_NE(log, nullptr) << message;
  return log;
}

std::string refusal(const std::string& path) {
  std::string message;
  EXPECT_EQ(EmbeddedLog::open({.path = path}, kClock, message), nullptr);
  return message;
}

// What a listener that attaches now is told.
Notes replayed(Log& log) {
  NoteTaker listener;
  log.attach(listener);
  Notes out = listener.notes();
  log.detach(listener);
  return out;
}

Notes replayed(const std::string& path) {
  return replayed(*open(path));
}

void append_all(Log& log, std::initializer_list<Record> records) {
  for (const Record& record : records)
    ASSERT_TRUE(append_and_wait(log, record).has_value());
}

TEST(EmbeddedLog, NumbersDeliversAndRemembers) {
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  std::string id;
  {
    const auto log = open(path);
    id = log->id();
    NoteTaker listener;
    log->attach(listener);
    EXPECT_EQ(append_and_wait(*log, tag_purge("a")).value(), 1U);
    EXPECT_EQ(append_and_wait(*log, version_record("v", "shop", "1")).value(), 2U);
    log->detach(listener);
    EXPECT_THAT(listener.notes(), ElementsAre("1 a", "2 v"));
  }
  const auto log = open(path);
  EXPECT_EQ(log->id(), id);
  EXPECT_THAT(replayed(*log), ElementsAre("1 a replayed", "2 v replayed"));
  EXPECT_EQ(append_and_wait(*log, tag_purge("b")).value(), 3U);
}

TEST(EmbeddedLog, MembersAreOfThisRunAndTheirNumbersAreNotGivenAgain) {
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  {
    const auto log = open(path);
    append_all(*log, {tag_purge("a"), join_record("fra-1", "i")});
    EXPECT_THAT(replayed(*log), ElementsAre("1 a replayed", "2 j-fra-1-i replayed"));
  }
  const auto log = open(path);
  EXPECT_THAT(replayed(*log), ElementsAre("1 a replayed"));
  EXPECT_EQ(append_and_wait(*log, tag_purge("b")).value(), 3U);
}

TEST(EmbeddedLog, ReceiptsSurviveAndOtherReportsPass) {
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  {
    const auto log = open(path);
    NoteTaker listener;
    log->attach(listener);
    append_all(*log, {tag_purge("a")});
    log->report({"fra-1", "fra", "edge", "i", 1, false, {{1, 0, 2, 300}}});
    log->report({"fra-1", "fra", "edge", "i", 9, false, {}});
    log->detach(listener);
    EXPECT_THAT(listener.notes(), ElementsAre("1 a", "report fra-1 1", "report fra-1 9"));
  }
  EXPECT_THAT(replayed(path), ElementsAre("1 a replayed", "report fra-1 1"));
}

TEST(EmbeddedLog, TenThousandAppendsAtOnceGetOneOrderThatAllListenersSee) {
  constexpr int kThreads = 4;
  constexpr int kEach = 2'500;
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  Notes first, second;
  {
    const auto log = open(path, 100'000);
    NoteTaker one, two;
    log->attach(one);
    log->attach(two);
    std::atomic<int> done{0};
    std::promise<void> all_done;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          log->append(tag_purge(std::to_string(t) + "-" + std::to_string(i)), [&](auto result) {
            EXPECT_TRUE(result.has_value());
            if (++done == kThreads * kEach) all_done.set_value();
          });
        }
      });
    }
    for (auto& thread : threads)
      thread.join();
    all_done.get_future().wait();
    log->detach(one);
    log->detach(two);
    first = one.notes();
    second = two.notes();
  }
  ASSERT_EQ(first.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(first, second);
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_TRUE(first[i].starts_with(std::to_string(i + 1) + " ")) << first[i];
    first[i] += " replayed";
  }
  EXPECT_EQ(replayed(path), first);
}

TEST(EmbeddedLog, ATornLastLineIsCut) {
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  append_all(*open(path), {tag_purge("a"), tag_purge("b")});
  const std::string whole = read_file(path);
  const std::size_t last_line = whole.rfind('\n', whole.size() - 2) + 1;
  // Wherever the crash came.
  for (std::size_t size = last_line + 1; size < whole.size(); size += 7) {
    write_file(path, whole.substr(0, size));
    const auto log = open(path);
    EXPECT_THAT(replayed(*log), ElementsAre("1 a replayed")) << size;
    EXPECT_EQ(log->health().damaged_lines, 0U);
    EXPECT_EQ(append_and_wait(*log, tag_purge("c")).value(), 2U);
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".damaged"));
}

TEST(EmbeddedLog, ADamagedLineIsReportedAndTheRestIsUsed) {
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  append_all(*open(path), {tag_purge("a"), tag_purge("b"), tag_purge("c")});
  std::string text = read_file(path);
  text[text.find("\"b\"") + 1] = 'x';
  write_file(path, text);
  {
    const auto log = open(path);
    EXPECT_EQ(log->health().damaged_lines, 1U);
    EXPECT_THAT(replayed(*log), ElementsAre("1 a replayed", "lost 2", "3 c replayed"));
  }
  EXPECT_EQ(read_file(path + ".damaged"), text);
  const auto again = open(path);
  EXPECT_EQ(again->health().damaged_lines, 0U);
  EXPECT_THAT(replayed(*again), ElementsAre("1 a replayed", "lost 2", "3 c replayed"));
}

TEST(EmbeddedLog, AFlippedByteIsNoticedWhereverItIs) {
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  append_all(*open(path), {tag_purge("a"), tag_purge("b"), tag_purge("c")});
  const std::string whole = read_file(path);
  for (std::size_t i = 0; i + 1 < whole.size(); i += 5) {
    std::string text = whole;
    text[i] = static_cast<char>(text[i] ^ 1);
    write_file(path, text);
    const auto log = open(path);
    ASSERT_NE(log, nullptr) << i;
    EXPECT_GT(log->health().damaged_lines, 0U) << i;
    const auto next = append_and_wait(*log, tag_purge("d"));
    ASSERT_TRUE(next.has_value());
    EXPECT_GT(*next, 3U) << i;  // no number twice
  }
}

TEST(EmbeddedLog, AForeignFileIsLeftAlone) {
  const TestFolder folder;
  const std::string path = folder.file("notes.txt");
  write_file(path, "dear diary\nnothing\n");
  EXPECT_THAT(refusal(path), HasSubstr("is not a purge log, and is left as it is"));
  EXPECT_EQ(read_file(path), "dear diary\nnothing\n");
}

TEST(EmbeddedLog, TwoNeverShareAFile) {
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  auto log = open(path, 1);
  EXPECT_THAT(refusal(path), HasSubstr("purge.log: nats"));
  append_all(*log, {tag_purge("a"), tag_purge("b"), tag_purge("c"), tag_purge("d")});
  EXPECT_THAT(refusal(path), HasSubstr("another process uses"));  // also once it was rewritten
  log.reset();
  EXPECT_NE(open(path), nullptr);
}

TEST(EmbeddedLog, APathThatCannotBeUsedSaysWhy) {
  const TestFolder folder;
  EXPECT_THAT(refusal(folder.file("none/purge.log")), HasSubstr("No such file or directory"));
  EXPECT_THAT(refusal(folder.file("")), HasSubstr("Is a directory"));
}

TEST(EmbeddedLog, WithoutAPathTheDefaultOrMemory) {
  const TestFolder folder;
  EmbeddedLogOptions options{.path = "", .default_path = folder.file("purge.log")};
  std::string message;
  {
    const auto on_disk = EmbeddedLog::open(options, kClock, message);
    EXPECT_FALSE(on_disk->is_in_memory());
    const auto beside = EmbeddedLog::open(options, kClock, message);  // that file is taken
    EXPECT_TRUE(beside->is_in_memory());
  }
  options.default_path = folder.file("none/purge.log");
  const auto log = EmbeddedLog::open(options, kClock, message);
  ASSERT_NE(log, nullptr);
  EXPECT_TRUE(log->is_in_memory());
  append_all(*log, {tag_purge("a"), tag_purge("b")});
  EXPECT_THAT(replayed(*log), ElementsAre("1 a replayed", "2 b replayed"));
}

class Compaction : public ::testing::TestWithParam<bool> {};

TEST_P(Compaction, KeepsTheLastPurgesVersionsAndTheirReceipts) {
  const TestFolder folder;
  const std::string path = GetParam() ? folder.file("purge.log") : "";
  std::string message;
  EmbeddedLogOptions options{.path = path, .default_path = folder.file("none/x"), .retain = 2};
  const auto log = EmbeddedLog::open(options, kClock, message);
  append_all(*log, {join_record("n", "i"), version_record("v1", "shop", "1"),
                    version_record("v2", "shop", "2"), version_record("v3", "shop", "3"),
                    version_record("v4", "shop", "4", 5), version_record("v5", "shop", "4", 50),
                    tag_purge("a"), tag_purge("b"), tag_purge("c"), tag_purge("d")});
  log->report({"n", "fra", "edge", "i", 10, false, {{3, 1, {}, {}}, {7, 1, {}, {}}, {9, 1, 1, 1}}});
  append_all(*log, {tag_purge("e")});
  const Notes kept{"1 j-n-i replayed", "3 v2 replayed", "4 v3 replayed", "6 v5 replayed",
                   "lost 9",           "10 d replayed", "report n 10",   "11 e replayed"};
  EXPECT_EQ(replayed(*log), kept);
  EXPECT_EQ(append_and_wait(*log, tag_purge("f")).value(), 12U);
}
INSTANTIATE_TEST_SUITE_P(FileAndMemory, Compaction, ::testing::Bool());

TEST(EmbeddedLog, NumbersGoOnWhenACompactionDropsTheLastOnes) {
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  {
    const auto log = open(path, 1);
    append_all(*log, {tag_purge("a"), tag_purge("b"), join_record("n", "i")});
  }
  {
    const auto log = open(path, 1);
    append_all(*log, {tag_purge("c"), join_record("n", "k")});  // compacts
  }
  const auto log = open(path, 1);
  EXPECT_THAT(replayed(*log), ElementsAre("lost 2", "4 c replayed"));
  EXPECT_EQ(append_and_wait(*log, tag_purge("d")).value(), 6U);
}

// The disk is full from some byte on: the most that a file of this process may have.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

TEST(EmbeddedLog, AFullDiskAcknowledgesNothingAndLosesNothing) {
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  {
    const auto log = open(path);
    NoteTaker listener;
    log->attach(listener);
    append_all(*log, {tag_purge("a")});
    const std::string before = read_file(path);
    {
      const FullDisk full(before.size() + 20);
      const auto refused = append_and_wait(*log, tag_purge("b"));
      ASSERT_FALSE(refused.has_value());
      EXPECT_EQ(refused.error().code, ErrorCode::StoreFull);
      EXPECT_EQ(log->health().failed_appends, 1U);
    }
    EXPECT_EQ(read_file(path), before);
    EXPECT_EQ(append_and_wait(*log, tag_purge("c")).value(), 2U);
    log->detach(listener);
    EXPECT_THAT(listener.notes(), ElementsAre("1 a", "2 c"));
  }
  EXPECT_THAT(replayed(path), ElementsAre("1 a replayed", "2 c replayed"));
}

TEST(EmbeddedLog, ACompactionThatFindsNoRoomLeavesTheLogAsItWas) {
  const TestFolder folder;
  const std::string path = folder.file("purge.log");
  const auto log = open(path, 1);
  append_all(*log, {tag_purge("a"), tag_purge("b")});
  std::filesystem::create_directory(path + ".new");  // in the way
  append_all(*log, {tag_purge("c")});
  EXPECT_THAT(replayed(*log), ElementsAre("1 a replayed", "2 b replayed", "3 c replayed"));
}

// Holds the writer up inside a listener, so that the queue fills.
class Gate final : public LogListener {
 public:
  void on_record(const Record&, bool) override {
    if (std::exchange(is_shut_, false)) {
      entered_.set_value();
      opened_.get_future().wait();
    }
  }
  void on_lost(std::uint64_t) override {}
  void on_current(Ticks) override {}
  void on_report(const Report&) override {}
  void wait_until_entered() { entered_.get_future().wait(); }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> entered_, opened_;
  bool is_shut_ = true;  // for the first record only
};

TEST(EmbeddedLog, TheQueueIsBounded) {
  const TestFolder folder;
  std::string message;
  const auto log = EmbeddedLog::open(
      {.path = folder.file("purge.log"), .queued_records = 2, .queued_reports = 1}, kClock,
      message);
  Gate gate;
  log->attach(gate);
  std::vector<std::string> results;
  std::mutex mutex;
  const auto note = [&](const Result<std::uint64_t>& result) {
    const std::lock_guard lock(mutex);
    results.push_back(result ? std::to_string(*result)
                             : std::string(to_string(result.error().code)));
  };
  log->append(tag_purge("a"), note);
  gate.wait_until_entered();
  log->append(tag_purge("b"), [](auto) {});
  log->append(tag_purge("c"), [](auto) {});
  log->append(tag_purge("d"), note);
  log->report({"x", "fra", "edge", "i", 0, false, {}});
  log->report({"y", "fra", "edge", "i", 0, false, {}});
  EXPECT_THAT(results, ElementsAre(std::string(to_string(ErrorCode::LimitReached))));
  EXPECT_EQ(log->health().failed_appends, 1U);
  EXPECT_EQ(log->health().dropped_reports, 1U);
  gate.open();
  log->detach(gate);
  EXPECT_EQ(append_and_wait(*log, tag_purge("e")).value(), 4U);
}

}  // namespace
}  // namespace brink::purge
