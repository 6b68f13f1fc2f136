#include "purge/marks.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

namespace brink::purge {
namespace {

using Is = Verdict::Is;
constexpr TimePoint kNow{Millis{1'000'000}};

// A response of one URI, with tags.
struct Response {
  explicit Response(std::string u, std::vector<std::string> tag_names = {},
                    std::vector<std::string> groups = {}, std::string s = "shop")
      : uri(std::move(u)), site(std::move(s)) {
    for (const std::string& tag : tag_names) add(hash_tag(tag));
    for (const std::string& group : groups) add(hash_group(group));
  }
  void add(std::uint64_t hash) {
    const auto at = packed.size();
    packed.resize(at + sizeof(hash));
    std::memcpy(packed.data() + at, &hash, sizeof(hash));
  }
  Subject subject() const { return {.uri = uri, .site = site, .tags = packed}; }
  std::string uri, site, packed;
};

Record purge_of(std::uint64_t sequence, Selector::Kind kind, std::vector<std::string> values = {}) {
  Record record;
  record.sequence = sequence;
  record.selector.kind = kind;
  record.selector.values = std::move(values);
  return record;
}

Is verdict_of(const Record& record, const Response& response, std::uint64_t as_of = 0) {
  Marks marks;
  EXPECT_TRUE(marks.apply(record, kNow));
  return marks.check(response.subject(), as_of).is;
}

using Kind = Selector::Kind;

TEST(Marks, EachSelectorFindsWhatItNames) {
  struct Row {
    const char* what;
    Record record;
    Response response;
    Is expected;
  };
  const Response page("http://shop.test/a/b?x=1", {"one", "two"}, {"grp"});
  Record ignoring = purge_of(1, Kind::Urls, {"http://shop.test/a/b?other"});
  ignoring.selector.ignore_query = true;
  Record all_tags = purge_of(1, Kind::Tags, {"one", "two"});
  all_tags.selector.match_all = true;
  Record missing_tag = purge_of(1, Kind::Tags, {"one", "three"});
  missing_tag.selector.match_all = true;
  const Row rows[] = {
      {"url", purge_of(1, Kind::Urls, {"http://shop.test/a/b?x=1"}), page, Is::Gone},
      {"other scheme", purge_of(1, Kind::Urls, {"https://SHOP.test:443/a/b?x=1#f"}), page, Is::Gone},
      {"other query", purge_of(1, Kind::Urls, {"http://shop.test/a/b"}), page, Is::Untouched},
      {"query ignored", ignoring, page, Is::Gone},
      {"one of several urls", purge_of(1, Kind::Urls, {"http://x.test/", "http://shop.test/a/b?x=1"}),
       page, Is::Gone},
      {"tag", purge_of(1, Kind::Tags, {"two"}), page, Is::Gone},
      {"any tag", purge_of(1, Kind::Tags, {"three", "two"}), page, Is::Gone},
      {"no tag of it", purge_of(1, Kind::Tags, {"three", "tw"}), page, Is::Untouched},
      {"group", purge_of(1, Kind::Tags, {"grp"}), page, Is::Gone},
      {"all tags", all_tags, page, Is::Gone},
      {"not all tags", missing_tag, page, Is::Untouched},
      {"host", purge_of(1, Kind::Host, {"shop.test"}), page, Is::Gone},
      {"other host", purge_of(1, Kind::Host, {"test"}), page, Is::Untouched},
      {"prefix with host", purge_of(1, Kind::Prefix, {"https://SHOP.test/a/"}), page, Is::Gone},
      {"prefix of a path", purge_of(1, Kind::Prefix, {"/a/"}), page, Is::Gone},
      {"prefix elsewhere", purge_of(1, Kind::Prefix, {"shop.test/A/"}), page, Is::Untouched},
      {"pattern", purge_of(1, Kind::Pattern, {"*.test/a/?*x=1"}), page, Is::Gone},
      {"pattern of a path", purge_of(1, Kind::Pattern, {"/a/*"}), page, Is::Gone},
      {"pattern that ends early", purge_of(1, Kind::Pattern, {"/a"}), page, Is::Untouched},
      {"regex", purge_of(1, Kind::Regex, {"^http://shop[.]test/a/.*x=[0-9]$"}), page, Is::Gone},
      {"regex elsewhere", purge_of(1, Kind::Regex, {"^/a"}), page, Is::Untouched},
      {"all", purge_of(1, Kind::All), page, Is::Gone},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(verdict_of(row.record, row.response), row.expected) << row.what;
    Record elsewhere = row.record;
    elsewhere.selector.site = "other";
    EXPECT_EQ(verdict_of(elsewhere, row.response), Is::Untouched) << row.what << " of another site";
    elsewhere.selector.site = "shop";
    EXPECT_EQ(verdict_of(elsewhere, row.response), row.expected) << row.what << " of its site";
    EXPECT_EQ(verdict_of(row.record, row.response, 1), Is::Untouched) << row.what << " before it";
  }
}

TEST(Marks, WhatComesAfterAPurgeIsNotTouchedByIt) {
  Marks marks;
  const Response page("http://a.test/", {"t"});
  marks.apply(purge_of(5, Kind::Tags, {"t"}), kNow);
  EXPECT_EQ(marks.check(page.subject(), 4).is, Is::Gone);
  EXPECT_EQ(marks.check(page.subject(), 4).sequence, 5U);
  EXPECT_EQ(marks.check(page.subject(), 5).is, Is::Untouched);
  marks.apply(purge_of(9, Kind::Pattern, {"a.test/*"}), kNow);
  EXPECT_EQ(marks.check(page.subject(), 5).is, Is::Gone);
  EXPECT_EQ(marks.check(page.subject(), 9).is, Is::Untouched);
}

TEST(Marks, SoftMakesStaleSinceItWasAppliedAndHardWins) {
  Marks marks;
  const Response page("http://a.test/", {"t"});
  Record soft = purge_of(2, Kind::Tags, {"t"});
  soft.soft = true;
  marks.apply(soft, kNow);
  EXPECT_EQ(marks.check(page.subject(), 1).is, Is::Stale);
  EXPECT_EQ(marks.check(page.subject(), 1).stale_since, kNow);
  soft.sequence = 3;
  soft.selector = {.kind = Kind::Host, .values = {"a.test"}};
  marks.apply(soft, kNow + Millis{5000});
  EXPECT_EQ(marks.check(page.subject(), 1).stale_since, kNow);  // the earlier one
  EXPECT_EQ(marks.check(page.subject(), 2).stale_since, kNow + Millis{5000});
  marks.apply(purge_of(4, Kind::All), kNow);
  EXPECT_EQ(marks.check(page.subject(), 1).is, Is::Gone);
}

TEST(Marks, ForgettingIsSafeAndFreesEverything) {
  Marks marks;
  for (std::uint64_t i = 1; i <= 100; ++i)
    marks.apply(purge_of(i, Kind::Tags, {"t" + std::to_string(i)}), kNow);
  marks.apply(purge_of(101, Kind::Prefix, {"/x"}), kNow);
  EXPECT_EQ(marks.size(), 200U);  // as a tag and as a group
  EXPECT_EQ(marks.matchers(), 1U);
  marks.forget(60);
  EXPECT_EQ(marks.size(), 80U);
  const Response page("http://a.test/x", {"t70"});
  EXPECT_EQ(marks.check(page.subject(), 59).is, Is::Gone);  // nobody knows any more
  EXPECT_EQ(marks.check(page.subject(), 69).is, Is::Gone);
  EXPECT_EQ(marks.check(Response("http://a.test/y", {"t60"}).subject(), 60).is, Is::Untouched);
  marks.forget(101);
  EXPECT_EQ(marks.size() + marks.matchers(), 0U);
  EXPECT_EQ(marks.check(page.subject(), 101).is, Is::Untouched);
  marks.forget(7);
  EXPECT_EQ(marks.forgotten(), 101U);
}

TEST(Marks, OneMatcherTooManyPurgesEverythingBeforeIt) {
  Marks marks(2);
  EXPECT_TRUE(marks.apply(purge_of(1, Kind::Prefix, {"/a"}), kNow));
  EXPECT_TRUE(marks.apply(purge_of(2, Kind::Prefix, {"/b"}), kNow));
  EXPECT_FALSE(marks.has_room_for(purge_of(3, Kind::Regex, {"c"})));
  EXPECT_TRUE(marks.has_room_for(purge_of(3, Kind::Tags, {"c"})));
  EXPECT_FALSE(marks.apply(purge_of(3, Kind::Prefix, {"/c"}), kNow));
  EXPECT_EQ(marks.check(Response("http://a.test/z").subject(), 2).is, Is::Gone);
  EXPECT_EQ(marks.check(Response("http://a.test/z").subject(), 3).is, Is::Untouched);
}

// A reader must never find a mark gone without being told so, whatever the timing.
TEST(Marks, ForgettingDoesNotOpenAGapForReaders) {
  Marks marks;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> applied{0};
  std::atomic<int> wrong{0};
  const Response page("http://a.test/", {"t"});
  std::thread reader([&] {
    while (!done) {
      const std::uint64_t now = applied.load();
      if (now > 0 && marks.check(page.subject(), now - 1).is != Is::Gone) ++wrong;
    }
  });
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    marks.apply(purge_of(i, Kind::Tags, {"t"}), kNow);
    applied = i;
    if (i % 3 == 0) marks.forget(i);
  }
  done = true;
  reader.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Marks, UriOfAKey) {
  EXPECT_EQ(uri_of_key("http://a.test/x y://z"), "http://a.test/x y://z");
  EXPECT_EQ(uri_of_key("2026-1 https://a.test/"), "https://a.test/");
  EXPECT_EQ(uri_of_key("nonsense"), "");
}

}  // namespace
}  // namespace brink::purge
