#include "config/runtime/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>

#include "config/runtime/error.h"

namespace brink {

namespace {

constexpr std::array<std::uint64_t, Histogram::kBuckets> kBoundsNs = {
    50'000,        100'000,        250'000,        500'000,        1'000'000,
    2'500'000,     5'000'000,      10'000'000,     25'000'000,     50'000'000,
    100'000'000,   250'000'000,    500'000'000,    1'000'000'000,  2'500'000'000,
    5'000'000'000, 10'000'000'000, 20'000'000'000, 30'000'000'000, 60'000'000'000};

// The same bounds as Prometheus prints them; written out, so that no division blurs the last digit.
constexpr std::array<double, Histogram::kBuckets> kBoundsSeconds = {
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1,     0.25,   0.5,     1.0,    2.5,   5.0,    10.0,  20.0, 30.0,  60.0};

bool is_word(std::string_view text, std::string_view extra) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           extra.find(c) != std::string_view::npos;
  });
}

// Help is one line in the text format, and the serializer writes it as it is.
std::string escape_help(std::string_view help) {
  std::string out;
  for (char c : help) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

void Histogram::observe(std::uint64_t nanoseconds) noexcept {
  const auto* bound = std::lower_bound(kBoundsNs.begin(), kBoundsNs.end(), nanoseconds);
  const auto bucket = static_cast<std::size_t>(bound - kBoundsNs.begin());
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(nanoseconds, std::memory_order_relaxed);
}

// One series = the cells that were registered with equal labels. Deques, so that cells never move.
struct MetricsRegistry::Impl {
  struct Series {
    std::deque<Counter> counters;
    std::deque<Gauge> gauges;
    std::deque<Histogram> histograms;
  };
  struct Family {
    prometheus::MetricType type = prometheus::MetricType::Untyped;
    std::string help;
    std::map<Labels, Series> series;  // labels sorted by name
  };

  Series& series(std::string_view name, std::string_view help, Labels labels,
                 prometheus::MetricType type) {
    CHECK(is_word(name, ":"));
    std::sort(labels.begin(), labels.end());
    for (const auto& [label, value] : labels)
      CHECK(is_word(label, "") && label != "le");
    auto [it, is_new] = families.try_emplace(std::string(name));
    Family& family = it->second;
    if (is_new) {
      family.type = type;
      family.help = escape_help(help);
    }
    CHECK(family.type == type);
    CHECK(family.help == escape_help(help));
    return family.series[std::move(labels)];
  }

  static void fill(const Series& series, prometheus::ClientMetric& out);
  static std::int64_t sum(const Series& series);
  static bool is_absent(const Series& series) {
    return !series.gauges.empty() &&
           std::all_of(series.gauges.begin(), series.gauges.end(),
                       [](const Gauge& cell) { return cell.value() == Gauge::kAbsent; });
  }

  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
};

std::int64_t MetricsRegistry::Impl::sum(const Series& series) {
  std::int64_t total = 0;
  for (const Counter& cell : series.counters)
    total += static_cast<std::int64_t>(cell.value());
  for (const Gauge& cell : series.gauges) {
    const std::int64_t value = cell.value();  // once: it may change meanwhile
    if (value != Gauge::kAbsent) total += value;
  }
  return total;
}

void MetricsRegistry::Impl::fill(const Series& series, prometheus::ClientMetric& out) {
  out.counter.value = static_cast<double>(sum(series));
  out.gauge.value = out.counter.value;
  if (series.histograms.empty()) return;
  // The count is the sum of the buckets as read, so a scrape during observe() still adds up.
  std::uint64_t sum_ns = 0;
  std::array<std::uint64_t, Histogram::kBuckets + 1> counts{};
  for (const Histogram& cell : series.histograms) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      counts[i] += cell.counts_[i].load(std::memory_order_relaxed);
    }
    sum_ns += cell.sum_ns_.load(std::memory_order_relaxed);
  }
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
    cumulative += counts[i];
    out.histogram.bucket.push_back({cumulative, kBoundsSeconds[i]});
  }
  out.histogram.sample_count = cumulative + counts[Histogram::kBuckets];
  out.histogram.sample_sum = static_cast<double>(sum_ns) / 1e9;
}

MetricsRegistry::MetricsRegistry() : impl_(std::make_unique<Impl>()) {}
MetricsRegistry::~MetricsRegistry() = default;

Counter& MetricsRegistry::counter(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->series(name, help, std::move(labels), prometheus::MetricType::Counter)
      .counters.emplace_back();
}

Gauge& MetricsRegistry::gauge(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->series(name, help, std::move(labels), prometheus::MetricType::Gauge)
      .gauges.emplace_back();
}

Histogram& MetricsRegistry::histogram(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->series(name, help, std::move(labels), prometheus::MetricType::Histogram)
      .histograms.emplace_back();
}

std::string MetricsRegistry::expose() const {
  std::vector<prometheus::MetricFamily> out;
  {
    const std::lock_guard lock(impl_->mutex);
    out.reserve(impl_->families.size());
    for (const auto& [name, family] : impl_->families) {
      prometheus::MetricFamily& row = out.emplace_back();
      row.name = name;
      row.help = family.help;
      row.type = family.type;
      for (const auto& [labels, series] : family.series) {
        if (Impl::is_absent(series)) continue;
        prometheus::ClientMetric& metric = row.metric.emplace_back();
        for (const auto& [label, value] : labels)
          metric.label.push_back({label, value});
        Impl::fill(series, metric);
      }
    }
  }
  // Formatting happens outside the lock: a scrape never holds up a registration.
  const prometheus::TextSerializer serializer;
  return serializer.Serialize(out);
}

std::int64_t MetricsRegistry::total(std::string_view name, const Labels& labels) const {
  const std::lock_guard lock(impl_->mutex);
  const auto family = impl_->families.find(name);
  if (family == impl_->families.end()) return 0;
  std::int64_t total = 0;
  for (const auto& [have, series] : family->second.series) {
    const bool matches =
        std::all_of(labels.begin(), labels.end(), [&have = have](const auto& want) {
          return std::find(have.begin(), have.end(), want) != have.end();
        });
    if (matches) total += Impl::sum(series);
  }
  return total;
}

}  // namespace brink
