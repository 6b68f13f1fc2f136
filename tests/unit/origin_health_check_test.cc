#include <gmock/gmock.h>

#include <atomic>

#include "origin/health_check.h"
#include "tests/unit/origin_client_harness.h"
#include "tests/unit/origin_scripted_server.h"

namespace brink::test {
namespace {

class HealthChecks : public testing::Test {
 protected:
  config::UpstreamOptions checked(std::vector<std::string> servers) {
    auto options = options_for(std::move(servers));
    options.health.path = "/healthy?";
    options.health.interval = Millis{5};
    options.health.timeout = Millis{500};
    return options;
  }
  void watch(const config::UpstreamOptions& options) {
    group = origin::ServerGroup::create(options, group.get());
    checker->watch({group});
  }
  bool becomes(bool healthy, std::size_t server = 0) {
    return run_until(io, [&] { return group->status(clock.ticks())[server].healthy == healthy; });
  }

  boost::asio::io_context io{1};
  SystemClock clock;
  std::unique_ptr<origin::HealthChecker> checker = origin::make_health_checker(io, clock);
  std::shared_ptr<origin::ServerGroup> group;
};

TEST_F(HealthChecks, AServerFallsIllAndRecovers) {
  std::atomic<int> status{200};
  std::atomic<int> asked{0};
  std::string head;
  ScriptedServer server([&](Connection& c) {
    for (;;) {
      const std::string request = c.read_head();
      if (request.empty()) return;
      if (asked++ == 0) head = request;
      c.write("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  watch(checked({server.url()}));
  ASSERT_TRUE(run_until(io, [&] { return asked >= 5; }));
  EXPECT_TRUE(group->status(clock.ticks())[0].healthy);
  EXPECT_THAT(head, testing::StartsWith("GET /healthy? HTTP/1.1\r\nHost: 127.0.0.1:"));
  status = 503;
  const int before = asked;
  ASSERT_TRUE(becomes(false));
  EXPECT_GE(asked, before + 2);  // the third in a row; one may have been under way
  status = 302;
  ASSERT_TRUE(becomes(true));
}

TEST_F(HealthChecks, RefusedAndSilentServersAreUnhealthyAndTheOthersAreNot) {
  ScriptedServer well(ok(""));
  ScriptedServer silent([](Connection& c) { c.read_to_end(); });
  auto options = checked({refused_url(), silent.url(), well.url()});
  options.health.timeout = Millis{50};
  options.health.unhealthy_after = 2;
  watch(options);
  EXPECT_TRUE(becomes(false, 0));
  EXPECT_TRUE(becomes(false, 1));
  EXPECT_TRUE(group->status(clock.ticks())[2].healthy);
  EXPECT_EQ(group->status(clock.ticks())[0].outstanding, 0U);
  EXPECT_FALSE(group->status(clock.ticks())[0].ejected);
}

TEST_F(HealthChecks, AfterAReloadTheNewGroupsAreWatched) {
  std::atomic<int> old_asked{0};
  ScriptedServer before([&](Connection& c) {
    while (!c.read_head().empty()) {
      ++old_asked;
      c.write(ok(""));
    }
  });
  ScriptedServer after(ok(""));
  watch(checked({before.url()}));
  ASSERT_TRUE(run_until(io, [&] { return old_asked >= 2; }));
  watch(checked({after.url()}));
  const int asked = old_asked;
  ASSERT_TRUE(run_until(io, [&] { return after.accepted() > 0; }));
  EXPECT_LE(old_asked, asked + 1);
  checker.reset();
  io.restart();
  io.poll();
}

TEST_F(HealthChecks, WithoutAPathNobodyIsAsked) {
  ScriptedServer server(ok(""));
  auto options = checked({server.url()});
  options.health.path.clear();
  watch(options);
  io.poll();
  EXPECT_EQ(server.accepted(), 0);
}

}  // namespace
}  // namespace brink::test
