// Regional nodes first, the origin last.

#include <gmock/gmock.h>

#include <atomic>

#include "tests/unit/origin_client_harness.h"
#include "tests/unit/origin_scripted_server.h"
#include "tiered/tier_upstream.h"

namespace brink::test {
namespace {

using testing::HasSubstr;

class TierTest : public ClientTest {
 protected:
  origin::Upstream& upstream() override { return *upstream_; }

  void ask_tier(std::vector<std::string> regional) {
    options_.regional = std::move(regional);
    options_.upstream.connect_timeout = options_.upstream.first_byte_timeout = Millis{8'000};
    ring_ = tiered::make_ring(options_, ring_.get());
    upstream_->set_ring(ring_);
  }
  Recorder fetch_key(std::uint64_t key, std::string origin_url) {
    auto request = get(group(std::move(origin_url)));
    request.key_hash = key;
    return fetch(std::move(request));
  }

  config::TierOptions options_;
  std::shared_ptr<tiered::Ring> ring_;
  std::unique_ptr<tiered::TierUpstream> upstream_ =
      tiered::make_tier_upstream(io, clock, metrics, nullptr);
};

TEST_F(TierTest, WithoutARingTheOriginIsAsked) {
  ScriptedServer origin(ok("origin"));
  EXPECT_EQ(fetch_key(1, origin.url()).body, "origin");
  ask_tier({});
  const Recorder r = fetch_key(1, origin.url());
  EXPECT_EQ(r.body, "origin");
  EXPECT_FALSE(r.from_tier);
}

TEST_F(TierTest, ARegionalNodeAnswersForTheClientsHost) {
  std::string head;
  ScriptedServer node([&](Connection& c) {
    head = c.read_head();
    c.write(ok("node"));
  });
  ask_tier({node.url()});
  auto origin_options = options_for({refused_url()});
  origin_options.host = "internal.example";  // the origin's name is no business of the tier hop
  const Recorder r = fetch(get(group(origin_options)));
  EXPECT_EQ(r.body, "node");
  EXPECT_TRUE(r.from_tier);
  EXPECT_EQ(r.server, node.url());
  node.stop();
  EXPECT_THAT(head, HasSubstr("\r\nHost: shop.example\r\n"));
  EXPECT_EQ(metrics.total("brink_tiered_requests_total", {{"node", node.url()}}), 1);
  EXPECT_EQ(metrics.total("brink_tiered_fallbacks_total"), 0);
}

TEST_F(TierTest, KeysKeepTheirNodes) {
  ScriptedServer a(ok("a"));
  ScriptedServer b(ok("b"));
  ScriptedServer c(ok("c"));
  ask_tier({a.url(), b.url(), c.url()});
  std::string all;
  for (std::uint64_t key = 0; key < 30; ++key) {
    const std::string first = fetch_key(key, refused_url()).body;
    EXPECT_EQ(fetch_key(key, refused_url()).body, first);
    all += first;
  }
  EXPECT_THAT(all, HasSubstr("a"));
  EXPECT_THAT(all, HasSubstr("b"));
  EXPECT_THAT(all, HasSubstr("c"));
}

TEST_F(TierTest, ANodeThatFailsIsFollowedByTheNextAndThenByTheOrigin) {
  ScriptedServer well(ok("well"));
  ScriptedServer origin(ok("origin"));
  ask_tier({refused_url(), refused_url(), well.url()});
  for (std::uint64_t key = 0; key < 10; ++key) {
    const Recorder r = fetch_key(key, origin.url());
    EXPECT_EQ(r.body, "well");
    EXPECT_TRUE(r.from_tier);
  }
  EXPECT_EQ(metrics.total("brink_tiered_fallbacks_total"), 0);

  ask_tier({refused_url(), refused_url()});
  const Recorder r = fetch_key(1, origin.url());
  EXPECT_EQ(r.body, "origin");
  EXPECT_FALSE(r.from_tier);
  EXPECT_EQ(r.attempts, 3U);
  EXPECT_EQ(metrics.total("brink_tiered_fallbacks_total"), 1);
}

TEST_F(TierTest, RetriesBoundTheNodesThatAreAsked) {
  ScriptedServer origin(ok("origin"));
  options_.upstream.retries = 0;
  ask_tier({refused_url(), refused_url(), refused_url()});
  EXPECT_EQ(fetch_key(1, origin.url()).attempts, 2U);
}

TEST_F(TierTest, WithoutFallbackTheErrorIsTheTiers) {
  ScriptedServer origin(ok("origin"));
  options_.fall_back_to_origin = false;
  options_.upstream.eject_after = 1;
  ask_tier({refused_url(), refused_url()});
  EXPECT_EQ(fetch_key(1, origin.url()).error.value().code, ErrorCode::ConnectionRefused);
  // Both are ejected now; with nobody else to ask, one of them is probed.
  EXPECT_EQ(fetch_key(1, origin.url()).error.value().code, ErrorCode::ConnectionRefused);
  EXPECT_EQ(origin.accepted(), 0);
}

TEST_F(TierTest, ANodesRefusalIsAnAnswer) {
  ScriptedServer origin(ok("origin"));
  for (const char* status : {"503 Busy", "508 Loop", "504 Timeout"}) {
    ScriptedServer node(std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 0\r\n\r\n");
    ask_tier({node.url()});
    const Recorder r = fetch_key(1, origin.url());
    EXPECT_TRUE(r.complete);
    EXPECT_EQ(r.status, std::stoi(status));
    EXPECT_TRUE(r.from_tier);
  }
  EXPECT_EQ(origin.accepted(), 0);
}

TEST_F(TierTest, EjectedNodesAreLeftAlone) {
  ScriptedServer origin(ok("origin"));
  options_.upstream.eject_after = 2;
  const std::string gone = refused_url();
  ask_tier({gone});
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(fetch_key(1, origin.url()).body, "origin");
  EXPECT_EQ(metrics.total("brink_tiered_requests_total", {{"node", gone}}), 2);
  EXPECT_EQ(metrics.total("brink_tiered_fallbacks_total"), 10);
  const auto status = tiered::ring_group(*ring_)->status(clock.ticks());
  EXPECT_TRUE(status[0].ejected);
  EXPECT_EQ(status[0].outstanding, 0U);
}

TEST_F(TierTest, ANewRingServesNewRequestsWhileOldOnesEnd) {
  std::atomic<bool> go{false};
  ScriptedServer slow([&](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    while (!go)
      std::this_thread::yield();
    c.write("slow");
  });
  ScriptedServer fresh(ok("fresh"));
  ask_tier({slow.url()});
  Recorder first;
  const auto call = upstream().start(get(group(refused_url())), first);
  ASSERT_TRUE(run_until(io, [&] { return first.status != 0; }));
  ask_tier({fresh.url()});
  EXPECT_EQ(fetch_key(1, refused_url()).body, "fresh");
  go = true;
  ASSERT_TRUE(run_until(io, [&] { return first.done(); }));
  EXPECT_EQ(first.body, "slow");
}

}  // namespace
}  // namespace brink::test
