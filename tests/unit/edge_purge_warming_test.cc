// What a purge with "warm" leaves to be fetched again: the most requested of what it matched here.

#include <gtest/gtest.h>

#include "edge/purge_target.h"

namespace brink::edge {
namespace {

using Urls = std::vector<std::string>;
using Kind = purge::Selector::Kind;

class AnyResponse final : public store::Selector {
 public:
  std::int64_t score(const store::StoredResponse&) const noexcept override { return 1; }
};

class PurgeWarmingTest : public ::testing::Test {
 protected:
  PurgeWarmingTest() { state_.warming.set_most(2); }

  void put(std::string_view key, int requests, std::string_view variant = "", bool sliced = false) {
    store::NewResponse fresh{.key = cache::make_cache_key_of_text(key),
                             .variant_key = variant,
                             .head = "HTTP/1.1 200 OK\r\n",
                             .meta = {},
                             .as_of = last_,
                             .store = true};
    fresh.meta.status = 200;
    fresh.meta.sliced = sliced;
    fresh.meta.freshness_lifetime_s = 3600;
    fresh.meta.response_time = clock_.now();
    auto writer = store_->begin(fresh);
    ASSERT_TRUE(writer.has_value());
    (*writer)->append("x");
    ASSERT_TRUE((*writer)->commit());
    for (int i = 0; i < requests; ++i)
      store_->lookup(fresh.key, AnyResponse());
  }
  // Its number, which is its id as well.
  std::uint64_t purge(purge::Selector selector, bool warm = true, bool soft = false,
                      bool replayed = false) {
    purge::Record record;
    record.sequence = ++last_;
    record.id = std::to_string(last_);
    record.by = "ops";
    record.selector = std::move(selector);
    record.warm = warm;
    record.soft = soft;
    target_.apply(record, replayed);
    state_.position.set_applied(last_);
    return last_;
  }
  std::vector<PurgeWarming::Found> walk() {
    while (reclaimer_.step()) {
    }
    return reclaimer_.take_warming();
  }

  VirtualClock clock_{TimePoint{Seconds{1'795'000'000}}};
  MetricsRegistry metrics_;
  std::unique_ptr<store::Store> store_ = store::make_memory_store({});
  PurgeState state_{{}};
  PurgeTarget target_{state_, *store_, clock_};
  Reclaimer reclaimer_{state_, *store_, metrics_, {}};
  std::uint64_t last_ = 0;
};

TEST_F(PurgeWarmingTest, TheMostRequestedComeFirstAndNoMoreThanAllowed) {
  put("http://a.test/rare", 1);
  put("http://a.test/top", 300);
  put("http://a.test/middle", 5);
  purge({.kind = Kind::All});
  const auto found = walk();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, "1");
  EXPECT_EQ(found[0].by, "ops");
  EXPECT_EQ(found[0].urls, (Urls{"http://a.test/top", "http://a.test/middle"}));
  EXPECT_TRUE(walk().empty());
}

TEST_F(PurgeWarmingTest, ManyAreReducedToTheMostRequested) {
  for (int i = 0; i < 50; ++i)
    put("http://a.test/" + std::to_string(i), i == 7 || i == 33 ? 40 + i : i % 20);
  purge({.kind = Kind::All});
  EXPECT_EQ(walk().at(0).urls, (Urls{"http://a.test/33", "http://a.test/7"}));
}

TEST_F(PurgeWarmingTest, OnlyWhatThePurgeMatched) {
  put("http://a.test/img/1", 1);
  put("http://a.test/page", 9);
  purge({.kind = Kind::Prefix, .values = {"a.test/img/"}});
  EXPECT_EQ(walk().at(0).urls, Urls{"http://a.test/img/1"});
  purge({.kind = Kind::Urls, .values = {"https://a.test/nothing"}});
  EXPECT_EQ(walk().at(0).urls, Urls{});
}

TEST_F(PurgeWarmingTest, ASoftPurgeToo) {
  put("http://a.test/", 1);
  purge({.kind = Kind::All}, true, true);
  EXPECT_EQ(walk().at(0).urls, Urls{"http://a.test/"});
  EXPECT_EQ(store_->stats().responses, 1U);
}

TEST_F(PurgeWarmingTest, WithoutTheFlagOrWhenReplayedNothingIs) {
  put("http://a.test/", 1);
  purge({.kind = Kind::All}, false);
  EXPECT_TRUE(walk().empty());
  put("http://a.test/", 1);
  purge({.kind = Kind::All}, true, false, true);
  EXPECT_TRUE(walk().empty());
  state_.warming.set_most(0);
  put("http://a.test/", 1);
  purge({.kind = Kind::All});
  EXPECT_TRUE(walk().empty());
}

TEST_F(PurgeWarmingTest, ALaterPurgeDoesNotHideIt) {
  put("http://a.test/", 1);
  purge({.kind = Kind::Host, .values = {"a.test"}});
  purge({.kind = Kind::All}, false);
  EXPECT_EQ(walk().at(0).urls, Urls{"http://a.test/"});
}

TEST_F(PurgeWarmingTest, WhatTwoOfThemMatchIsFetchedOnce) {
  put("http://a.test/", 1);
  purge({.kind = Kind::All});
  purge({.kind = Kind::Host, .values = {"a.test"}});
  const auto found = walk();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].urls, Urls{});
  EXPECT_EQ(found[1].urls, Urls{"http://a.test/"});
}

TEST_F(PurgeWarmingTest, VariantsAndVersionsCountTogetherAndSlicesAreLeft) {
  put("http://a.test/varied", 3, "a");
  put("http://a.test/varied", 3, "b");
  put("v2 http://a.test/versions", 2);
  put("http://a.test/versions", 1);
  put("http://a.test/single", 2);
  put("http://a.test/film", 50, "", true);
  purge({.kind = Kind::All});
  EXPECT_EQ(walk().at(0).urls, (Urls{"http://a.test/varied", "http://a.test/versions"}));
}

TEST_F(PurgeWarmingTest, TooManyAtOnceArePurgedAllTheSame) {
  put("http://a.test/", 1);
  for (std::size_t i = 0; i < PurgeWarming::kMost + 1; ++i)
    purge({.kind = Kind::Prefix, .values = {"b.test/"}});
  purge({.kind = Kind::All});
  EXPECT_EQ(walk().size(), PurgeWarming::kMost);
  EXPECT_EQ(store_->stats().responses, 0U);
}

}  // namespace
}  // namespace brink::edge
