#include <gtest/gtest.h>

#include <map>

#include "config/runtime/random.h"
#include "origin/server.h"
#include "tiered/ring.h"
#include "tiered/tier_upstream.h"

namespace brink::tiered {
namespace {

using ServerPtr = std::shared_ptr<origin::Server>;
using origin::AttemptOutcome;
constexpr Ticks kNow{Seconds{1'000}};
constexpr int kKeys = 100'000;

std::vector<std::string> nodes(int count) {
  std::vector<std::string> urls;
  for (int i = 0; i < count; ++i)
    urls.push_back("http://regional-" + std::to_string(i) + ":8080");
  return urls;
}

std::uint32_t owner(const HashCircle& circle, std::uint64_t key) {
  std::uint32_t found = 0;
  circle.walk(key, [&](std::uint32_t node) {
    found = node;
    return true;
  });
  return found;
}

TEST(HashCircle, SharesAreEven) {
  for (const int count : {2, 3, 5, 10, 30}) {
    const HashCircle circle(nodes(count));
    std::map<std::uint32_t, int> keys;
    for (std::uint64_t key = 0; key < kKeys; ++key)
      ++keys[owner(circle, key)];  // poor hashes on purpose
    ASSERT_EQ(keys.size(), static_cast<std::size_t>(count));
    for (const auto& [node, share] : keys) {
      EXPECT_NEAR(share * count / double{kKeys}, 1.0, 0.13) << "node " << node << " of " << count;
    }
  }
}

TEST(HashCircle, ANodeThatLeavesMovesItsOwnKeysOnly) {
  const auto before = nodes(10);
  auto after = before;
  after.erase(after.begin() + 4);
  const HashCircle old_circle(before);
  const HashCircle new_circle(after);
  std::map<std::string, int> heirs;
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    const std::string& was = before[owner(old_circle, key)];
    const std::string& is = after[owner(new_circle, key)];
    if (was == before[4]) {
      ++heirs[is];
    } else {
      ASSERT_EQ(was, is);
    }
  }
  EXPECT_EQ(heirs.size(), 9U);  // spread over all, not dumped on one
}

TEST(HashCircle, TheOrderOfTheConfigurationDoesNotMatter) {
  const auto forward = nodes(7);
  const std::vector<std::string> backward(forward.rbegin(), forward.rend());
  const HashCircle a(forward);
  const HashCircle b(backward);
  for (std::uint64_t key = 0; key < 10'000; ++key) {
    ASSERT_EQ(forward[owner(a, key)], backward[owner(b, key)]);
  }
}

TEST(HashCircle, AWalkVisitsEachNodeOnce) {
  const HashCircle circle(nodes(9));
  for (std::uint64_t key = 0; key < 1'000; ++key) {
    std::map<std::uint32_t, int> visits;
    EXPECT_FALSE(circle.walk(key, [&](std::uint32_t node) {
      ++visits[node];
      return false;
    }));
    ASSERT_EQ(visits.size(), 9U);
    for (const auto& [node, count] : visits)
      ASSERT_EQ(count, 1);
  }
  EXPECT_FALSE(HashCircle({}).walk(1, [](std::uint32_t) { return true; }));
}

class RingTest : public testing::Test {
 protected:
  void make(int count) {
    options.regional = nodes(count);
    ring = std::make_unique<Ring>(options, nullptr);
  }
  ServerPtr pick(std::uint64_t key, std::vector<ServerPtr> tried = {}, Ticks now = kNow) {
    return ring->pick(key, tried, now);
  }
  void answer(const ServerPtr& server, AttemptOutcome outcome = AttemptOutcome::Answered) {
    ring->group()->report(server, outcome, kNow);
  }

  config::TierOptions options;
  std::unique_ptr<Ring> ring;
};

TEST_F(RingTest, AKeyStaysWithItsNodeAndFailsOverInItsOwnOrder) {
  make(4);
  for (std::uint64_t key = 1; key < 200; ++key) {
    const ServerPtr first = pick(key);
    answer(first);
    ASSERT_EQ(pick(key), first);
    answer(first);
    std::vector<ServerPtr> tried = {first};
    while (const ServerPtr next = pick(key, tried)) {
      answer(next);
      ASSERT_EQ(std::count(tried.begin(), tried.end(), next), 0);
      tried.push_back(next);
    }
    ASSERT_EQ(tried.size(), 4U);
    // The order is the same when the first is ejected instead of tried.
    ASSERT_EQ(pick(key, {first}), tried[1]);
    answer(tried[1]);
  }
}

TEST_F(RingTest, AnEjectedNodesKeysGoToTheirNextNodes) {
  make(3);
  const ServerPtr first = pick(7);
  answer(first);
  for (std::uint32_t i = 0; i < options.upstream.eject_after; ++i) {
    ASSERT_TRUE(ring->group()->take(first, kNow));
    answer(first, AttemptOutcome::Failed);
  }
  const ServerPtr next = pick(7);
  EXPECT_NE(next, first);
  answer(next);
  // After the ejection one request probes; it is the node's own key that does.
  const Ticks later = kNow + options.upstream.eject_for;
  EXPECT_EQ(pick(7, {}, later), first);
  EXPECT_EQ(pick(7, {}, later), next);
}

TEST_F(RingTest, ABusyNodeIsPassedOver) {
  make(4);
  std::map<ServerPtr, int> load;
  for (int i = 0; i < 1'000; ++i)
    ++load[pick(7)];  // one hot key
  ASSERT_EQ(load.size(), 4U);
  for (const auto& [server, outstanding] : load)
    EXPECT_LE(outstanding, 314) << server->url();
}

TEST_F(RingTest, AFewRequestsNeverLeaveTheirNode) {
  make(4);
  const ServerPtr first = pick(7);
  for (std::uint32_t i = 1; i < Ring::kUnboundedBelow; ++i)
    EXPECT_EQ(pick(7), first);
}

TEST_F(RingTest, TheBoundYieldsWhereItWouldLeaveNobody) {
  make(2);
  const ServerPtr first = pick(7);
  const ServerPtr other = pick(7, {first});
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(ring->group()->take(first, kNow));
  EXPECT_EQ(pick(7, {other}), first);
}

TEST_F(RingTest, AReloadKeepsTheNodesHealth) {
  make(3);
  const ServerPtr first = pick(7);
  answer(first);
  options.regional.push_back("http://regional-new:8080");
  const auto reloaded = make_ring(options, ring.get());
  const auto group = ring_group(*reloaded);
  EXPECT_EQ(group->servers().size(), 4U);
  EXPECT_NE(std::find(group->servers().begin(), group->servers().end(), first),
            group->servers().end());
}

TEST_F(RingTest, AnEmptyRingHasNobody) {
  make(0);
  EXPECT_TRUE(ring->empty());
  EXPECT_FALSE(pick(1));
}

}  // namespace
}  // namespace brink::tiered
