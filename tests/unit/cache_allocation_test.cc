// The decisions of the hit path allocate nothing (DESIGN.md section 3).
#include <cstdlib>
#include <new>

#include "cache_support.h"
#include "edge/cache/byte_range.h"
#include "edge/cache/freshness.h"
#include "edge/cache/key.h"
#include "edge/cache/reuse.h"
#include "edge/cache/vary.h"

namespace {
std::size_t allocations = 0;  // one thread
}

// Not inlined: the compiler would see new paired with free.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size > 0 ? size : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace brink::edge::cache {
namespace {

using test::kNow;
using test::lines;
using test::Stored;

template <class F>
std::size_t allocations_of(F&& f) {
  const std::size_t before = allocations;
  f();
  return allocations - before;
}

TEST(HitPath, AllocatesNothing) {
  const Stored stored{
      "ETag: \"a\"\nLast-Modified: {-50}\nCache-Control: max-age=10\nVary: Accept-Encoding, "
      "Accept-Language, Cookie"};
  const std::string text = test::with_dates(
      "Host: example.com\nCache-Control: max-age=5, no-transform\nAccept-Encoding: gzip, br;q=0.5\n"
      "Accept-Language: de, en;q=0.7\nCookie: a=b, c=d\nIf-None-Match: \"x\", "
      "\"a\"\nIf-Modified-Since: {-60}\n"
      "If-Range: \"a\"\nRange: bytes=0-1,5-6");
  const auto request = lines(text);
  std::string key;
  std::string scratch;
  const std::string_view vary = slice(stored.head, stored.meta.vary);
  const auto everything = [&] {
    make_cache_key({"https", "Example.com:443", "/a?b"}, key);
    VariantMatcher matcher{request, scratch};
    EXPECT_EQ(matcher.score(vary, "x", "de"), 0);
    const RequestDirectives directives = parse_request_directives(request);
    EXPECT_EQ(decide_reuse(directives, stored.meta, {}, kNow).reason, Reason::Fresh);
    EXPECT_FALSE(decide_stale_on_failure(directives, stored.meta, UpstreamFailure::ErrorResponse,
                                         {}, test::after(99))
                     .serve_stale);
    EXPECT_EQ(evaluate_preconditions("GET", request, stored.meta, stored.head, kNow),
              Precondition::NotModified);
    EXPECT_TRUE(if_range_holds(request, stored.meta, stored.head));
    EXPECT_EQ(resolve_ranges("bytes=0-1,5-6", 100).count, 2U);
    EXPECT_EQ(current_age(stored.meta, kNow), 0U);
    for_each_stored_field(stored.head,
                          [](const Field& field) { return !hidden_from_clients(field.name, false); });
    format_http_date(kNow);
  };
  everything();  // buffers grow
  EXPECT_EQ(allocations_of(everything), 0U);
  EXPECT_GT(allocations_of([] { std::string(100, 'a'); }), 0U);  // the counter counts
}

}  // namespace
}  // namespace brink::edge::cache
