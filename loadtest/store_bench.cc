// What the memory store costs: resident bytes for each stored response beyond its head and body,
// hits per second on one and two threads, insertions with eviction per second. Run in a Release
// build with jemalloc: `store_bench [responses]`. Exits with 1 when the metadata of a stored 1 KiB
// response exceeds 256 bytes.

#include <fmt/core.h>
#include <jemalloc/jemalloc.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/runtime/clock.h"
#include "config/runtime/random.h"
#include "edge/cache/key.h"
#include "edge/store/size_class.h"
#include "edge/store/store.h"

namespace brink::edge::store {
namespace {

constexpr std::size_t kBodyBytes = 1024;
constexpr std::uint64_t kMetadataLimitBytes = 256;
constexpr std::uint64_t kLookupsPerThread = 3'000'000;

class AnyVariant final : public Selector {
 public:
  std::int64_t score(const StoredResponse&) const noexcept override { return 1; }
};

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages_total = 0;
  std::uint64_t pages_resident = 0;
  statm >> pages_total >> pages_resident;
  return pages_resident * 4096;
}

// What earlier measurements freed goes back to the system first.
std::uint64_t resident_baseline() {
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  const std::string purge = fmt::format("arena.{}.purge", MALLCTL_ARENAS_ALL);
  mallctl(purge.c_str(), nullptr, nullptr, nullptr, 0);
  return resident_bytes();
}

// As real ones are: 40 to 60 bytes of key, heads of about 250 to 450.
cache::CacheKey key_of(std::uint64_t number, std::string& buffer) {
  buffer.clear();
  fmt::format_to(std::back_inserter(buffer), "https://shop.example.com/products/{}/{}.html",
                 number % 97, number);
  return cache::make_cache_key_of_text(buffer);
}

void head_of(std::uint64_t number, std::string& head) {
  head.clear();
  fmt::format_to(std::back_inserter(head),
                 "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nContent-Type: "
                 "text/html; charset=utf-8\r\n"
                 "Cache-Control: public, max-age=3600\r\nETag: \"{:016x}\"\r\n"
                 "Last-Modified: Sat, 21 Nov 2026 09:00:00 GMT\r\nServer: origin/1.0\r\nX-Pad: ",
                 number * 0x9e3779b97f4a7c15ULL);
  head.append(number * 7919 % 200, 'x');
  head.append("\r\n");
}

bool put(Store& store, std::uint64_t number, std::string_view body) {
  thread_local std::string key;
  thread_local std::string head;
  head_of(number, head);
  NewResponse fresh{
      .key = key_of(number, key), .variant_key = {}, .head = head, .meta = {}, .store = true};
  fresh.announced_length = body.size();
  auto writer = store.begin(fresh);
  if (!writer) return false;
  (*writer)->append(body);
  return (*writer)->commit();
}

bool measure_metadata(std::uint64_t responses) {
  MemoryStoreOptions options;
  options.ceiling_bytes = 8ULL << 30U;
  const std::string body(kBodyBytes, 'b');
  const std::unique_ptr<Store> store = make_memory_store(options);
  std::uint64_t payload = 0;
  std::string head;
  const std::uint64_t before = resident_baseline();
  for (std::uint64_t i = 0; i < responses; ++i) {
    if (!put(*store, i, body)) return false;
    head_of(i, head);
    payload += head.size() + body.size();
  }
  const std::uint64_t resident = resident_bytes() - before;
  const std::uint64_t charged = store->stats().bytes_used;
  const std::uint64_t metadata = (resident - payload) / responses;
  fmt::print("responses {}, head+body {} B each, resident {} B each, charged {} B each\n",
             responses, payload / responses, resident / responses, charged / responses);
  fmt::print("metadata: {} B each (limit {}), key included; resident/charged {:.3f}\n", metadata,
             kMetadataLimitBytes, static_cast<double>(resident) / static_cast<double>(charged));
  return metadata <= kMetadataLimitBytes;
}

// Hits over 10,000 responses, each lookup with the key's text made and hashed before.
void measure_hits(unsigned threads) {
  constexpr std::uint64_t kResponses = 10'000;
  const std::unique_ptr<Store> store = make_memory_store({});
  const std::string body(kBodyBytes, 'b');
  for (std::uint64_t i = 0; i < kResponses; ++i)
    put(*store, i, body);
  std::vector<std::string> texts(kResponses);
  std::vector<cache::CacheKey> keys;
  for (std::uint64_t i = 0; i < kResponses; ++i)
    keys.push_back(key_of(i, texts[i]));
  const SystemClock clock;
  const Ticks start = clock.ticks();
  std::vector<std::thread> running;
  std::atomic<std::uint64_t> hits{0};
  for (unsigned t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      Random random(t + 1);
      const AnyVariant any;
      std::uint64_t found = 0;
      for (std::uint64_t i = 0; i < kLookupsPerThread; ++i) {
        const ResponsePtr response = store->lookup(keys[random.below(kResponses)], any);
        found += response != nullptr && response->contiguous_body()->size() == kBodyBytes ? 1 : 0;
      }
      hits += found;
    });
  }
  for (std::thread& thread : running)
    thread.join();
  const double seconds = std::chrono::duration<double>(clock.ticks() - start).count();
  fmt::print("hits, {} thread(s): {:.2f} million/s\n", threads,
             static_cast<double>(hits) / seconds / 1e6);
}

void measure_eviction() {
  constexpr std::uint64_t kPuts = 500'000;
  MemoryStoreOptions options;
  options.ceiling_bytes = 64ULL << 20U;
  const std::unique_ptr<Store> store = make_memory_store(options);
  const std::string body(kBodyBytes, 'b');
  const SystemClock clock;
  const Ticks start = clock.ticks();
  for (std::uint64_t i = 0; i < kPuts; ++i)
    put(*store, i, body);
  const double seconds = std::chrono::duration<double>(clock.ticks() - start).count();
  const StoreStats stats = store->stats();
  fmt::print("insert and evict: {:.3f} million/s ({} evicted)\n",
             static_cast<double>(kPuts) / seconds / 1e6, stats.evicted_responses);
}

// Many sizes for long: what the process takes beside what the ceiling allows.
void measure_resident_under_churn() {
  constexpr std::uint64_t kPuts = 300'000;
  MemoryStoreOptions options;
  options.ceiling_bytes = 256ULL << 20U;
  const std::uint64_t before = resident_baseline();
  const std::unique_ptr<Store> store = make_memory_store(options);
  const std::string bytes(256 * 1024, 'b');
  Random random(1);
  std::uint64_t peak = 0;
  for (std::uint64_t i = 0; i < kPuts; ++i) {
    const std::uint64_t largest = random.chance(0.02) ? bytes.size() : 16 * 1024;
    put(*store, i, std::string_view(bytes).substr(0, random.below(largest)));
    if (i % 1000 == 0) peak = std::max(peak, resident_bytes() - before);
  }
  fmt::print("churn of mixed sizes: {} MiB charged of {}, {} MiB resident at most\n",
             store->stats().bytes_used >> 20U, options.ceiling_bytes >> 20U, peak >> 20U);
}

bool size_classes_agree() {
  for (std::uint64_t size = 1; size < 4 * 1024 * 1024; size += size < 70'000 ? 1 : 997) {
    const std::uint64_t charged = allocation_bytes(size);
    const std::uint64_t real = nallocx(size, 0) + (size > 14'336 ? 4096 : 0);
    if (charged != real) {
      fmt::print("size class of {}: charged {}, jemalloc {}\n", size, charged, real);
      return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace brink::edge::store

int main(int argc, char** argv) {
  using namespace brink::edge::store;
  std::uint64_t responses = 500'000;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), responses);
  const bool sound = measure_metadata(responses) && size_classes_agree();
  measure_hits(1);
  measure_hits(2);
  measure_eviction();
  measure_resident_under_churn();
  return sound ? 0 : 1;
}
