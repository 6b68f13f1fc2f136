// The audit log: its lines, their chain, its files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "edge/audit_entry.h"
#include "edge/audit_file.h"
#include "edge/audit_log.h"
#include "tests/unit/purge_log_support.h"

namespace brink::edge {
namespace {

using ::testing::HasSubstr;
using purge::read_file;
using purge::TestFolder;

constexpr std::string_view kBody = R"({"tags":["a"],"reason":"sale"})";

AuditEntry entry(std::string_view request = kBody) {
  return {.at = TimePoint{Millis{1'700'000'000'042}},
          .who = "ops",
          .from = "192.0.2.1",
          .call = "POST /v1/purges",
          .request = std::string(request),
          .status = 200,
          .answer = R"({"id":"p-1","sequence":4,"state":"done","receipts":[]})"};
}

// Adds `count` lines in one go.
bool append(AuditFile& file, int count) {
  AuditLink last = file.last();
  std::string lines;
  for (int i = 0; i < count; ++i) lines += audit_line(entry(), "fra-1", last) + "\n";
  std::string why;
  return file.append(lines, last, why);
}

std::string check_all(std::string_view text) {
  AuditChain chain;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    if (std::string wrong = chain.check(line); !wrong.empty()) return wrong;
  }
  return {};
}

TEST(AuditEntry, ALineSaysWhoDidWhatAndWhatCameOfIt) {
  AuditLink last;
  EXPECT_THAT(audit_line(entry(), "fra-1", last),
              HasSubstr(R"({"n":1,"at":"2023-11-14T22:13:20.042Z","node":"fra-1","who":"ops",)"
                        R"("from":"192.0.2.1","call":"POST /v1/purges",)"
                        R"("request":{"tags":["a"],"reason":"sale"},"reason":"sale","status":200,)"
                        R"("result":{"id":"p-1","sequence":4,"state":"done"},"previous":"000)"));
  EXPECT_EQ(last.number, 1U);
  AuditEntry nobody = entry("\xff not JSON");
  nobody.who.clear();
  nobody.answer = R"({"code":"unauthorized"})";
  const std::string line = audit_line(nobody, "fra-1", last);
  EXPECT_THAT(line, HasSubstr(R"("who":null)"));
  EXPECT_THAT(line, HasSubstr(R"("bytes":10,"sha256":")"));
  EXPECT_THAT(line, HasSubstr(R"("begins":"? not JSON")"));
  EXPECT_THAT(line, HasSubstr(R"("result":{"code":"unauthorized"})"));
  const std::string large(kAuditRequestBytes + 1, ' ');
  EXPECT_LT(audit_line(entry(large), "fra-1", last).size(), 2'000U);
}

TEST(AuditEntry, EveryChangeBreaksTheChain) {
  AuditLink last;
  std::vector<std::string> lines;
  for (int i = 0; i < 4; ++i) lines.push_back(audit_line(entry(), "fra-1", last));
  const auto judge = [](const std::vector<std::string>& all) {
    AuditChain chain;
    std::string out;
    for (const std::string& line : all)
      if (out.empty()) out = chain.check(line);
    return out;
  };
  EXPECT_EQ(judge(lines), "");
  EXPECT_EQ(judge({lines[1], lines[2]}), "");
  EXPECT_THAT(judge({lines[0], lines[2]}), HasSubstr("lines are missing"));
  EXPECT_THAT(judge({lines[1], lines[0]}), HasSubstr("lines are missing"));
  for (std::size_t i = 0; i < lines[2].size(); ++i) {
    auto changed = lines;
    changed[2][i] = static_cast<char>(changed[2][i] ^ 1);
    EXPECT_NE(judge(changed), "") << i;
  }
  AuditLink other;  // another history of the same length
  AuditEntry first = entry();
  first.who = "eve";
  audit_line(first, "fra-1", other);
  EXPECT_THAT(judge({lines[0], audit_line(entry(), "fra-1", other)}), HasSubstr("was replaced"));
}

class AuditFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<AuditFile> open(std::uint64_t bytes = 1'000'000, std::uint32_t files = 3) {
    return AuditFile::open(path_, bytes, files, message_);
  }
  const TestFolder folder_;
  const std::string path_ = folder_.file("audit.log");
  std::string message_;
};

TEST_F(AuditFileTest, GoesOnAfterARestartAndATornLine) {
  ASSERT_TRUE(append(*open(), 2));
  std::ofstream(path_, std::ios::app) << R"({"n":3,"at":"20)";
  auto file = open();
  ASSERT_TRUE(file) << message_;
  EXPECT_EQ(file->last().number, 2U);
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(message_, HasSubstr("another process's"));
  ASSERT_TRUE(append(*file, 1));
  EXPECT_EQ(check_all(read_file(path_)), "");
}

TEST_F(AuditFileTest, ALastLineThatWasChangedIsNotBuiltOn) {
  ASSERT_TRUE(append(*open(), 2));
  std::string text = read_file(path_);
  text[text.rfind("ops")] = 'x';
  std::ofstream(path_) << text;
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(message_, HasSubstr("damaged or was changed"));
}

TEST_F(AuditFileTest, TheChainGoesOnFromFileToFileAndTheOldestGoes) {
  {
    auto file = open(2'000);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(append(*file, 1));
  }
  const auto files = audit_files(path_);
  ASSERT_EQ(files.size(), 3U);
  std::string all;
  for (const std::string& name : files) {
    EXPECT_LE(std::filesystem::file_size(name), 2'000U);
    all += read_file(name);
  }
  EXPECT_EQ(check_all(all), "");
  std::filesystem::remove(path_);  // as between a rotation's steps
  EXPECT_GT(open(2'000)->last().number, 10U);
}

TEST_F(AuditFileTest, PagesBeginWhereTheyAreAskedTo) {
  auto file = open(200'000);
  ASSERT_TRUE(append(*file, 1'000));
  const std::string all = [&] {
    std::string out;
    for (const std::string& name : audit_files(path_)) out += read_file(name);
    return out;
  }();
  const auto numbers = [&](std::optional<std::uint64_t> after, std::size_t limit) {
    std::istringstream page(read_audit_page(path_, after, limit));
    std::vector<std::uint64_t> out;
    for (std::string line; std::getline(page, line);)
      out.push_back(read_audit_link(line).value_or(AuditLink{}).number);
    return out;
  };
  EXPECT_THAT(numbers(std::nullopt, 3), ::testing::ElementsAre(998, 999, 1'000));
  for (std::uint64_t after : {0U, 1U, 2U, 498U, 997U})
    EXPECT_THAT(numbers(after, 2), ::testing::ElementsAre(after + 1, after + 2));
  EXPECT_THAT(numbers(999, 5), ::testing::ElementsAre(1'000));
  EXPECT_TRUE(numbers(1'000, 5).empty());
  EXPECT_EQ(read_audit_page(path_, 0, 10'000), all);
  EXPECT_EQ(read_audit_page(folder_.file("none"), 0, 10), "");
}

TEST(AuditLog, StrangersCannotPushTheOthersOut) {
  const TestFolder folder;
  std::string message;
  VirtualClock clock{TimePoint{Millis{1'700'000'000'000}}};
  MetricsRegistry metrics;
  {
    AuditLog log(AuditFile::open(folder.file("a"), 1'000'000, 2, message), folder.file("a"), "n",
                 clock, metrics);
    AuditEntry stranger = entry();
    stranger.who.clear();
    for (int i = 0; i < 5; ++i) log.add(stranger);
    clock.advance(Seconds{1});
    log.add(stranger);
    log.add(entry());
  }
  AuditChain chain;
  std::istringstream text(read_file(folder.file("a")));
  for (std::string line; std::getline(text, line);) EXPECT_EQ(chain.check(line), "");
  EXPECT_EQ(chain.last().value_or(AuditLink{}).number, 3U);
  EXPECT_THAT(metrics.expose(), HasSubstr("brink_audit_skipped_total 4"));
}

TEST(TokenRate, LetsARateThroughAndAsManyAtOnce) {
  TokenRate rate(10);
  Ticks now{Seconds{5}};
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(rate.take(now)) << i;
  EXPECT_EQ(rate.take(now), Millis{100});
  now += Millis{250};
  EXPECT_FALSE(rate.take(now));
  EXPECT_FALSE(rate.take(now));
  EXPECT_EQ(rate.take(now), Millis{50});
}

}  // namespace
}  // namespace brink::edge
