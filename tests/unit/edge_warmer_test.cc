// The warmer on a clock that the test moves: pace, concurrency, turns, bounds, who may do what.

#include <gtest/gtest.h>

#include <algorithm>

#include "edge/warmer.h"

namespace brink::edge {
namespace {

using State = WarmStatus::State;

// Keeps what is asked until the test answers it.
class Port final : public WarmPort {
 public:
  void ask(WarmAsk each) override { asked.push_back(std::move(each)); }
  void pump_soon() override { ++pumps; }
  std::string site_of(std::string_view host) const override {
    if (host == "shop.test") return "shop";
    return host == "blog.test" ? "blog" : "";
  }
  bool has_tls() const override { return tls; }

  std::vector<WarmAsk> asked;
  int pumps = 0;
  bool tls = false;
};

config::WarmOptions options() {
  config::WarmOptions out;
  out.rate = 10;
  out.concurrency = 4;
  out.jobs = 2;
  out.urls = 5;
  out.sitemaps = 3;
  return out;
}

class WarmerTest : public ::testing::Test {
 protected:
  std::string begin(std::vector<std::string> urls, std::uint32_t rate = 0) {
    return accept({.urls = std::move(urls), .rate = rate, .by = "ops", .sites = {"*"}});
  }
  std::string begin_sitemap(std::vector<std::string> sites = {"*"}) {
    return accept(
        {.sitemap = "http://shop.test/sitemap.xml", .by = "ops", .sites = std::move(sites)});
  }
  std::string accept(const WarmWanted& wanted) {
    const auto begun = warmer_.start(wanted);
    if (const auto* problem = std::get_if<purge::Problem>(&begun)) {
      ADD_FAILURE() << problem->detail;
      return {};
    }
    return std::get<WarmStatus>(begun).id;
  }
  purge::Problem refuse(const WarmWanted& wanted) {
    const auto begun = warmer_.start(wanted);
    const auto* problem = std::get_if<purge::Problem>(&begun);
    return problem ? *problem : purge::Problem{};
  }
  WarmStatus status(const std::string& id) { return warmer_.find(id).value_or(WarmStatus{}); }
  // Answers what is asked first.
  void answer(const WarmFound& found = {WarmResult::Stored}) {
    ASSERT_FALSE(port_.asked.empty());
    const WarmAsk ask = port_.asked.front();
    port_.asked.erase(port_.asked.begin());
    warmer_.finished(ask, found);
  }
  void answer_sitemap(std::string_view text) {
    ASSERT_FALSE(port_.asked.empty());
    ASSERT_TRUE(port_.asked.front().body);
    port_.asked.front().body->take(text);
    answer({WarmResult::Stored});
  }
  // Answers everything, and what that makes room for, at a pace that is no hindrance.
  void run_to_the_end() {
    for (int turn = 0; turn < 1'000; ++turn) {
      clock_.advance(Seconds{1});
      warmer_.pump();
      if (port_.asked.empty()) return;
      while (!port_.asked.empty())
        answer();
    }
    FAIL() << "it never ends";
  }

  VirtualClock clock_{TimePoint{Seconds{1'795'000'000}}};
  MetricsRegistry metrics_;
  Port port_;
  Warmer warmer_{port_, clock_, metrics_, options()};
};

std::vector<std::string> urls(int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i)
    out.push_back("http://shop.test/" + std::to_string(i));
  return out;
}

TEST_F(WarmerTest, AsksForEachUrlOnceAndCounts) {
  const std::string id = begin(urls(3));
  EXPECT_EQ(port_.pumps, 1);
  EXPECT_EQ(status(id).state, State::Running);
  clock_.advance(Seconds{1});
  std::vector<std::string> asked;
  for (int i = 0; i < 3; ++i) {
    clock_.advance(Seconds{1});
    warmer_.pump();
    ASSERT_EQ(port_.asked.size(), 1U);
    asked.push_back(port_.asked.front().url.text());
    answer(i == 0   ? WarmFound{WarmResult::Stored}
           : i == 1 ? WarmFound{WarmResult::NotStored, "private"}
                    : WarmFound{WarmResult::Failed, "status-404", "the origin answered 404"});
  }
  EXPECT_EQ(asked, urls(3));
  const WarmStatus end = status(id);
  EXPECT_EQ(end.state, State::Done);
  EXPECT_EQ(end.done(), 3U);
  EXPECT_EQ(end.count(WarmResult::Stored), 1U);
  EXPECT_EQ(end.reasons.at("private"), 1U);
  ASSERT_EQ(end.errors.size(), 1U);
  EXPECT_EQ(end.errors[0].url, "http://shop.test/2");
  EXPECT_EQ(metrics_.total("brink_edge_warm_requests_total", {{"result", "not-stored"}}), 1);
  EXPECT_EQ(metrics_.total("brink_edge_warm_jobs"), 0);
}

TEST_F(WarmerTest, KeepsThePace) {
  config::WarmOptions many = options();
  many.urls = 100;
  many.concurrency = 100;
  warmer_.set_options(many);
  begin(urls(100));
  std::size_t began = 0;
  for (int ms = 0; ms <= 3'000; ++ms) {
    const Ticks next = warmer_.pump();
    began += port_.asked.size();
    port_.asked.clear();
    ASSERT_LE(began, static_cast<std::size_t>(ms + WarmPace::kCatchUp.count()) / 100 + 1)
        << ms << " ms";
    ASSERT_GT(next, clock_.ticks());
    ASSERT_LE(next, clock_.ticks() + Millis{100});
    clock_.advance(Millis{1});
  }
  EXPECT_GE(began, 30U);  // and does not dawdle
}

TEST_F(WarmerTest, APauseIsNotMadeUpForAllAtOnce) {
  begin(urls(5));
  warmer_.pump();
  clock_.advance(Seconds{60});
  port_.asked.clear();
  warmer_.pump();
  EXPECT_EQ(port_.asked.size(), 1U);
}

TEST_F(WarmerTest, AJobMayAskForLess) {
  begin(urls(5), 1);
  warmer_.pump();
  EXPECT_EQ(port_.asked.size(), 1U);
  clock_.advance(Millis{900});
  warmer_.pump();
  EXPECT_EQ(port_.asked.size(), 1U);
  clock_.advance(Millis{200});
  warmer_.pump();
  EXPECT_EQ(port_.asked.size(), 2U);
  EXPECT_EQ(refuse({.urls = urls(1), .rate = 11, .sites = {"*"}}).code, "limit-reached");
}

TEST_F(WarmerTest, NoMoreAtOnceThanAllowed) {
  begin(urls(5));
  for (int i = 0; i < 20; ++i) {
    clock_.advance(Seconds{1});
    warmer_.pump();
  }
  EXPECT_EQ(port_.asked.size(), 4U);
  EXPECT_EQ(warmer_.pump(), Ticks::max());  // only when one has ended
  answer();
  warmer_.pump();
  EXPECT_EQ(port_.asked.size(), 4U);
}

TEST_F(WarmerTest, JobsTakeTurns) {
  const std::string first = begin(urls(4));
  const std::string second = begin(urls(4));
  std::vector<std::string> turns;
  for (int i = 0; i < 4; ++i) {
    clock_.advance(Seconds{1});
    warmer_.pump();
    turns.push_back(port_.asked.front().job);
    answer();
  }
  EXPECT_EQ(turns, (std::vector{first, second, first, second}));
}

TEST_F(WarmerTest, AStoppedJobAsksForNothingMore) {
  const std::string id = begin(urls(5));
  warmer_.pump();
  ASSERT_EQ(port_.asked.size(), 1U);
  bool allowed = true;
  EXPECT_EQ(warmer_.stop(id, {"*"}, allowed)->state, State::Stopped);
  clock_.advance(Seconds{10});
  warmer_.pump();
  EXPECT_EQ(port_.asked.size(), 1U);
  answer();  // what was under way still counts
  EXPECT_EQ(status(id).count(WarmResult::Stored), 1U);
  EXPECT_EQ(status(id).state, State::Stopped);
  EXPECT_EQ(metrics_.total("brink_edge_warm_jobs"), 0);
  EXPECT_FALSE(warmer_.stop("w-unknown", {"*"}, allowed));
}

TEST_F(WarmerTest, ATokenStopsOnlyWhatItMayWarm) {
  const std::string all = begin(urls(1));
  const std::string own = accept({.urls = urls(1), .by = "shop-ci", .sites = {"shop"}});
  bool allowed = true;
  EXPECT_EQ(warmer_.stop(all, {"shop"}, allowed)->state, State::Running);
  EXPECT_FALSE(allowed);
  EXPECT_EQ(warmer_.stop(own, {"shop"}, allowed)->state, State::Stopped);
  EXPECT_TRUE(allowed);
}

TEST_F(WarmerTest, RefusesWhatCannotBeWarmed) {
  const WarmWanted elsewhere{.urls = {"http://shop.test/", "http://other.test/"}, .sites = {"*"}};
  EXPECT_EQ(refuse(elsewhere).code, "unknown-host");
  EXPECT_EQ(refuse({.urls = {"shop.test/a"}, .sites = {"*"}}).code, "invalid-url");
  EXPECT_EQ(refuse({.urls = urls(6), .sites = {"*"}}).code, "limit-reached");
  const purge::Problem foreign =
      refuse({.urls = {"http://blog.test/"}, .by = "ci", .sites = {"shop"}});
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(foreign.code, "site-not-allowed");
  EXPECT_EQ(refuse({.sitemap = "http://blog.test/s.xml", .sites = {"shop"}}).code,
            "site-not-allowed");
  begin(urls(1));
  begin(urls(1));
  EXPECT_EQ(refuse({.urls = urls(1), .sites = {"*"}}).status, 429);
  EXPECT_EQ(metrics_.total("brink_edge_limit_total", {{"limit", "warm-jobs"}}), 1);
}

TEST_F(WarmerTest, RemembersOnlyTheLastJobs) {
  const std::string first = begin(urls(1));
  run_to_the_end();
  for (std::size_t i = 0; i < kWarmKept; ++i) {
    begin(urls(1));
    run_to_the_end();
  }
  EXPECT_FALSE(warmer_.find(first));
  EXPECT_EQ(warmer_.list().size(), kWarmKept);
}

TEST_F(WarmerTest, ASitemapIsReadFirstAndOnlyItsSitesUrlsAreAsked) {
  const std::string id = begin_sitemap({"shop"});
  warmer_.pump();
  ASSERT_EQ(port_.asked.size(), 1U);
  answer_sitemap(
      "<urlset><url><loc> http://shop.test/a?b=1&amp;c=2 "
      "</loc></url><url><loc>http://blog.test/</loc></url>"
      "<url><loc>http://other.test/</loc></url><url><loc>nonsense</loc></url><url><loc>https://"
      "shop.test/d</loc></url>"
      "</urlset>");
  EXPECT_EQ(status(id).total, 2U);
  EXPECT_EQ(status(id).skipped, 3U);
  clock_.advance(Seconds{1});
  warmer_.pump();
  ASSERT_EQ(port_.asked.size(), 1U);
  EXPECT_EQ(port_.asked.front().url.text(), "http://shop.test/a?b=1&c=2");
  answer();
  clock_.advance(Seconds{1});
  warmer_.pump();
  EXPECT_EQ(port_.asked.front().url.text(),
            "http://shop.test/d");  // no listener speaks TLS: clients come with http
  answer();
  EXPECT_EQ(status(id).state, State::Done);
}

TEST_F(WarmerTest, AnIndexIsFollowedOneStepAndBounded) {
  const std::string id = begin_sitemap();
  warmer_.pump();
  answer_sitemap(
      "<sitemapindex><sitemap><loc>http://shop.test/1.xml</loc></sitemap><sitemap><loc>http://"
      "shop.test/2.xml</loc>"
      "</sitemap><sitemap><loc>http://shop.test/3.xml</loc></sitemap></sitemapindex>");
  EXPECT_TRUE(status(id).truncated);  // three with the index
  clock_.advance(Seconds{1});
  warmer_.pump();
  answer_sitemap(
      "<sitemapindex><sitemap><loc>http://shop.test/4.xml</loc></sitemap></sitemapindex>");
  ASSERT_EQ(status(id).errors.size(), 1U);
  EXPECT_NE(status(id).errors[0].detail.find("within an index"), std::string::npos);
  clock_.advance(Seconds{1});
  warmer_.pump();
  answer_sitemap("<urlset><url><loc>http://shop.test/page</loc></url></urlset>");
  run_to_the_end();
  EXPECT_EQ(status(id).state, State::Done);
  EXPECT_EQ(status(id).total, 1U);
}

TEST_F(WarmerTest, MoreUrlsThanAllowedAreLeftOut) {
  const std::string id = begin_sitemap();
  warmer_.pump();
  std::string text = "<urlset>";
  for (const std::string& url : urls(7))
    text += "<url><loc>" + url + "</loc></url>";
  answer_sitemap(text + "</urlset>");
  EXPECT_TRUE(status(id).truncated);
  EXPECT_EQ(status(id).total, 5U);
  EXPECT_EQ(metrics_.total("brink_edge_limit_total", {{"limit", "warm-urls"}}), 1);
}

TEST_F(WarmerTest, ASitemapThatCannotBeReadFailsTheJob) {
  const std::string broken = begin_sitemap();
  warmer_.pump();
  answer_sitemap("<html><body>404</body></html>");
  EXPECT_EQ(status(broken).state, State::Failed);
  EXPECT_NE(status(broken).why.find("<urlset>"), std::string::npos);
  const std::string missing = begin_sitemap();
  clock_.advance(Seconds{1});
  warmer_.pump();
  answer({WarmResult::Failed, "status-404", "the origin answered 404"});
  EXPECT_EQ(status(missing).state, State::Failed);
  EXPECT_EQ(status(missing).why, "sitemap: the origin answered 404");
}

TEST_F(WarmerTest, SchemesAreThoseOfClients) {
  const auto asked_as = [&](const std::string& url) {
    begin({url});
    clock_.advance(Seconds{1});
    warmer_.pump();
    std::string out = port_.asked.front().url.text();
    answer();
    return out;
  };
  EXPECT_EQ(asked_as("https://shop.test/a"), "http://shop.test/a");
  port_.tls = true;
  EXPECT_EQ(asked_as("https://shop.test/a"), "https://shop.test/a");
  EXPECT_EQ(asked_as("http://shop.test/a"), "http://shop.test/a");
  config::WarmOptions other = options();
  other.scheme = config::WarmScheme::Https;
  warmer_.set_options(other);
  EXPECT_EQ(asked_as("http://shop.test/a"), "https://shop.test/a");
  other.scheme = config::WarmScheme::Http;
  warmer_.set_options(other);
  EXPECT_EQ(asked_as("https://shop.test/a"), "http://shop.test/a");
}

TEST_F(WarmerTest, AfterAPurgeKeysAreAskedAsTheyAre) {
  warmer_.start_after_purge(
      "p-1", "ops", {"https://shop.test/top", "http://shop.test/a\xff", "http://shop.test/b"});
  const WarmStatus job = status("p-1");
  EXPECT_EQ(job.total, 2U);
  EXPECT_EQ(job.skipped, 1U);
  warmer_.pump();
  EXPECT_EQ(port_.asked.front().url.text(), "https://shop.test/top");
  run_to_the_end();
  warmer_.start_after_purge("p-2", "ops", {});
  EXPECT_EQ(status("p-2").state, State::Done);
}

TEST_F(WarmerTest, AfterAPurgeWhoMayWarmItsUrlsMayStopIt) {
  warmer_.start_after_purge("p-1", "ci", {"http://shop.test/a", "http://shop.test/b"});
  bool allowed = true;
  EXPECT_EQ(warmer_.stop("p-1", {"blog"}, allowed)->state, State::Running);
  EXPECT_FALSE(allowed);
  EXPECT_EQ(warmer_.stop("p-1", {"shop"}, allowed)->state, State::Stopped);
  EXPECT_TRUE(allowed);
}

TEST_F(WarmerTest, NothingBeginsOnceTheNodeStops) {
  const std::string id = begin(urls(3));
  warmer_.stop_all();
  EXPECT_EQ(warmer_.pump(), Ticks::max());
  EXPECT_TRUE(port_.asked.empty());
  EXPECT_EQ(status(id).state, State::Stopped);
  EXPECT_EQ(refuse({.urls = urls(1), .sites = {"*"}}).status, 429);
}

}  // namespace
}  // namespace brink::edge
