#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "origin/candidates.h"
#include "origin/server.h"
#include "origin/server_group.h"

namespace brink::origin {
namespace {

using ServerPtr = std::shared_ptr<Server>;
constexpr Ticks kStart{Seconds{1'000}};

struct Parsed {
  const char* url;
  const char* host;
  int port;
  Protocol protocol;
};

TEST(ServerUrl, WhatIsOne) {
  const Parsed table[] = {
      {"http://10.0.0.5:8000", "10.0.0.5", 8000, Protocol::Http1},
      {"http://a.example", "a.example", 80, Protocol::Http1},
      {"http://a.example/", "a.example", 80, Protocol::Http1},
      {"HTTP://under_score:1", "under_score", 1, Protocol::Http1},
      {"https://a.example", "a.example", 443, Protocol::H2Tls},
      {"https://[::1]", "::1", 443, Protocol::H2Tls},
      {"http://[fe80::1%eth0]:65535", "fe80::1%eth0", 65535, Protocol::Http1},
      {"http+h2c://a:81", "a", 81, Protocol::H2c},
  };
  for (const Parsed& row : table) {
    const ServerPtr server = Server::parse(row.url);
    ASSERT_TRUE(server) << row.url;
    EXPECT_EQ(server->url(), row.url);
    EXPECT_EQ(server->host(), row.host);
    EXPECT_EQ(server->port(), row.port);
    EXPECT_EQ(server->protocol(), row.protocol);
  }
}

TEST(ServerUrl, WhatIsNone) {
  for (const char* url :
       {"", "http://", "http:///", "a.example:80", "ftp://a", "http://a:0", "http://a:65536",
        "http://a:", "http://a:8x", "http://a:-1", "http://a/path", "http://a?q", "http://u@a",
        "http://a b", "http://a\r\nx", "http://[::1", "http://[::1]x", "http://::1"}) {
    EXPECT_FALSE(Server::parse(url)) << url;
  }
}

class Groups : public testing::Test {
 protected:
  std::shared_ptr<ServerGroup> make(std::size_t servers, const ServerGroup* previous = nullptr) {
    options.servers.clear();
    for (std::size_t i = 0; i < servers; ++i)
      options.servers.push_back("http://s" + std::to_string(i));
    return ServerGroup::create(options, previous);
  }
  static std::string name(const ServerPtr& server) { return server ? server->host() : "none"; }
  // Picks and answers at once.
  std::string ask(ServerGroup& group, AttemptOutcome outcome = AttemptOutcome::Answered) {
    const ServerPtr server = group.pick({}, now);
    if (server) ejected = group.report(server, outcome, now);
    return name(server);
  }
  std::string ask_times(ServerGroup& group, int times) {
    std::string all;
    for (int i = 0; i < times; ++i)
      all += ask(group);
    return all;
  }
  void fail(ServerGroup& group, std::size_t index, std::uint32_t times) {
    const ServerPtr& server = group.servers()[index];
    for (std::uint32_t i = 0; i < times; ++i) {
      ASSERT_TRUE(group.take(server, now));
      ejected = group.report(server, AttemptOutcome::Failed, now);
    }
  }

  config::UpstreamOptions options;
  Ticks now = kStart;
  bool ejected = false;
};

TEST_F(Groups, RoundRobin) {
  const auto group = make(3);
  EXPECT_EQ(ask_times(*group, 4), "s0s1s2s0");
}

TEST_F(Groups, LeastOutstanding) {
  options.balance = config::Balance::LeastOutstanding;
  const auto group = make(3);
  std::map<std::string, int> taken;
  for (int i = 0; i < 30; ++i)
    ++taken[name(group->pick({}, now))];
  EXPECT_EQ(taken["s0"], 10);
  EXPECT_EQ(taken["s1"], 10);
  group->report(group->servers()[1], AttemptOutcome::Answered, now);
  EXPECT_EQ(name(group->pick({}, now)), "s1");
}

TEST_F(Groups, TriedServersAreNotPickedAgain) {
  const auto group = make(3);
  std::vector<ServerPtr> tried;
  std::string all;
  while (const ServerPtr server = group->pick(tried, now)) {
    tried.push_back(server);
    all += name(server);
  }
  EXPECT_EQ(all.size(), 6U);
  EXPECT_EQ(tried.size(), 3U);
}

TEST_F(Groups, WrongUrlsAreLeftOut) {
  options.servers = {"nonsense", "http://fine"};
  const auto group = ServerGroup::create(options, nullptr);
  ASSERT_EQ(group->servers().size(), 1U);
  EXPECT_EQ(ask(*group), "fine");
}

TEST_F(Groups, FailuresInARowEjectAndAnAnswerInBetweenDoesNot) {
  const auto group = make(2);
  fail(*group, 0, 4);
  EXPECT_FALSE(ejected);
  ASSERT_TRUE(group->take(group->servers()[0], now));
  EXPECT_FALSE(group->report(group->servers()[0], AttemptOutcome::ServerError, now));
  fail(*group, 0, 4);
  EXPECT_FALSE(group->status(now)[0].ejected);
  fail(*group, 0, 1);
  EXPECT_TRUE(ejected);
  EXPECT_TRUE(group->status(now)[0].ejected);
  EXPECT_EQ(ask_times(*group, 3), "s1s1s1");
}

TEST_F(Groups, CancelledAttemptsSayNothing) {
  const auto group = make(1);
  fail(*group, 0, 4);
  EXPECT_EQ(ask(*group, AttemptOutcome::Cancelled), "s0");
  fail(*group, 0, 1);
  EXPECT_TRUE(ejected);
}

TEST_F(Groups, ZeroNeverEjects) {
  options.eject_after = 0;
  const auto group = make(2);
  fail(*group, 0, 100);
  EXPECT_FALSE(group->status(now)[0].ejected);
}

TEST_F(Groups, AfterTheEjectionOneRequestProbes) {
  const auto group = make(2);
  const ServerPtr& server = group->servers()[0];
  fail(*group, 0, 5);
  now += options.eject_for - Millis{1};
  EXPECT_FALSE(group->take(server, now));
  now += Millis{1};
  EXPECT_TRUE(group->take(server, now));
  EXPECT_FALSE(group->take(server, now)) << "a second probe beside the first";
  EXPECT_FALSE(group->report(server, AttemptOutcome::Cancelled, now));
  EXPECT_TRUE(group->take(server, now)) << "a cancelled probe decides nothing";
  group->report(server, AttemptOutcome::Answered, now);
  EXPECT_TRUE(server->well());
  EXPECT_TRUE(group->take(server, now));
  EXPECT_TRUE(group->take(server, now));
}

TEST_F(Groups, AProbeThatBeginsToAnswerEndsTheEjection) {
  const auto group = make(2);
  const ServerPtr& server = group->servers()[0];
  fail(*group, 0, 5);
  now += options.eject_for;
  ASSERT_TRUE(group->take(server, now));
  group->answered(server);
  EXPECT_TRUE(group->take(server, now)) << "while the probe's body is still coming";
  EXPECT_EQ(group->status(now)[0].outstanding, 2U);
}

TEST_F(Groups, EjectionsDoubleUpToSixteenTimes) {
  const auto group = make(2);
  const ServerPtr& server = group->servers()[0];
  fail(*group, 0, 5);
  for (const int factor : {1, 2, 4, 8, 16, 16, 16}) {
    EXPECT_EQ(server->ejected_until(), now + options.eject_for * factor);
    now = server->ejected_until();
    ASSERT_TRUE(group->take(server, now));
    EXPECT_TRUE(group->report(server, AttemptOutcome::Failed, now));
  }
  now = server->ejected_until();
  ASSERT_TRUE(group->take(server, now));
  group->report(server, AttemptOutcome::Answered, now);
  fail(*group, 0, 5);
  EXPECT_EQ(server->ejected_until(), now + options.eject_for);
}

TEST_F(Groups, RequestsUnderWayWhenItWasEjectedDoNotLengthenIt) {
  const auto group = make(2);
  const ServerPtr& server = group->servers()[0];
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(group->take(server, now));
  for (int i = 0; i < 20; ++i)
    group->report(server, AttemptOutcome::Failed, now);
  EXPECT_EQ(server->ejected_until(), now + options.eject_for);
}

TEST_F(Groups, WithNobodyWellTheLeastBadIsProbedOneRequestAtATime) {
  const auto group = make(2);
  fail(*group, 1, 5);
  now += Millis{10};
  fail(*group, 0, 5);
  const ServerPtr probe = group->pick({}, now);
  EXPECT_EQ(name(probe), "s1");
  const ServerPtr other = group->pick({}, now);
  EXPECT_EQ(name(other), "s0");
  EXPECT_FALSE(group->pick({}, now));
  EXPECT_FALSE(group->pick(std::span(&probe, 1), now)) << "no probe as a retry";
  group->report(probe, AttemptOutcome::Failed, now);
  EXPECT_EQ(probe->ejected_until(), now - Millis{10} + options.eject_for)
      << "a probe out of turn costs nothing";
  group->report(other, AttemptOutcome::Answered, now);
  EXPECT_EQ(ask_times(*group, 2), "s0s0");
}

TEST_F(Groups, UnhealthyServersAreSkippedWhileThereAreOthers) {
  options.health.path = "/";
  const auto group = make(2);
  EXPECT_TRUE(group->servers()[0]->set_healthy(false));
  EXPECT_FALSE(group->servers()[0]->set_healthy(false));
  EXPECT_EQ(ask_times(*group, 3), "s1s1s1");
  EXPECT_FALSE(group->status(now)[0].healthy);
  group->servers()[1]->set_healthy(false);
  EXPECT_NE(ask(*group), "none");
}

TEST_F(Groups, AReloadKeepsTheHealthOfServersThatStay) {
  const auto before = make(2);
  fail(*before, 0, 5);
  const auto after = make(3, before.get());
  EXPECT_TRUE(after->status(now)[0].ejected);
  EXPECT_EQ(after->servers()[0], before->servers()[0]);
  EXPECT_FALSE(after->status(now)[2].ejected);
  // Without checks nobody would ever call it well again.
  before->servers()[1]->set_healthy(false);
  EXPECT_TRUE(make(2, before.get())->status(now)[1].healthy);
}

TEST_F(Groups, OutstandingIsExactAcrossThreads) {
  const auto group = make(4);
  std::vector<std::thread> shards;
  for (int t = 0; t < 4; ++t) {
    shards.emplace_back([&, t] {
      for (int i = 0; i < 5'000; ++i) {
        const ServerPtr server = group->pick({}, now + Millis{i});
        if (!server) continue;
        group->report(server, (i + t) % 3 ? AttemptOutcome::Answered : AttemptOutcome::Failed,
                      now + Millis{i});
      }
    });
  }
  for (std::thread& shard : shards)
    shard.join();
  for (const auto& status : group->status(now))
    EXPECT_EQ(status.outstanding, 0U);
}

TEST_F(Groups, CandidatesAreTheServersOnceEachWithinTheRetries) {
  options.retries = 5;
  const auto group = make(3);
  GroupCandidates candidates(group);
  std::vector<ServerPtr> seen;
  while (const ServerPtr server = candidates.next(now, false).server)
    seen.push_back(server);
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_EQ(candidates.next(now, true).server, seen.back());

  options.retries = 1;
  GroupCandidates few(make(3));
  EXPECT_TRUE(few.next(now, false).server);
  EXPECT_TRUE(few.next(now, false).server);
  EXPECT_FALSE(few.next(now, true).server);
  EXPECT_FALSE(GroupCandidates(nullptr).next(now, true).server);
}

}  // namespace
}  // namespace brink::origin
