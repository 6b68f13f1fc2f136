// The cache core's share of a hit: what each decision costs per request, with the fields that a
// browser sends.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "edge/cache/byte_range.h"
#include "edge/cache/freshness.h"
#include "edge/cache/http_date.h"
#include "edge/cache/key.h"
#include "edge/cache/reuse.h"
#include "edge/cache/storable.h"
#include "edge/cache/validation.h"
#include "edge/cache/vary.h"

namespace {

using namespace brink;
using namespace brink::edge::cache;

constexpr TimePoint kNow{Seconds{1'795'341'600}};

const std::vector<Field>& browser_request() {
  static const std::vector<Field> kFields = {
      {"Host", "shop.example.com"},
      {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},
      {"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
      {"Accept-Language", "de,en-US;q=0.7,en;q=0.3"},
      {"Accept-Encoding", "gzip, deflate, br, zstd"},
      {"Referer", "https://shop.example.com/"},
      {"Connection", "keep-alive"},
      {"Cookie", "session=0123456789abcdef; theme=dark"},
      {"Sec-Fetch-Dest", "document"},
      {"Sec-Fetch-Mode", "navigate"},
      {"Sec-Fetch-Site", "same-origin"},
      {"Upgrade-Insecure-Requests", "1"},
  };
  return kFields;
}

std::vector<Field> with(Field extra) {
  std::vector<Field> fields = browser_request();
  fields.push_back(extra);
  return fields;
}

const std::vector<Field>& origin_response() {
  static const std::vector<Field> kFields = {
      {"Date", "Sun, 22 Nov 2026 10:00:00 GMT"},
      {"Server", "nginx"},
      {"Content-Type", "text/html; charset=utf-8"},
      {"Content-Length", "12345"},
      {"Connection", "keep-alive"},
      {"Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT"},
      {"ETag", "\"67403a2f-3039\""},
      {"Cache-Control", "public, max-age=600, stale-while-revalidate=30, stale-if-error=86400"},
      {"Vary", "Accept-Encoding"},
      {"X-Frame-Options", "DENY"},
  };
  return kFields;
}

ResponseContext context() {
  ResponseContext out;
  out.method = "GET";
  out.status = 200;
  out.fields = origin_response();
  out.request_time = kNow;
  out.response_time = kNow;
  return out;
}

struct Stored {
  std::string head;
  StoredMeta meta;
  Stored() {
    const auto directives = parse_response_directives(origin_response());
    meta = decide_storable(context(), directives, {}).meta;
    build_stored_head(context(), directives, head, meta);
  }
};

void parse_request_directives_none(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(parse_request_directives(browser_request()));
}
BENCHMARK(parse_request_directives_none);

void parse_request_directives_reload(benchmark::State& state) {
  const auto request = with({"Cache-Control", "max-age=0"});
  for (auto _ : state)
    benchmark::DoNotOptimize(parse_request_directives(request));
}
BENCHMARK(parse_request_directives_reload);

void decide_reuse_fresh(benchmark::State& state) {
  const Stored stored;
  const RequestDirectives none;
  const Policy policy;
  for (auto _ : state)
    benchmark::DoNotOptimize(decide_reuse(none, stored.meta, policy, kNow + Seconds{60}));
}
BENCHMARK(decide_reuse_fresh);

void make_key(benchmark::State& state) {
  std::string buffer;
  const KeyInput input{"https", "shop.example.com", "/products/garden/chairs?colour=green&page=2"};
  for (auto _ : state)
    benchmark::DoNotOptimize(make_cache_key(input, buffer));
}
BENCHMARK(make_key);

void variant_key_of(benchmark::State& state, std::string_view vary) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_variant_key(vary, browser_request(), out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK_CAPTURE(variant_key_of, encoding, "Accept-Encoding");
BENCHMARK_CAPTURE(variant_key_of, language, "Accept-Language");
BENCHMARK_CAPTURE(variant_key_of, three, "Accept-Encoding, Cookie, X-Absent");

void preconditions_none(benchmark::State& state) {
  const Stored stored;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        evaluate_preconditions("GET", browser_request(), stored.meta, stored.head, kNow));
  }
}
BENCHMARK(preconditions_none);

void preconditions_if_none_match(benchmark::State& state) {
  const Stored stored;
  const auto request = with({"If-None-Match", "\"67403a2f-3039\""});
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        evaluate_preconditions("GET", request, stored.meta, stored.head, kNow));
  }
}
BENCHMARK(preconditions_if_none_match);

void preconditions_if_modified_since(benchmark::State& state) {
  const Stored stored;
  const auto request = with({"If-Modified-Since", "Sat, 21 Nov 2026 11:00:00 GMT"});
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        evaluate_preconditions("GET", request, stored.meta, stored.head, kNow));
  }
}
BENCHMARK(preconditions_if_modified_since);

void resolve_one_range(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(resolve_ranges("bytes=1000-1999", 1'000'000));
}
BENCHMARK(resolve_one_range);

void format_date(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(format_http_date(kNow));
}
BENCHMARK(format_date);

void parse_date(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_http_date("Sat, 21 Nov 2026 11:00:00 GMT", kNow));
  }
}
BENCHMARK(parse_date);

// The store path, for comparison: once per fetch, not per hit.
void store_response(benchmark::State& state) {
  std::string head;
  for (auto _ : state) {
    const auto directives = parse_response_directives(origin_response());
    StoreDecision decision = decide_storable(context(), directives, {});
    build_stored_head(context(), directives, head, decision.meta);
    benchmark::DoNotOptimize(head.data());
  }
}
BENCHMARK(store_response);

void freshen_from_304(benchmark::State& state) {
  const Stored stored;
  std::string head;
  StoredMeta meta;
  for (auto _ : state) {
    benchmark::DoNotOptimize(freshen(stored.head, stored.meta, context(), {}, head, meta));
  }
}
BENCHMARK(freshen_from_304);

}  // namespace

BENCHMARK_MAIN();
