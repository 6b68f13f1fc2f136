#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "config/runtime/random.h"
#include "origin/deadlines.h"

namespace brink::origin {
namespace {

Ticks at(std::int64_t ms) {
  return Ticks{Millis{ms}};
}

TEST(Deadlines, DueInOrderAndOnce) {
  DeadlineQueue queue;
  Timed a, b, c;
  queue.set(b, at(20));
  queue.set(a, at(10));
  queue.set(c, at(30));
  EXPECT_EQ(queue.next(), at(10));
  EXPECT_EQ(queue.take_due(at(9)), nullptr);
  EXPECT_EQ(queue.take_due(at(20)), &a);
  EXPECT_EQ(queue.take_due(at(20)), &b);
  EXPECT_EQ(queue.take_due(at(20)), nullptr);
  EXPECT_EQ(queue.next(), at(30));
}

TEST(Deadlines, LaterEarlierNeverAndGone) {
  DeadlineQueue queue;
  Timed a;
  queue.set(a, at(10));
  queue.set(a, at(50));
  EXPECT_EQ(queue.take_due(at(49)), nullptr);
  EXPECT_EQ(queue.next(), at(50));
  queue.set(a, at(20));
  EXPECT_EQ(queue.next(), at(20));
  queue.set(a, Timed::kNever);
  EXPECT_EQ(queue.take_due(at(1'000)), nullptr);
  EXPECT_EQ(queue.next(), Timed::kNever);
  {
    Timed gone;
    queue.set(gone, at(5));
  }
  EXPECT_EQ(queue.take_due(at(1'000)), nullptr);
  queue.set(a, at(5));
  queue.clear(a);
  EXPECT_EQ(queue.take_due(at(1'000)), nullptr);
}

TEST(Deadlines, AgainstAPlainList) {
  Random random(7);
  DeadlineQueue queue;
  std::vector<Timed> timed(50);
  std::vector<Ticks> expected(timed.size(), Timed::kNever);
  Ticks now = at(0);
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t i = random.below(timed.size());
    if (random.chance(0.1)) {
      queue.clear(timed[i]);
      expected[i] = Timed::kNever;
    } else {
      expected[i] = random.chance(0.1) ? Timed::kNever : now + Millis{random.below(100)};
      queue.set(timed[i], expected[i]);
    }
    now += Millis{random.below(3)};
    const auto earliest = *std::min_element(expected.begin(), expected.end());
    ASSERT_LE(queue.next(), earliest);
    while (Timed* due = queue.take_due(now)) {
      const auto index = static_cast<std::size_t>(due - timed.data());
      ASSERT_LE(expected[index], now);
      expected[index] = Timed::kNever;
    }
    for (const Ticks deadline : expected)
      ASSERT_GT(deadline, now);
  }
}

}  // namespace
}  // namespace brink::origin
