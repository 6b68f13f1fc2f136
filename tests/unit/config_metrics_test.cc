// The Prometheus text that comes of cells (exposition format 0.0.4).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "config/runtime/metrics.h"

namespace brink {
namespace {

using ::testing::HasSubstr;

TEST(RuntimeMetrics, FamiliesInOrderAndEqualLabelsSummed) {
  MetricsRegistry registry;
  registry.counter("brink_test_b_total", "Second.", {{"site", "a"}}).add(2);
  registry.counter("brink_test_b_total", "Second.", {{"site", "a"}}).add(3);
  registry.counter("brink_test_b_total", "Second.", {{"site", "b"}}).add();
  registry.gauge("brink_test_a_bytes", "First.").set(-7);
  EXPECT_EQ(registry.expose(),
            "# HELP brink_test_a_bytes First.\n"
            "# TYPE brink_test_a_bytes gauge\n"
            "brink_test_a_bytes -7\n"
            "# HELP brink_test_b_total Second.\n"
            "# TYPE brink_test_b_total counter\n"
            "brink_test_b_total{site=\"a\"} 5\n"
            "brink_test_b_total{site=\"b\"} 1\n");
}

TEST(RuntimeMetrics, LabelOrderDoesNotMatter) {
  MetricsRegistry registry;
  registry.counter("brink_test_total", "T.", {{"b", "2"}, {"a", "1"}}).add();
  registry.counter("brink_test_total", "T.", {{"a", "1"}, {"b", "2"}}).add();
  EXPECT_THAT(registry.expose(), HasSubstr("brink_test_total{a=\"1\",b=\"2\"} 2\n"));
}

TEST(RuntimeMetrics, TextIsEscaped) {
  MetricsRegistry registry;
  registry.counter("brink_test_total", "One\nline \\ only.", {{"site", "a\"b\\c\nd"}}).add();
  const std::string text = registry.expose();
  EXPECT_THAT(text, HasSubstr("# HELP brink_test_total One\\nline \\\\ only.\n"));
  EXPECT_THAT(text, HasSubstr("{site=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(RuntimeMetrics, HistogramsAreCumulative) {
  MetricsRegistry registry;
  Histogram& first = registry.histogram("brink_test_seconds", "T.");
  Histogram& second = registry.histogram("brink_test_seconds", "T.");
  first.observe(0);
  first.observe(50'000);  // on the bound: in the bucket
  first.observe(50'001);
  second.observe(1'000'000'000);
  second.observe(3'600'000'000'000);  // beyond the last
  const std::string text = registry.expose();
  for (const char* line :
       {"# TYPE brink_test_seconds histogram\n", "brink_test_seconds_bucket{le=\"5e-05\"} 2\n",
        "brink_test_seconds_bucket{le=\"0.0001\"} 3\n", "brink_test_seconds_bucket{le=\"0.5\"} 3\n",
        "brink_test_seconds_bucket{le=\"1\"} 4\n", "brink_test_seconds_bucket{le=\"60\"} 4\n",
        "brink_test_seconds_bucket{le=\"+Inf\"} 5\n", "brink_test_seconds_count 5\n",
        "brink_test_seconds_sum 3601.000100001\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(RuntimeMetrics, TotalsByLabel) {
  MetricsRegistry registry;
  registry.counter("brink_test_total", "T.", {{"site", "a"}, {"shard", "0"}}).add(1);
  registry.counter("brink_test_total", "T.", {{"site", "a"}, {"shard", "1"}}).add(10);
  registry.counter("brink_test_total", "T.", {{"site", "b"}, {"shard", "1"}}).add(100);
  EXPECT_EQ(registry.total("brink_test_total"), 111);
  EXPECT_EQ(registry.total("brink_test_total", {{"site", "a"}}), 11);
  EXPECT_EQ(registry.total("brink_test_total", {{"shard", "1"}, {"site", "a"}}), 10);
  EXPECT_EQ(registry.total("brink_test_total", {{"site", "c"}}), 0);
  EXPECT_EQ(registry.total("brink_unknown"), 0);
}

TEST(RuntimeMetrics, CellsCountFromAllThreadsWhileRead) {
  MetricsRegistry registry;
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&registry] {
      Counter& counter = registry.counter("brink_test_total", "T.");
      Histogram& histogram = registry.histogram("brink_test_seconds", "T.");
      for (int n = 0; n < kEach; ++n) {
        counter.add();
        histogram.observe(static_cast<std::uint64_t>(n) * 1'000);
      }
    });
  }
  const auto counted = registry.total("brink_test_total");  // first: what it saw is there to be shown
  EXPECT_FALSE(registry.expose().empty() && counted > 0);
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(registry.total("brink_test_total"), kThreads * kEach);
  EXPECT_THAT(registry.expose(), HasSubstr("brink_test_seconds_count 20000\n"));
}

TEST(RuntimeMetricsDeathTest, ANameKeepsItsKind) {
  MetricsRegistry registry;
  registry.counter("brink_test_total", "T.");
  EXPECT_DEATH(registry.gauge("brink_test_total", "T."), "CHECK failed");
  EXPECT_DEATH(registry.counter("brink test", "T."), "CHECK failed");
}

}  // namespace
}  // namespace brink
