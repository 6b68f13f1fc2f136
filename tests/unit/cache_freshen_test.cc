// Freshening (RFC 9111 §3.2, §4.3.4).
#include "cache_support.h"
#include "edge/cache/freshness.h"

namespace brink::edge::cache {
namespace {

using test::after;
using test::Exchange;
using test::Stored;

struct Freshened {
  bool keep;
  std::string head;
  StoredMeta meta;
};

// A 304 with these fields, `seconds` after the stored response arrived.
Freshened answer(const Stored& stored, std::string_view fields, std::int64_t seconds = 100,
                 const Policy& policy = {}) {
  Exchange exchange{fields, 304};
  exchange.context.request_time = after(seconds);
  exchange.context.response_time = after(seconds);
  Freshened out{};
  out.keep = freshen(stored.head, stored.meta, exchange.context, policy, out.head, out.meta);
  return out;
}

struct Row {
  std::string_view stored;
  std::string_view update;
  std::string_view merged;
};

// Without the Date line.
std::string shown(std::string_view head) {
  std::string out;
  for_each_stored_field(head, [&](const Field& field) {
    if (field.name != "Date") out.append(field.name).append(": ").append(field.value).append("\n");
    return true;
  });
  if (!out.empty()) out.pop_back();
  return out;
}

TEST(Freshen, MergesFields) {
  const Row rows[] = {
      // what the 304 omits stays; what it has replaces
      {"ETag: \"a\"\nX: 1", "", "ETag: \"a\"\nX: 1"},
      {"ETag: \"a\"\nX: 1", "X: 2", "ETag: \"a\"\nX: 2"},
      {"ETag: \"a\"\nX: 1", "x: 2", "ETag: \"a\"\nx: 2"},
      {"ETag: \"a\"\nX: 1\nY: 1", "X: 2", "ETag: \"a\"\nX: 2\nY: 1"},
      {"ETag: \"a\"", "X: 2\nB: 3", "ETag: \"a\"\nX: 2\nB: 3"},
      // all lines of a field are replaced by all lines
      {"ETag: \"a\"\nX: 1\nY: 1\nX: 2", "X: 3", "ETag: \"a\"\nX: 3\nY: 1"},
      {"ETag: \"a\"\nX: 1\nY: 1", "X: 2\nX: 3", "ETag: \"a\"\nX: 2\nX: 3\nY: 1"},
      {"ETag: \"a\"\nVary: a", "Vary: b\nVary: c", "ETag: \"a\"\nVary: b, c"},
      {"ETag: \"a\"\nX: 1", "X:", "ETag: \"a\"\nX: "},
      // never taken over
      {"ETag: \"a\"\nContent-Type: a\nContent-Encoding: b\nContent-Range: c",
       "Content-Length: 5\nContent-Type: x\nContent-Encoding: x\nContent-Range: x",
       "ETag: \"a\"\nContent-Type: a\nContent-Encoding: b\nContent-Range: c"},
      {"ETag: \"a\"",
       "Content-Type: x\nContent-Encoding: gzip\nTransfer-Encoding: chunked\nConnection: close",
       "ETag: \"a\""},
      {"ETag: \"a\"\nX: 1", "Connection: x\nX: 2", "ETag: \"a\"\nX: 1"},
      {"ETag: \"a\"", "Age: 5\nCache-Status: x; hit\nBrink-As-Of: 7", "ETag: \"a\""},
      // other Content-* are
      {"ETag: \"a\"\nContent-Foo: 1\nContent-Location: /a", "Content-Foo: 2\nContent-Location: /b",
       "ETag: \"a\"\nContent-Foo: 2\nContent-Location: /b"},
      {"ETag: \"a\"\nLast-Modified: {-50}", "ETag: W/\"a\"",
       "ETag: W/\"a\"\nLast-Modified: Sun, 22 Nov 2026 09:59:10 GMT"},
  };
  for (const Row& row : rows) {
    const Stored stored{row.stored};
    const Freshened out = answer(stored, row.update);
    EXPECT_TRUE(out.keep) << row.update;
    EXPECT_EQ(shown(out.head), row.merged) << row.stored << " | " << row.update;
    EXPECT_TRUE(out.head.starts_with("HTTP/1.1 200 OK\r\n"));
  }
}

TEST(Freshen, FreshnessStartsAnew) {
  const Stored stored{"ETag: \"a\"\nCache-Control: max-age=10\nDate: {0}\nAge: 3"};
  const Freshened same = answer(stored, "Date: {100}");
  EXPECT_EQ(same.meta.freshness_lifetime_s, 10U);
  EXPECT_EQ(current_age(same.meta, after(100)), 0U);
  EXPECT_EQ(slice(same.head, same.meta.date), test::date_text(after(100)));
  const Freshened raised = answer(stored, "Cache-Control: max-age=600\nDate: {100}\nAge: 7");
  EXPECT_EQ(raised.meta.freshness_lifetime_s, 600U);
  EXPECT_EQ(current_age(raised.meta, after(101)), 8U);
  // Expires counts from the new Date.
  const Freshened expires =
      answer(Stored{"ETag: \"a\"\nExpires: {10}\nDate: {0}"}, "Expires: {150}\nDate: {100}");
  EXPECT_EQ(expires.meta.freshness_lifetime_s, 50U);
}

TEST(Freshen, A304WithoutDateGetsTheTimeOfReceipt) {  // RFC 9110 §6.6.1
  const Stored stored{"ETag: \"a\"\nCache-Control: max-age=10\nDate: {0}"};
  const Freshened out = answer(stored, "");
  EXPECT_EQ(slice(out.head, out.meta.date), test::date_text(after(100)));
  EXPECT_EQ(current_age(out.meta, after(100)), 0U);
}

TEST(Freshen, MetaIsComputedAnew) {
  const Stored stored{"ETag: \"a\"\nCache-Control: max-age=10, must-revalidate", 404};
  const Freshened out =
      answer(stored, "ETag: \"a\"\nX-Long: aaaaaaaaaaaaaa\nCache-Control: no-cache\nCDN-Cache-Control: no-cache");
  EXPECT_TRUE(out.keep);
  EXPECT_EQ(out.meta.status, 404);
  EXPECT_TRUE(out.meta.no_cache);
  EXPECT_FALSE(out.meta.must_revalidate);
  EXPECT_TRUE(out.meta.has_hidden_fields);
  EXPECT_EQ(slice(out.head, out.meta.etag), "\"a\"");
  EXPECT_EQ(out.meta.response_time, after(100));
}

TEST(Freshen, WhatMayNotBeKept) {
  const Stored stored{"ETag: \"a\"\nCache-Control: max-age=10"};
  for (const std::string_view update : {"Cache-Control: no-store", "Cache-Control: private",
                                        "Vary: *", "CDN-Cache-Control: no-store"}) {
    const Freshened out = answer(stored, update);
    EXPECT_FALSE(out.keep) << update;
    EXPECT_EQ(slice(out.head, out.meta.etag), "\"a\"") << update;  // still fit for the one client
  }
  Policy never;
  never.store_set_cookie = false;
  EXPECT_FALSE(answer(stored, "Set-Cookie: a=b", 100, never).keep);
  EXPECT_TRUE(answer(stored, "Set-Cookie: a=b").keep);
  const Freshened large = answer(stored, "X: " + std::string(70'000, 'a'));
  EXPECT_FALSE(large.keep);
  EXPECT_TRUE(large.head.empty());
}

TEST(Freshen, AuthorizationOfTheValidatingRequestCounts) {  // §3.5
  const Stored stored{"ETag: \"a\"\nCache-Control: max-age=10"};
  Exchange exchange{"", 304};
  exchange.context.request_has_authorization = true;
  std::string head;
  StoredMeta meta;
  EXPECT_FALSE(freshen(stored.head, stored.meta, exchange.context, {}, head, meta));
  const Stored shared{"ETag: \"a\"\nCache-Control: max-age=10, public"};
  EXPECT_TRUE(freshen(shared.head, shared.meta, exchange.context, {}, head, meta));
}

TEST(Freshen, FromATier) {
  const Stored stored{"ETag: \"a\"\nCache-Control: max-age=10"};
  Exchange exchange{"Age: 4\nDate: {0}", 304};
  exchange.context.from_tier = true;
  exchange.context.request_time = after(90);
  exchange.context.response_time = after(100);
  std::string head;
  StoredMeta meta;
  EXPECT_TRUE(freshen(stored.head, stored.meta, exchange.context, {}, head, meta));
  EXPECT_EQ(current_age(meta, after(100)), 4U);
}

}  // namespace
}  // namespace brink::edge::cache
