// What purges cost inside a node: memory of tags, a purge of a tag on everything stored, many
// different purges, and what a hit's lookup takes while the reclaimer walks.
//
// purge_bench [responses]: 1,000,000 by default (about 2 GB). Exit status 1 when a bound of the
// design is broken: 16 bytes per pair of tag and response, memory that does not come back.

#include <fmt/core.h>
#include <jemalloc/jemalloc.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "config/runtime/random.h"
#include "edge/cache/key.h"
#include "edge/purge_target.h"

namespace brink::edge {
namespace {

constexpr std::size_t kTags = 10;
constexpr std::uint64_t kPairLimitBytes = 16;
const SystemClock clock_of_this;

class AnyVariant final : public store::Selector {
 public:
  std::int64_t score(const store::StoredResponse&) const noexcept override { return 1; }
};

std::uint64_t resident_bytes() {
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  const std::string purge = fmt::format("arena.{}.purge", MALLCTL_ARENAS_ALL);
  mallctl(purge.c_str(), nullptr, nullptr, nullptr, 0);
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages_total = 0;
  std::uint64_t pages_resident = 0;
  statm >> pages_total >> pages_resident;
  return pages_resident * 4096;
}

double microseconds(Ticks since) {
  return std::chrono::duration<double, std::micro>(clock_of_this.ticks() - since).count();
}

// As a shop has them: one tag of its own, a few of many, one that all carry.
std::vector<std::string> tags_of(std::uint64_t number) {
  std::vector<std::string> out = {"everything", fmt::format("product-{}", number)};
  for (std::uint64_t i = 2; i < kTags; ++i)
    out.push_back(fmt::format("category-{}", (number * (i * 2 + 1)) % (1000 * i)));
  return out;
}

bool put(store::Store& store, std::uint64_t number, bool tagged, std::uint64_t as_of) {
  const std::string key = fmt::format("https://shop.example.com/products/{}.html", number);
  std::vector<std::string> names;
  std::vector<store::Tag> tags;
  if (tagged) names = tags_of(number);
  for (const std::string& name : names) tags.push_back({purge::hash_tag(name), name, false});
  auto writer = store.begin({.key = cache::make_cache_key_of_text(key),
                             .variant_key = {},
                             .head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n",
                             .meta = {},
                             .announced_length = 64,
                             .as_of = as_of,
                             .tags = tags,
                             .store = true});
  if (!writer) return false;
  (*writer)->append(std::string(64, 'b'));
  return (*writer)->commit();
}

std::unique_ptr<store::Store> filled(std::uint64_t responses, bool tagged) {
  auto store = store::make_memory_store({.ceiling_bytes = 16ULL << 30U});
  for (std::uint64_t i = 0; i < responses; ++i) CHECK(put(*store, i, tagged, 0));
  return store;
}

bool measure_tag_memory(std::uint64_t responses) {
  std::uint64_t bytes[2] = {};
  for (const bool tagged : {false, true}) {
    const std::uint64_t before = resident_bytes();
    const auto store = filled(responses, tagged);
    bytes[tagged ? 1 : 0] = resident_bytes() - before;
  }
  const double pair = static_cast<double>(bytes[1] - bytes[0]) / static_cast<double>(responses * kTags);
  fmt::print("tags: {} responses with {} tags each: {:.1f} resident bytes per pair (limit {})\n",
             responses, kTags, pair, kPairLimitBytes);
  return pair <= static_cast<double>(kPairLimitBytes);
}

purge::Record tag_purge(std::uint64_t sequence, std::string tag) {
  purge::Record record;
  record.sequence = sequence;
  record.selector.kind = purge::Selector::Kind::Tags;
  record.selector.values = {std::move(tag)};
  return record;
}

void print_percentiles(const char* what, std::vector<double>& us) {
  std::sort(us.begin(), us.end());
  const auto at = [&](double share) { return us[static_cast<std::size_t>(share * static_cast<double>(us.size() - 1))]; };
  fmt::print("{}: p50 {:.2f} us, p99 {:.2f} us, p99.9 {:.2f} us ({} samples)\n", what, at(0.5), at(0.99),
             at(0.999), us.size());
}

// Lookup and read check of random responses, as a hit does them, until `done`.
std::vector<double> hits_until(const std::atomic<bool>& done, store::Store& store, PurgeState& state,
                               std::uint64_t responses) {
  Random random(7);
  std::vector<double> us;
  std::vector<std::string> keys;
  for (int i = 0; i < 10'000; ++i)
    keys.push_back(fmt::format("https://shop.example.com/products/{}.html", random.below(responses)));
  for (std::size_t i = 0; !done && us.size() < 2'000'000; ++i) {
    const std::string& text = keys[i % keys.size()];
    const Ticks start = clock_of_this.ticks();
    const std::uint64_t as_of = state.position.applied();
    const auto found = store.lookup(cache::make_cache_key_of_text(text), AnyVariant{});
    if (found && found->as_of() < as_of) {
      const auto verdict = state.marks.check(
          {.uri = purge::uri_of_key(found->key()), .site = "shop", .tags = found->tags().packed()},
          found->as_of());
      if (verdict.is == purge::Verdict::Is::Untouched) found->raise_as_of(as_of);
    }
    us.push_back(microseconds(start));
  }
  return us;
}

bool measure_purges(std::uint64_t responses) {
  MetricsRegistry metrics;
  PurgeState state{{}};
  const auto store = filled(responses, true);
  PurgeTarget target(state, *store, clock_of_this);
  Reclaimer reclaimer(state, *store, metrics, {});
  std::atomic<bool> done{false};
  std::vector<double> quiet;
  {
    std::thread reader([&] { quiet = hits_until(done, *store, state, responses); });
    const Ticks end = clock_of_this.ticks() + std::chrono::seconds(2);
    while (clock_of_this.ticks() < end) std::this_thread::yield();
    done = true;
    reader.join();
  }
  print_percentiles("lookup and check, nothing purged", quiet);

  const auto apply = [&](purge::Record record) {
    const Ticks start = clock_of_this.ticks();
    const auto matched = target.apply(record, false);
    state.position.set_applied(record.sequence);
    const double us = microseconds(start);
    return std::pair{us, matched};
  };
  const auto [all_us, all] = apply(tag_purge(1, "everything"));
  fmt::print("purge of a tag on {} responses: in force after {:.1f} us\n", all.responses.value_or(0), all_us);
  Ticks start = clock_of_this.ticks();
  while (reclaimer.step()) {}
  fmt::print("the reclaimer has freed them after {:.0f} ms; {} are left\n", microseconds(start) / 1000,
             store->stats().responses);

  for (std::uint64_t i = 0; i < responses; ++i) put(*store, i, true, 1);
  const std::uint64_t before = resident_bytes();
  constexpr std::uint64_t kDistinct = 100'000;
  done = false;
  std::vector<double> stormy;
  std::thread reader([&] { stormy = hits_until(done, *store, state, responses); });
  std::vector<double> applied_us;
  std::size_t marks_max = 0;
  start = clock_of_this.ticks();
  for (std::uint64_t i = 0; i < kDistinct; ++i) {
    applied_us.push_back(apply(tag_purge(2 + i, fmt::format("nobody-{}", i))).first);
    reclaimer.step();
    if (i % 1000 == 0) marks_max = std::max(marks_max, state.marks.size());
  }
  const double storm_s = microseconds(start) / 1e6;
  while (reclaimer.step()) {}
  done = true;
  reader.join();
  print_percentiles("applying one of 100,000 distinct tag purges", applied_us);
  fmt::print("{:.0f} purges/s with the reclaimer between them; marks at most {}, at the end {}; resident {:+} KiB\n",
             static_cast<double>(kDistinct) / storm_s, marks_max, state.marks.size(),
             (static_cast<std::int64_t>(resident_bytes()) - static_cast<std::int64_t>(before)) / 1024);
  print_percentiles("lookup and check during the storm", stormy);
  return state.marks.size() == 0;
}

}  // namespace
}  // namespace brink::edge

int main(int argc, char** argv) {
  std::uint64_t responses = 1'000'000;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), responses);
  const bool lean = brink::edge::measure_tag_memory(responses);
  const bool clean = brink::edge::measure_purges(responses);
  return lean && clean ? 0 : 1;
}
