// Who a record waits for, and what is known of who has applied it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "purge/book.h"
#include "tests/unit/purge_log_support.h"

namespace brink::purge {
namespace {

using ::testing::ElementsAre;

constexpr Ticks at(int seconds) {
  return Ticks{Seconds{seconds}};
}

Record numbered(Record record, std::uint64_t sequence) {
  record.sequence = sequence;
  return record;
}

Report report(const std::string& node, std::uint64_t applied, std::vector<Receipt> receipts = {},
              const std::string& instance = "i") {
  return {node, node.substr(0, 3), "edge", instance, applied, false, std::move(receipts)};
}

// "fra-1 applied 3ms 2/100", "nyc-1 outstanding".
std::vector<std::string> text_of(const std::vector<NodeReceipt>& receipts) {
  std::vector<std::string> out;
  for (const NodeReceipt& each : receipts) {
    std::string line = each.node + (each.is_applied ? " applied" : " outstanding");
    if (each.applied_ms) line += " " + std::to_string(*each.applied_ms) + "ms";
    if (each.responses)
      line += " " + std::to_string(*each.responses) + "/" + std::to_string(each.bytes.value());
    out.push_back(line);
  }
  return out;
}

class BookTest : public ::testing::Test {
 protected:
  void join(const std::string& node, std::uint64_t sequence, const std::string& instance = "i") {
    book_.add(numbered(join_record(node, instance, node.substr(0, 3)), sequence), at(0));
  }
  void leave(const std::string& node, std::uint64_t sequence, const std::string& instance = "i") {
    book_.add(numbered(leave_record(node, instance), sequence), at(0));
  }
  bool purge(std::uint64_t sequence, const std::string& id = "") {
    const std::string own = id.empty() ? "p-" + std::to_string(sequence) : id;
    return book_.add(numbered(tag_purge(own), sequence), at(0));
  }
  Book book_{100, "fra-1", "fra"};
};

TEST_F(BookTest, WaitsForWhoJoinedBefore) {
  join("fra-1", 1);
  join("fra-2", 2);
  join("nyc-1", 3);
  purge(4);
  join("nyc-2", 5);
  EXPECT_THAT(text_of(book_.receipts(4)),
              ElementsAre("fra-1 outstanding", "fra-2 outstanding", "nyc-1 outstanding"));
  EXPECT_FALSE(book_.is_done(4, Wait::Node));
  book_.note_self(4);
  EXPECT_TRUE(book_.is_done(4, Wait::Node));
  EXPECT_FALSE(book_.is_done(4, Wait::Pop));
  book_.note(report("fra-2", 4, {{4, 7, {}, {}}}), at(1));
  EXPECT_TRUE(book_.is_done(4, Wait::Pop));
  EXPECT_FALSE(book_.is_done(4, Wait::All));
  EXPECT_FALSE(book_.is_done(4, Wait::None));
  book_.note(report("nyc-1", 9), at(1));  // its receipt was lost; its position says enough
  EXPECT_TRUE(book_.is_done(4, Wait::All));
  EXPECT_THAT(text_of(book_.receipts(4)),
              ElementsAre("fra-1 applied", "fra-2 applied 7ms", "nyc-1 applied"));
}

TEST_F(BookTest, ThisNodeIsWaitedForAlsoBeforeItsJoin) {
  purge(1);
  EXPECT_FALSE(book_.is_done(1, Wait::All));
  book_.note_self(1);
  EXPECT_TRUE(book_.is_done(1, Wait::All));
}

TEST_F(BookTest, WhoLeftIsNotWaitedForAndItsReceiptStays) {
  join("fra-1", 1);
  join("nyc-1", 2);
  purge(3);
  purge(4);
  book_.note_self(4);
  book_.note(report("nyc-1", 3, {{3, 1, {}, {}}}), at(1));
  leave("nyc-1", 5, "another run");
  EXPECT_FALSE(book_.is_done(4, Wait::All));
  leave("nyc-1", 6);
  EXPECT_TRUE(book_.is_done(4, Wait::All));
  EXPECT_THAT(text_of(book_.receipts(3)), ElementsAre("fra-1 applied", "nyc-1 applied 1ms"));
}

TEST_F(BookTest, ANewRunIsNotWaitedForByWhatCameBeforeAndOldReportsDoNotCount) {
  join("fra-1", 1);
  join("nyc-1", 2);
  purge(3);
  book_.note_self(9);
  join("nyc-1", 4, "second");
  EXPECT_TRUE(book_.is_done(3, Wait::All));
  purge(5);
  book_.note(report("nyc-1", 99, {}, "i"), at(1));  // late, of the first run
  EXPECT_FALSE(book_.is_done(5, Wait::All));
  book_.note(report("nyc-1", 5, {}, "second"), at(1));
  EXPECT_TRUE(book_.is_done(5, Wait::All));
}

TEST_F(BookTest, AReceiptMayComeBeforeItsRecordAndTheCountsAfter) {
  join("nyc-1", 1);
  book_.note(report("nyc-1", 2, {{2, 5, {}, {}}}), at(1));
  purge(2);
  EXPECT_THAT(text_of(book_.receipts(2)), ElementsAre("nyc-1 applied 5ms"));
  book_.note(report("nyc-1", 2, {{2, 0, 3, 700}}), at(1));
  EXPECT_THAT(text_of(book_.receipts(2)), ElementsAre("nyc-1 applied 5ms 3/700"));
}

TEST_F(BookTest, AnIdCountsOnce) {
  EXPECT_TRUE(purge(1, "k-1"));
  EXPECT_FALSE(purge(2, "k-1"));
  EXPECT_EQ(book_.find("k-1"), 1U);
  EXPECT_EQ(book_.record(2), std::nullopt);
  EXPECT_EQ(book_.head(), 2U);
}

TEST_F(BookTest, KeepsWhatIsRetained) {
  Book book(3, "fra-1", "fra");
  for (std::uint64_t i = 1; i <= 5; ++i)
    book.add(numbered(tag_purge("p" + std::to_string(i)), i), at(0));
  EXPECT_EQ(book.find("p2"), std::nullopt);
  EXPECT_EQ(book.find("p3"), 3U);
  const auto ids = [](const std::vector<Record>& records) {
    std::vector<std::string> out;
    for (const Record& each : records)
      out.push_back(each.id);
    return out;
  };
  EXPECT_THAT(ids(book.records_after(0, 10)), ElementsAre("p3", "p4", "p5"));
  EXPECT_THAT(ids(book.records_after(3, 1)), ElementsAre("p4"));
  EXPECT_THAT(ids(book.records_after(5, 10)), ElementsAre());
  EXPECT_THAT(ids(book.last_records(2)), ElementsAre("p4", "p5"));
  EXPECT_THAT(ids(book.last_records(9)), ElementsAre("p3", "p4", "p5"));
  EXPECT_TRUE(book.add(numbered(tag_purge("p1"), 6), at(0)));  // forgotten, so new
}

TEST_F(BookTest, IsBoundedInBytes) {
  Book book(1'000'000, "fra-1", "fra");
  const std::string tag(1024 * 1024, 't');
  for (std::uint64_t i = 1; i <= 100; ++i) {
    Record record = tag_purge("p" + std::to_string(i), tag);
    book.add(numbered(std::move(record), i), at(0));
  }
  EXPECT_EQ(book.find("p36"), std::nullopt);
  EXPECT_TRUE(book.find("p40").has_value());
}

TEST_F(BookTest, SilenceIsMeasuredSinceTheLastReport) {
  join("fra-1", 1);
  join("nyc-1", 2);
  join("nyc-2", 3);
  book_.note(report("nyc-2", 3), at(50));
  const auto names = [&](int now) {
    std::vector<std::string> out;
    for (const Member& each : book_.silent(at(now), Seconds{60}))
      out.push_back(each.node);
    return out;
  };
  EXPECT_THAT(names(60), ElementsAre());
  EXPECT_THAT(names(61), ElementsAre("nyc-1"));
  EXPECT_THAT(names(111), ElementsAre("nyc-1", "nyc-2"));
  book_.hear_all(at(100));
  EXPECT_THAT(names(111), ElementsAre());
}

TEST_F(BookTest, VersionsWithTheOneBefore) {
  const auto set = [&](std::uint64_t sequence, const std::string& version, std::uint32_t percent) {
    book_.add(numbered(version_record("v" + std::to_string(sequence), "shop", version, percent),
                       sequence),
              at(0));
    const SiteVersion now = book_.version("shop");
    return now.version + " " + std::to_string(now.percent) + " " + now.previous + " " +
           std::to_string(now.sequence);
  };
  EXPECT_EQ(book_.version("shop").sequence, 0U);
  EXPECT_EQ(set(1, "a", 100), "a 100  1");
  EXPECT_EQ(set(2, "b", 5), "b 5 a 2");
  EXPECT_EQ(set(3, "b", 50), "b 50 a 3");
  EXPECT_EQ(set(4, "b", 100), "b 100 a 4");
  EXPECT_EQ(set(5, "a", 100), "a 100 b 5");  // rolled back
  EXPECT_EQ(set(6, "a", 100), "a 100 b 6");
  EXPECT_EQ(set(7, "c", 10), "c 10 a 7");
  EXPECT_EQ(set(8, "a", 100), "a 100 b 8");  // the trial ends
}

}  // namespace
}  // namespace brink::purge
