#pragma once
// Counters, gauges and histograms, exposed in the Prometheus text format.
//
// A cell belongs to whoever asked for it (a shard, the store) and lives as long as the registry. Cells of
// the same name and labels are summed when read, so each shard counts in its own cache line.
// Names: brink_<folder>_<what>_<unit>; the help text is the documentation (docs/metrics.md is made of it).

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brink {

class alignas(64) Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class alignas(64) Gauge {
 public:
  static constexpr std::int64_t kAbsent = INT64_MIN;  // set to this, it is not exposed
  void set(std::int64_t v) noexcept { value_.store(v, std::memory_order_relaxed); }
  void add(std::int64_t n) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Durations in fixed buckets from 50 us to 60 s (upper bounds in metrics.cc, seconds).
class alignas(64) Histogram {
 public:
  static constexpr std::size_t kBuckets = 20;
  void observe(std::uint64_t nanoseconds) noexcept;

 private:
  friend class MetricsRegistry;
  std::array<std::atomic<std::uint64_t>, kBuckets + 1> counts_{};
  std::atomic<std::uint64_t> sum_ns_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

// Registration and exposition are cold and locked; the cells themselves are lock-free.
class MetricsRegistry {
 public:
  MetricsRegistry();
  ~MetricsRegistry();
  // Each call returns a new cell. The reference stays valid for the registry's life.
  // REQUIRES: the same name is always registered with the same kind and help text.
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, Labels labels = {});
  // Prometheus text format 0.0.4, families in alphabetical order, cells of equal labels summed.
  std::string expose() const;
  // The sum over all cells of a counter or gauge whose labels contain all of `labels`; for tests, stats.
  std::int64_t total(std::string_view name, const Labels& labels = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace brink
