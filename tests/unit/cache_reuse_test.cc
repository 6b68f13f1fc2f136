// RFC 9111 §4, §4.2.4, §5.2; RFC 5861 §3, §4; RFC 8246 §2.
#include "cache_support.h"
#include "edge/cache/reuse.h"

namespace brink::edge::cache {
namespace {

using test::after;
using test::lines;
using test::Stored;

std::string_view name(Reuse reuse) {
  constexpr std::string_view kNames[] = {"fresh", "stale+validate", "validate"};
  return kNames[static_cast<std::size_t>(reuse)];
}

struct Row {
  std::string_view response;
  std::int64_t resident_s;
  std::string_view request;
  Reuse reuse;
  Reason reason;
};

constexpr Reuse kFresh = Reuse::Fresh;
constexpr Reuse kStale = Reuse::ServeStaleAndValidate;
constexpr Reuse kValidate = Reuse::MustValidate;

void check(const Row& row, const Policy& policy = {}) {
  const Stored stored{row.response};
  const auto request = parse_request_directives(lines(row.request));
  const auto decision = decide_reuse(request, stored.meta, policy, after(row.resident_s));
  EXPECT_EQ(name(decision.reuse), name(row.reuse))
      << row.response << " | " << row.request << " @" << row.resident_s;
  EXPECT_EQ(decision.reason, row.reason)
      << row.response << " | " << row.request << " @" << row.resident_s;
}

TEST(Reuse, Freshness) {
  const Row rows[] = {
      // §4.2: fresh while lifetime > age
      {"Cache-Control: max-age=10", 0, "", kFresh, Reason::Fresh},
      {"Cache-Control: max-age=10", 9, "", kFresh, Reason::Fresh},
      {"Cache-Control: max-age=10", 10, "", kValidate, Reason::Expired},
      {"Cache-Control: max-age=10\nAge: 4", 5, "", kFresh, Reason::Fresh},
      {"Cache-Control: max-age=10\nAge: 4", 6, "", kValidate, Reason::Expired},
      {"Cache-Control: max-age=10\nDate: {-4}", 6, "", kValidate, Reason::Expired},
      {"Cache-Control: max-age=2147483648", 1'000'000, "", kFresh, Reason::Fresh},
      {"Cache-Control: max-age=2147483648\nAge: 2147483648", 0, "", kValidate, Reason::Expired},
      {"Expires: {10}\nDate: {0}", 9, "", kFresh, Reason::Fresh},
      {"Expires: {10}\nDate: {0}", 10, "", kValidate, Reason::Expired},
      {"CDN-Cache-Control: max-age=10\nCache-Control: max-age=1", 9, "", kFresh, Reason::Fresh},
      // a clock that went backwards
      {"Cache-Control: max-age=10", -100, "", kFresh, Reason::Fresh},
      // no freshness, invalid freshness (§4.2.1)
      {"ETag: \"a\"", 0, "", kValidate, Reason::NoFreshness},
      {"Cache-Control: max-age=x", 0, "", kValidate, Reason::InvalidFreshness},
      {"Expires: 0", 0, "", kValidate, Reason::InvalidFreshness},
      {"Cache-Control: max-age=0", 0, "", kValidate, Reason::Expired},
      // §5.2.2.4
      {"Cache-Control: no-cache, max-age=10", 0, "", kValidate, Reason::NoCacheResponse},
      {"Cache-Control: NO-CACHE, max-age=10, stale-while-revalidate=99", 0, "", kValidate,
       Reason::NoCacheResponse},
      {"Cache-Control: no-cache=\"x\", max-age=10", 0, "", kFresh, Reason::Fresh},
      {"CDN-Cache-Control: no-cache\nCache-Control: max-age=10", 0, "", kValidate,
       Reason::NoCacheResponse},
      // §5.2.2.2: fresh → reuse, stale → validate
      {"Cache-Control: max-age=10, must-revalidate", 9, "", kFresh, Reason::Fresh},
      {"Cache-Control: max-age=10, must-revalidate", 10, "", kValidate, Reason::MustRevalidate},
      {"Cache-Control: max-age=10, proxy-revalidate", 10, "", kValidate, Reason::MustRevalidate},
      {"Cache-Control: s-maxage=10", 9, "", kFresh, Reason::Fresh},
      {"Cache-Control: s-maxage=10", 10, "", kValidate, Reason::MustRevalidate},
  };
  for (const Row& row : rows)
    check(row);
}

TEST(Reuse, StaleWhileRevalidate) {  // RFC 5861 §3
  const Row rows[] = {
      {"Cache-Control: max-age=10, stale-while-revalidate=5", 9, "", kFresh, Reason::Fresh},
      {"Cache-Control: max-age=10, stale-while-revalidate=5", 10, "", kStale,
       Reason::StaleWhileRevalidate},
      {"Cache-Control: max-age=10, stale-while-revalidate=5", 14, "", kStale,
       Reason::StaleWhileRevalidate},
      {"Cache-Control: max-age=10, stale-while-revalidate=5", 15, "", kValidate, Reason::Expired},
      {"Cache-Control: max-age=10, stale-while-revalidate=0", 10, "", kValidate, Reason::Expired},
      // over tiers the window counts from the total age
      {"Cache-Control: max-age=10, stale-while-revalidate=5\nAge: 12", 0, "", kStale,
       Reason::StaleWhileRevalidate},
      {"Cache-Control: max-age=10, stale-while-revalidate=5\nAge: 12", 3, "", kValidate,
       Reason::Expired},
      {"Expires: {10}\nDate: {0}\nCache-Control: stale-while-revalidate=5", 12, "", kStale,
       Reason::StaleWhileRevalidate},
      {"CDN-Cache-Control: max-age=10, stale-while-revalidate=5", 12, "", kStale,
       Reason::StaleWhileRevalidate},
      // forbidden
      {"Cache-Control: max-age=10, stale-while-revalidate=5, must-revalidate", 12, "", kValidate,
       Reason::MustRevalidate},
      {"Cache-Control: max-age=10, stale-while-revalidate=5, proxy-revalidate", 12, "", kValidate,
       Reason::MustRevalidate},
      {"Cache-Control: s-maxage=10, stale-while-revalidate=5", 12, "", kValidate,
       Reason::MustRevalidate},
      {"Cache-Control: no-cache, stale-while-revalidate=5\nETag: \"a\"", 0, "", kValidate,
       Reason::NoCacheResponse},
      // without freshness to count from
      {"Cache-Control: stale-while-revalidate=50\nETag: \"a\"", 1, "", kValidate,
       Reason::NoFreshness},
      {"Cache-Control: max-age=x, stale-while-revalidate=50", 1, "", kValidate,
       Reason::InvalidFreshness},
  };
  for (const Row& row : rows)
    check(row);
}

constexpr std::string_view kTen = "Cache-Control: max-age=10";
constexpr std::string_view kTenSwr = "Cache-Control: max-age=10, stale-while-revalidate=5";
constexpr std::string_view kMust = "Cache-Control: max-age=10, must-revalidate";

TEST(Reuse, RequestDirectives) {  // §5.2.1
  const Row rows[] = {
      // max-age: no older than this
      {kTen, 3, "Cache-Control: max-age=3", kFresh, Reason::Fresh},
      {kTen, 4, "Cache-Control: max-age=3", kValidate, Reason::RequestMaxAge},
      {kTen, 0, "Cache-Control: max-age=0", kValidate, Reason::RequestMaxAge},
      {kTen, 5, "Cache-Control: max-age=100", kFresh, Reason::Fresh},
      {kTen, 10, "Cache-Control: max-age=100", kValidate, Reason::Expired},
      {"Cache-Control: max-age=60\nAge: 5", 0, "Cache-Control: max-age=4", kValidate,
       Reason::RequestMaxAge},
      // min-fresh
      {kTen, 5, "Cache-Control: min-fresh=5", kFresh, Reason::Fresh},
      {kTen, 6, "Cache-Control: min-fresh=5", kValidate, Reason::RequestMinFresh},
      {kTenSwr, 12, "Cache-Control: min-fresh=1", kValidate, Reason::RequestMinFresh},
      // max-stale
      {kTen, 15, "Cache-Control: max-stale=5", kFresh, Reason::FreshByRequestMaxStale},
      {kTen, 16, "Cache-Control: max-stale=5", kValidate, Reason::Expired},
      {kTen, 1'000'000, "Cache-Control: max-stale", kFresh, Reason::FreshByRequestMaxStale},
      {kTen, 10, "Cache-Control: max-stale=0", kFresh, Reason::FreshByRequestMaxStale},
      {kTen, 15, "Cache-Control: max-stale=5, max-age=12", kValidate, Reason::RequestMaxAge},
      {kTenSwr, 12, "Cache-Control: max-stale=5", kFresh, Reason::FreshByRequestMaxStale},
      {kMust, 12, "Cache-Control: max-stale", kValidate, Reason::MustRevalidate},
      {"Cache-Control: s-maxage=10", 12, "Cache-Control: max-stale", kValidate,
       Reason::MustRevalidate},
      {"ETag: \"a\"", 1, "Cache-Control: max-stale", kValidate, Reason::NoFreshness},
      {"Expires: 0", 1, "Cache-Control: max-stale", kValidate, Reason::InvalidFreshness},
      // no-cache, Pragma (§5.4)
      {kTen, 0, "Cache-Control: no-cache", kValidate, Reason::NoCacheRequest},
      {kTen, 0, "Pragma: no-cache", kValidate, Reason::NoCacheRequest},
      {kTen, 0, "Pragma: no-cache\nCache-Control: max-age=5", kFresh, Reason::Fresh},
      {kTenSwr, 12, "Cache-Control: no-cache", kValidate, Reason::NoCacheRequest},
      // unknown ones change nothing
      {kTen, 0, "Cache-Control: foo, bar=baz\nPragma: foo", kFresh, Reason::Fresh},
      {kTen, 0, "Cache-Control: only-if-cached", kFresh, Reason::Fresh},
      // immutable (RFC 8246 §2): a reload is no reason, a forced one is
      {"Cache-Control: max-age=10, immutable", 5, "Cache-Control: max-age=0", kFresh,
       Reason::Fresh},
      {"Cache-Control: max-age=10, immutable", 5, "Cache-Control: no-cache", kValidate,
       Reason::NoCacheRequest},
      {"Cache-Control: max-age=10, immutable", 10, "Cache-Control: max-age=0", kValidate,
       Reason::RequestMaxAge},
  };
  for (const Row& row : rows)
    check(row);
}

TEST(Reuse, SiteMayIgnoreRequestDirectives) {
  Policy deaf;
  deaf.honour_request_directives = false;
  for (const std::string_view request : {"Cache-Control: no-cache", "Cache-Control: max-age=0",
                                         "Pragma: no-cache", "Cache-Control: min-fresh=99"}) {
    check({kTen, 5, request, kFresh, Reason::Fresh}, deaf);
  }
  check({kTen, 15, "Cache-Control: max-stale", kValidate, Reason::Expired}, deaf);
}

struct FailureRow {
  std::string_view response;
  std::int64_t resident_s;
  UpstreamFailure failure;
  std::string_view request;
  Reason reason;
  int status = 200;
};

constexpr UpstreamFailure kDown = UpstreamFailure::Unreachable;
constexpr UpstreamFailure kError = UpstreamFailure::ErrorResponse;
constexpr std::string_view kSie = "Cache-Control: max-age=10, stale-if-error=20";
constexpr std::int64_t kDay = 24 * 3600;

void check(const FailureRow& row, const Policy& policy = {}) {
  const Stored stored{row.response, row.status};
  const auto request = parse_request_directives(lines(row.request));
  const auto decision =
      decide_stale_on_failure(request, stored.meta, row.failure, policy, after(row.resident_s));
  EXPECT_EQ(decision.reason, row.reason)
      << row.response << " | " << row.request << " @" << row.resident_s;
  const bool serves = row.reason == Reason::StaleIfError ||
                      row.reason == Reason::StaleUnreachable ||
                      row.reason == Reason::FreshByRequestMaxStale;
  EXPECT_EQ(decision.serve_stale, serves) << row.response << " @" << row.resident_s;
}

TEST(StaleOnFailure, Windows) {  // RFC 5861 §4, RFC 9111 §4.2.4
  const FailureRow rows[] = {
      {kSie, 15, kError, "", Reason::StaleIfError},
      {kSie, 15, kDown, "", Reason::StaleIfError},
      {kSie, 29, kError, "", Reason::StaleIfError},
      {kSie, 30, kError, "", Reason::Expired},
      {kSie, 30, kDown, "", Reason::Expired},  // the directive is the whole allowance
      {"Cache-Control: max-age=10, stale-if-error=0", 10, kDown, "", Reason::Expired},
      {"CDN-Cache-Control: max-age=10, stale-if-error=20", 15, kError, "", Reason::StaleIfError},
      // from the total age, over tiers
      {"Cache-Control: max-age=10, stale-if-error=20\nAge: 25", 4, kError, "",
       Reason::StaleIfError},
      {"Cache-Control: max-age=10, stale-if-error=20\nAge: 25", 5, kError, "", Reason::Expired},
      // without the directive: unreachable only, at most a day
      {kTen, 15, kDown, "", Reason::StaleUnreachable},
      {kTen, 15, kError, "", Reason::Expired},
      {kTen, 10 + kDay - 1, kDown, "", Reason::StaleUnreachable},
      {kTen, 10 + kDay, kDown, "", Reason::Expired},
      {"ETag: \"a\"", 100, kDown, "", Reason::StaleUnreachable},
      {"Expires: 0\nETag: \"a\"", 100, kDown, "", Reason::StaleUnreachable},
      // a stored error is no better than ours
      {kTen, 15, kDown, "", Reason::StaleUnreachable, 404},
      {kTen, 15, kDown, "", Reason::Expired, 503},
      {kSie, 15, kDown, "", Reason::StaleIfError, 503},
      // never (§4.2.4)
      {"Cache-Control: max-age=10, stale-if-error=20, must-revalidate", 15, kDown, "",
       Reason::MustRevalidate},
      {"Cache-Control: max-age=10, stale-if-error=20, proxy-revalidate", 15, kError, "",
       Reason::MustRevalidate},
      {"Cache-Control: s-maxage=10, stale-if-error=20", 15, kDown, "", Reason::MustRevalidate},
      {"Cache-Control: no-cache, stale-if-error=20\nETag: \"a\"", 5, kDown, "",
       Reason::NoCacheResponse},
      // fresh yet, only too old for this client: still better than an error
      {kTen, 5, kDown, "Cache-Control: max-age=0", Reason::StaleUnreachable},
      {kSie, 5, kError, "Cache-Control: max-age=0", Reason::StaleIfError},
      {kTen, 5, kDown, "Cache-Control: no-cache", Reason::NoCacheRequest},
      // what the request allows
      {kTen, 15, kError, "Cache-Control: stale-if-error=10", Reason::StaleIfError},
      {kTen, 20, kError, "Cache-Control: stale-if-error=10", Reason::Expired},
      {kSie, 15, kError, "Cache-Control: stale-if-error=1", Reason::StaleIfError},
      {kTen, 15, kError, "Cache-Control: max-stale=5", Reason::FreshByRequestMaxStale},
      {kMust, 15, kError, "Cache-Control: max-stale, stale-if-error=99", Reason::MustRevalidate},
  };
  for (const FailureRow& row : rows)
    check(row);
}

TEST(StaleOnFailure, Policy) {
  Policy none;
  none.stale_if_unreachable_s = 0;
  check({kTen, 10, kDown, "", Reason::Expired}, none);
  check({kSie, 15, kDown, "", Reason::StaleIfError}, none);
  Policy minute;
  minute.stale_if_unreachable_s = 60;
  check({kTen, 69, kDown, "", Reason::StaleUnreachable}, minute);
  check({kTen, 70, kDown, "", Reason::Expired}, minute);
  Policy deaf;
  deaf.honour_request_directives = false;
  check({kTen, 15, kDown, "Cache-Control: no-cache", Reason::StaleUnreachable}, deaf);
  check({kTen, 15, kError, "Cache-Control: stale-if-error=10", Reason::Expired}, deaf);
}

}  // namespace
}  // namespace brink::edge::cache
