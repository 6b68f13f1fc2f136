// Freshness lifetime (RFC 9111 §4.2.1, §4.2.2) and age (§4.2.3, §5.1).
#include "cache_support.h"
#include "edge/cache/freshness.h"

namespace brink::edge::cache {
namespace {

using test::after;
using test::Exchange;
using test::kNow;
using Source = FreshnessSource;

std::string_view name(Source source) {
  constexpr std::string_view kNames[] = {"none",    "targeted",  "s-maxage", "max-age",
                                         "expires", "heuristic", "rule",     "invalid"};
  return kNames[static_cast<std::size_t>(source)];
}

struct Row {
  std::string_view fields;
  std::uint32_t seconds;
  Source source;
  int status = 200;
};

void check(const Row& row, const Policy& policy = {}) {
  const Exchange exchange{row.fields, row.status};
  const auto lifetime = freshness_lifetime(exchange.context, exchange.directives(), policy);
  EXPECT_EQ(lifetime.seconds, row.seconds) << row.status << " " << row.fields;
  EXPECT_EQ(name(lifetime.source), name(row.source)) << row.status << " " << row.fields;
}

TEST(FreshnessLifetime, Explicit) {
  const Row rows[] = {
      {"", 0, Source::None},
      {"Cache-Control: max-age=60", 60, Source::MaxAge},
      {"Cache-Control: max-age=0", 0, Source::MaxAge},
      {"Cache-Control: max-age=99999999999", kMaxDelta, Source::MaxAge},
      // s-maxage before max-age, longer or shorter, in any order and line (§5.2.2.10)
      {"Cache-Control: max-age=60, s-maxage=5", 5, Source::SMaxAge},
      {"Cache-Control: s-maxage=600, max-age=60", 600, Source::SMaxAge},
      {"Cache-Control: max-age=0\nCache-Control: s-maxage=600", 600, Source::SMaxAge},
      // before Expires (§5.3)
      {"Cache-Control: max-age=60\nExpires: {-9}\nDate: {0}", 60, Source::MaxAge},
      {"Cache-Control: max-age=60\nExpires: 0", 60, Source::MaxAge},
      {"Cache-Control: max-age=0\nExpires: {600}", 0, Source::MaxAge},
      // invalid is stale, whatever else is there (§4.2.1)
      {"Cache-Control: max-age=x\nExpires: {600}\nDate: {0}", 0, Source::Invalid},
      {"Cache-Control: max-age=60, s-maxage=x", 0, Source::Invalid},
      {"Cache-Control: max-age=60, max-age=x", 0, Source::Invalid},
      {"Cache-Control: max-age=x\nLast-Modified: {-86400}", 0, Source::Invalid},
      // targeted (RFC 9213): before both, Expires does not count
      {"CDN-Cache-Control: max-age=9\nCache-Control: max-age=60\nExpires: {600}", 9,
       Source::TargetedMaxAge},
      {"CDN-Cache-Control: max-age=9, s-maxage=7", 7, Source::TargetedMaxAge},
      {"CDN-Cache-Control: max-age=-9\nCache-Control: max-age=60", 0, Source::Invalid},
      {"CDN-Cache-Control: foo\nCache-Control: max-age=60\nExpires: {600}", 0, Source::None},
      {"CDN-Cache-Control: &\nCache-Control: max-age=60", 60, Source::MaxAge},
  };
  for (const Row& row : rows)
    check(row);
}

TEST(FreshnessLifetime, Expires) {
  const Row rows[] = {
      {"Expires: {600}\nDate: {0}", 600, Source::Expires},
      {"Expires: {600}\nDate: {-100}", 700, Source::Expires},
      {"Expires: {600}\nDate: {100}", 500, Source::Expires},
      {"Expires: {600}", 600, Source::Expires},             // no Date: the time of receipt
      {"Expires: {600}\nDate: foo", 600, Source::Expires},  // invalid Date: ditto
      {"Expires: {600}\nDate: {-9}\nDate: {-9}", 600, Source::Expires},
      {"Expires: {0}\nDate: {0}", 0, Source::Expires},
      {"Expires: {-600}\nDate: {0}", 0, Source::Expires},
      {"Expires: 0\nDate: {0}", 0, Source::Invalid},
      {"Expires: -1", 0, Source::Invalid},
      {"Expires:", 0, Source::Invalid},
      {"Expires: {600}\nExpires: {600}", 0, Source::Invalid},
      {"Expires: {600}, {600}", 0, Source::Invalid},
      {"Expires: Thu, 18 Aug 2050 02:01:18 UTC", 0, Source::Invalid},
      {"Expires: Thu, 18 Aug 50 02:01:18 GMT", 0, Source::Invalid},
      {"Expires: Thu, 18-Aug-2050 02:01:18 GMT", 0, Source::Invalid},
      {"Expires: Fri, 31 Dec 9999 23:59:59 GMT", kMaxDelta, Source::Expires},
      {"Expires: 0\nLast-Modified: {-86400}", 0,
       Source::Invalid},  // no heuristics beside explicit expiry
      {"Expires: {600}\nCache-Control: foo, public", 600, Source::Expires},
  };
  for (const Row& row : rows)
    check(row);
}

TEST(FreshnessLifetime, Heuristic) {
  constexpr std::string_view kDayOld = "Last-Modified: {-86400}\nDate: {0}";
  constexpr std::string_view kPublic = "Last-Modified: {-86400}\nDate: {0}\nCache-Control: public";
  // RFC 9110 §15.1
  for (const int status : {200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501}) {
    check({kDayOld, 8640, Source::Heuristic, status});
  }
  for (const int status : {201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 299, 499, 599}) {
    check({kDayOld, 0, Source::None, status});
  }
  for (const int status : {299, 499, 599})
    check({kPublic, 8640, Source::Heuristic, status});
  for (const int status : {201, 202, 302, 403, 500, 502, 503, 504})
    check({kPublic, 0, Source::None, status});
  const Row rows[] = {
      {"Last-Modified: {-100}", 10, Source::Heuristic},
      {"Last-Modified: {-109}", 10, Source::Heuristic},
      {"Last-Modified: {-100}\nDate: {-50}", 5, Source::Heuristic},
      {"Last-Modified: {-5}", 0, Source::Heuristic},
      {"Last-Modified: {-8640000}", 86'400, Source::Heuristic},  // at most 24 h
      {"Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT", 86'400, Source::Heuristic},
      {"Last-Modified: {0}", 0, Source::None},
      {"Last-Modified: {100}", 0, Source::None},
      {"Last-Modified: yesterday", 0, Source::None},
      {"Last-Modified: {-100}\nLast-Modified: {-100}", 0, Source::None},
      {"ETag: \"a\"", 0, Source::None},
      {"Last-Modified: {-100}\nCache-Control: foo", 10, Source::Heuristic},
  };
  for (const Row& row : rows)
    check(row);
  Policy off;
  off.heuristic_freshness = false;
  check({kDayOld, 0, Source::None}, off);
}

TEST(FreshnessLifetime, SiteOverride) {
  Policy rule;
  rule.freshness_override_s = 30;
  for (const std::string_view fields :
       {"", "Cache-Control: max-age=600", "Cache-Control: max-age=x", "Expires: 0",
        "CDN-Cache-Control: max-age=1", "Cache-Control: no-cache"}) {
    check({fields, 30, Source::Rule}, rule);
  }
  rule.freshness_override_s = 0;
  check({"Cache-Control: max-age=600", 0, Source::Rule}, rule);
  rule.freshness_override_s = INT64_MAX;
  check({"", kMaxDelta, Source::Rule}, rule);
}

struct AgeRow {
  std::string_view fields;
  std::uint32_t age;
  std::int64_t delay_s = 0;
  bool from_tier = false;
};

TEST(Age, CorrectedInitialAge) {
  const AgeRow rows[] = {
      {"", 0},
      {"Date: {0}", 0},
      // §4.2.3: the apparent age, and the Age received, whichever is more
      {"Date: {-30}", 30},
      {"Date: {30}", 0},
      {"Date: {-30}\nAge: 10", 30},
      {"Date: {-30}\nAge: 40", 40},
      {"Date: x\nAge: 5", 5},
      // the response's delay counts onto Age
      {"Age: 40", 45, 5},
      {"Date: {0}", 5, 5},
      {"Date: {-30}", 30, 5},
      {"Date: {0}", 0, -5},  // a clock that went backwards meanwhile
      // §5.1: what is not a number is ignored
      {"Age: x", 0},
      {"Age: -5", 0},
      {"Age: 1.5", 0},
      {"Age: +5", 0},
      {"Age: 7200;foo=bar", 0},
      {"Age: 7200 1", 0},
      {"Age: \"7200\"", 0},
      {"Age: 0x10", 0},
      {"Age:", 0},
      {"Age: 007200", 7200},
      {"Age: 7200 ", 7200},
      // saturates
      {"Age: 2147483648", kMaxDelta},
      {"Age: 2147483649", kMaxDelta},
      {"Age: 99999999999999999999999999", kMaxDelta},
      {"Age: 2147483648", kMaxDelta, 5},
      // of a list or several lines the first counts
      {"Age: 7200, 0", 7200},
      {"Age: 0, 7200", 0},
      {"Age: 7200\nAge: 0", 7200},
      {"Age: 0\nAge: 7200", 0},
      {"Age: x, 7200", 0},
      {"Age: , 7200", 0},
      // from a node of ours Age is exact, and clocks may differ
      {"Date: {-30}", 0, 5, true},
      {"Date: {-30}\nAge: 7", 7, 5, true},
      {"Age: x", 0, 5, true},
  };
  for (const AgeRow& row : rows) {
    Exchange exchange{row.fields};
    exchange.context.request_time = after(-row.delay_s);
    exchange.context.from_tier = row.from_tier;
    EXPECT_EQ(corrected_initial_age(exchange.context), row.age) << row.fields;
  }
}

TEST(Age, GrowsByResidentTime) {
  StoredMeta meta;
  meta.response_time = kNow;
  meta.corrected_initial_age_s = 5;
  meta.freshness_lifetime_s = 10;
  EXPECT_EQ(current_age(meta, kNow), 5U);
  EXPECT_EQ(current_age(meta, kNow + Millis{999}), 5U);
  EXPECT_EQ(current_age(meta, kNow + Millis{1000}), 6U);
  EXPECT_EQ(current_age(meta, after(-3600)), 5U);  // the clock went backwards
  EXPECT_EQ(current_age(meta, after(std::int64_t{1} << 33)), kMaxDelta);
  EXPECT_EQ(remaining_freshness(meta, kNow), 5);
  EXPECT_EQ(remaining_freshness(meta, after(5)), 0);
  EXPECT_EQ(remaining_freshness(meta, after(25)), -20);
}

}  // namespace
}  // namespace brink::edge::cache
