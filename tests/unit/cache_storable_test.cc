// What a shared cache may store (RFC 9111 §3, §3.5), and why not.
#include "cache_support.h"
#include "edge/cache/storable.h"
#include "edge/cache/vary.h"

namespace brink::edge::cache {
namespace {

using test::Exchange;

struct Row {
  std::string_view fields;
  Reason reason;
  int status = 200;
};

void check(const Row& row, const Policy& policy = {}) {
  const Exchange exchange{row.fields, row.status};
  const StoreDecision decision = exchange.decide(policy);
  EXPECT_EQ(decision.reason, row.reason) << row.status << " " << row.fields;
  const bool stored = row.reason == Reason::Stored || row.reason == Reason::StoredToValidate;
  EXPECT_EQ(decision.store, stored) << row.status << " " << row.fields;
  EXPECT_EQ(decision.meta.status, row.status);
}

TEST(Storable, AnyFinalStatusWithExplicitFreshness) {
  for (const int status : {200, 201, 202, 203, 204, 299, 300, 301, 302, 303, 307, 308, 400, 401,
                           403, 404, 405, 410, 414, 418, 451, 499, 500, 501, 502, 503, 504, 599}) {
    check({"Cache-Control: max-age=60", Reason::Stored, status});
    check({"Cache-Control: s-maxage=60", Reason::Stored, status});
    check({"CDN-Cache-Control: max-age=60", Reason::Stored, status});
    check({"Expires: {60}", Reason::Stored, status});
    check({"Cache-Control: max-age=0\nETag: \"a\"", Reason::StoredToValidate, status});
  }
  for (const int status : {100, 101, 102, 103})
    check({"Cache-Control: max-age=60", Reason::InterimStatus, status});
  // They answer a range, a condition, a manipulation; RFC 6585 forbids the rest.
  check({"Cache-Control: max-age=60", Reason::PartialResponse, 206});
  for (const int status : {226, 304, 416, 428, 429, 431, 511}) {
    check({"Cache-Control: max-age=60, public", Reason::StatusNotCacheable, status});
  }
}

TEST(Storable, WithoutExplicitFreshness) {
  for (const int status : {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}) {
    check({"Last-Modified: {-1000}", Reason::Stored, status});
    check({"ETag: \"a\"", Reason::StoredToValidate, status});
    check({"", Reason::NoValidatorNoFreshness, status});
  }
  // §3: neither defined as cacheable nor marked so
  for (const int status : {201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 299, 499, 599}) {
    check({"Last-Modified: {-1000}", Reason::StatusNotCacheable, status});
    check({"ETag: \"a\"", Reason::StatusNotCacheable, status});
  }
  check({"Last-Modified: {-1000}\nCache-Control: public", Reason::Stored, 599});
  check({"Last-Modified: {-1000}\nCache-Control: public", Reason::StoredToValidate, 302});
}

TEST(Storable, Directives) {
  const Row rows[] = {
      // §5.2.2.5
      {"Cache-Control: no-store", Reason::ResponseNoStore},
      {"Cache-Control: No-StOrE, max-age=60", Reason::ResponseNoStore},
      {"Cache-Control: max-age=60\nCache-Control: no-store", Reason::ResponseNoStore},
      {"Cache-Control: no-store, public, s-maxage=60\nExpires: {60}\nETag: \"a\"",
       Reason::ResponseNoStore},
      // §5.2.2.7
      {"Cache-Control: private, max-age=60", Reason::ResponsePrivate},
      {"Cache-Control: private, s-maxage=60", Reason::ResponsePrivate},
      {"Cache-Control: private=\"x\", max-age=60", Reason::Stored},
      {"Cache-Control: private=\"content-type\", max-age=60", Reason::ResponsePrivate},
      // §5.2.2.4
      {"Cache-Control: no-cache\nETag: \"a\"", Reason::StoredToValidate},
      {"Cache-Control: no-cache, max-age=60\nLast-Modified: {-9}", Reason::StoredToValidate},
      {"Cache-Control: no-cache, max-age=60", Reason::NoValidatorNoFreshness},
      {"Cache-Control: no-cache=\"x\", max-age=60", Reason::Stored},
      // §5.2.2.3
      {"Cache-Control: must-understand, no-store, max-age=60", Reason::Stored},
      {"Cache-Control: no-store, max-age=60, must-understand", Reason::Stored},
      {"Cache-Control: must-understand, no-store, max-age=60", Reason::MustUnderstandStatus, 599},
      {"Cache-Control: must-understand, max-age=60", Reason::MustUnderstandStatus, 299},
      {"Cache-Control: must-understand, max-age=60", Reason::Stored, 404},
      {"Cache-Control: must-understand, no-store, private, max-age=60", Reason::ResponsePrivate},
      // RFC 9213
      {"CDN-Cache-Control: no-store\nCache-Control: max-age=60", Reason::ResponseNoStore},
      {"CDN-Cache-Control: private\nCache-Control: max-age=60", Reason::ResponsePrivate},
      {"CDN-Cache-Control: max-age=60\nCache-Control: no-store, private", Reason::Stored},
      {"CDN-Cache-Control: max-age=x y\nCache-Control: no-store", Reason::ResponseNoStore},
      // stale on arrival: only for a validator or a stale window of the origin's
      {"Cache-Control: max-age=0", Reason::NoValidatorNoFreshness},
      {"Cache-Control: max-age=10\nAge: 10", Reason::NoValidatorNoFreshness},
      {"Cache-Control: max-age=10\nAge: 9", Reason::Stored},
      {"Cache-Control: max-age=10\nAge: 10\nETag: \"a\"", Reason::StoredToValidate},
      {"Cache-Control: max-age=0, stale-while-revalidate=60", Reason::StoredToValidate},
      {"Cache-Control: max-age=0, stale-if-error=60", Reason::StoredToValidate},
      {"Cache-Control: max-age=0, stale-if-error=60, must-revalidate",
       Reason::NoValidatorNoFreshness},
      {"Cache-Control: max-age=0, stale-if-error=60\nAge: 60", Reason::NoValidatorNoFreshness},
      {"Cache-Control: s-maxage=0, stale-while-revalidate=60", Reason::NoValidatorNoFreshness},
      {"Cache-Control: max-age=x", Reason::NoValidatorNoFreshness},
      {"Cache-Control: max-age=x\nETag: \"a\"", Reason::StoredToValidate},
      {"Expires: 0", Reason::NoValidatorNoFreshness},
      // neither a Pragma nor a Content-Disposition stops anything
      {"Cache-Control: max-age=60\nPragma: no-cache\nContent-Disposition: attachment",
       Reason::Stored},
      // §4.1
      {"Cache-Control: max-age=60\nVary: Accept", Reason::Stored},
      {"Cache-Control: max-age=60\nVary: *", Reason::VaryStar},
      {"Cache-Control: max-age=60\nVary: Accept, *", Reason::VaryStar},
      {"Cache-Control: max-age=60\nVary: Accept\nVary:  * ", Reason::VaryStar},
      {"Cache-Control: max-age=60\nVary: *foo", Reason::Stored},
      // RFC 9112 §7
      {"Cache-Control: max-age=60\nTransfer-Encoding: chunked", Reason::Stored},
      {"Cache-Control: max-age=60\nTransfer-Encoding: Chunked", Reason::Stored},
      {"Cache-Control: max-age=60\nTransfer-Encoding: gzip, chunked",
       Reason::UnknownTransferCoding},
      {"Cache-Control: max-age=60\nTransfer-Encoding: foo", Reason::UnknownTransferCoding},
  };
  for (const Row& row : rows)
    check(row);
}

TEST(Storable, VaryIsBounded) {
  std::string fields = "Cache-Control: max-age=60\nVary: x";
  for (std::size_t i = 1; i < kMaxVaryFields; ++i)
    fields += ", f" + std::to_string(i);
  check({fields, Reason::Stored});
  check({fields + ", F1, X", Reason::Stored});  // repeated names are one
  check({fields + ", one-more", Reason::VaryTooMany});
}

TEST(Storable, SetCookieNeedsExplicitFreshness) {
  const Row rows[] = {
      {"Set-Cookie: a=b\nCache-Control: max-age=60", Reason::Stored},
      {"Set-Cookie: a=b\nExpires: {60}", Reason::Stored},
      {"Set-Cookie: a=b\nCDN-Cache-Control: max-age=60", Reason::Stored},
      {"Set-Cookie: a=b\nLast-Modified: {-1000}", Reason::SetCookieForbidden},
      {"Set-Cookie: a=b\nETag: \"a\"", Reason::SetCookieForbidden},
      {"Set-Cookie: a=b\nCache-Control: max-age=0\nETag: \"a\"", Reason::SetCookieForbidden},
      {"Set-Cookie: a=b\nCache-Control: max-age=60, no-cache\nETag: \"a\"",
       Reason::SetCookieForbidden},
      {"Set-Cookie: a=b\nCache-Control: max-age=60, no-cache=\"set-cookie\"", Reason::Stored},
      {"Set-Cookie: a=b\nCache-Control: private=\"Set-Cookie\"\nETag: \"a\"",
       Reason::StoredToValidate},
  };
  for (const Row& row : rows)
    check(row);
  Policy never;
  never.store_set_cookie = false;
  check({"Set-Cookie: a=b\nCache-Control: max-age=60", Reason::SetCookieForbidden}, never);
  check({"Set-Cookie: a=b\nCache-Control: max-age=60, private=\"set-cookie\"", Reason::Stored},
        never);
  check({"Cache-Control: max-age=60", Reason::Stored}, never);
}

TEST(Storable, SiteOverride) {
  Policy rule;
  rule.freshness_override_s = 60;
  const Row rows[] = {
      {"", Reason::Stored},
      {"Cache-Control: max-age=0", Reason::Stored},
      {"Cache-Control: no-cache", Reason::Stored},
      {"Expires: 0", Reason::Stored},
      {"", Reason::Stored, 404},
      // what still holds
      {"Cache-Control: no-store", Reason::ResponseNoStore},
      {"Cache-Control: private", Reason::ResponsePrivate},
      {"Vary: *", Reason::VaryStar},
      {"", Reason::StatusNotCacheable, 500},
      {"Set-Cookie: a=b", Reason::SetCookieForbidden},
      {"Set-Cookie: a=b\nCache-Control: max-age=5", Reason::Stored},
  };
  for (const Row& row : rows)
    check(row, rule);
  Exchange exchange{"Cache-Control: no-cache, must-revalidate"};
  const StoredMeta meta = exchange.decide(rule).meta;
  EXPECT_EQ(meta.freshness_lifetime_s, 60U);
  EXPECT_FALSE(meta.no_cache);
  EXPECT_TRUE(meta.must_revalidate);
}

struct AuthorizationRow {
  std::string_view control;
  Reason reason;
};

TEST(Storable, Authorization) {  // §3.5
  const AuthorizationRow rows[] = {
      {"Cache-Control: max-age=60", Reason::AuthorizationNotShared},
      {"Expires: {60}", Reason::AuthorizationNotShared},
      {"Last-Modified: {-1000}", Reason::AuthorizationNotShared},
      {"Cache-Control: max-age=60, proxy-revalidate", Reason::AuthorizationNotShared},
      {"CDN-Cache-Control: max-age=60\nCache-Control: public", Reason::AuthorizationNotShared},
      {"Cache-Control: max-age=60, public", Reason::Stored},
      {"Cache-Control: max-age=60, must-revalidate", Reason::Stored},
      {"Cache-Control: s-maxage=60", Reason::Stored},
      {"CDN-Cache-Control: max-age=60, public", Reason::Stored},
  };
  for (const AuthorizationRow& row : rows) {
    Exchange exchange{row.control};
    exchange.context.request_has_authorization = true;
    EXPECT_EQ(exchange.decide().reason, row.reason) << row.control;
  }
}

struct MethodRow {
  std::string_view method;
  std::string_view fields;
  Reason reason;
};

TEST(Storable, Methods) {
  const MethodRow rows[] = {
      {"GET", "Cache-Control: max-age=60", Reason::Stored},
      {"HEAD", "Cache-Control: max-age=60", Reason::HeadRequest},
      {"PUT", "Cache-Control: max-age=60\nContent-Location: /a?b", Reason::MethodNotCacheable},
      {"get", "Cache-Control: max-age=60", Reason::MethodNotCacheable},
      {"OPTIONS", "Cache-Control: max-age=60", Reason::MethodNotCacheable},
      // RFC 9110 §9.3.3
      {"POST", "Cache-Control: max-age=60", Reason::MethodNotCacheable},
      {"POST", "Cache-Control: max-age=60\nContent-Location: /a?b", Reason::Stored},
      {"POST", "Cache-Control: max-age=60\nContent-Location: https://EXAMPLE.com:443/a?b",
       Reason::Stored},
      {"POST", "Cache-Control: max-age=60\nContent-Location: ?b", Reason::Stored},
      {"POST", "Expires: {60}\nContent-Location: a?b", Reason::Stored},
      {"POST", "Cache-Control: max-age=60\nContent-Location: /a", Reason::MethodNotCacheable},
      {"POST", "Cache-Control: max-age=60\nContent-Location: https://other.com/a?b",
       Reason::MethodNotCacheable},
      {"POST", "Cache-Control: max-age=60\nContent-Location: /a?b\nContent-Location: /a?b",
       Reason::MethodNotCacheable},
      {"POST", "Cache-Control: max-age=0\nETag: \"a\"\nContent-Location: /a?b",
       Reason::MethodNotCacheable},
      {"POST", "Last-Modified: {-1000}\nContent-Location: /a?b", Reason::MethodNotCacheable},
  };
  for (const MethodRow& row : rows) {
    Exchange exchange{row.fields};
    exchange.context.method = row.method;
    EXPECT_EQ(exchange.decide().reason, row.reason) << row.method << " " << row.fields;
  }
  Exchange unknown_target{"Cache-Control: max-age=60\nContent-Location: /a?b"};
  unknown_target.context.method = "POST";
  unknown_target.context.target = {};
  EXPECT_EQ(unknown_target.decide().reason, Reason::MethodNotCacheable);
}

TEST(Storable, RequestNoStore) {  // §5.2.1.5
  Exchange exchange{"Cache-Control: max-age=60"};
  exchange.context.request_no_store = true;
  EXPECT_EQ(exchange.decide().reason, Reason::RequestNoStore);
  Policy deaf;
  deaf.honour_request_directives = false;
  EXPECT_EQ(exchange.decide(deaf).reason, Reason::Stored);
}

TEST(Storable, MetaRemembersWhatReuseNeeds) {
  Exchange exchange{
      "Cache-Control: max-age=60, stale-while-revalidate=5, stale-if-error=6, no-transform, "
      "immutable\nAge: 3"};
  const StoredMeta meta = exchange.decide().meta;
  EXPECT_EQ(meta.response_time, test::kNow);
  EXPECT_EQ(meta.corrected_initial_age_s, 3U);
  EXPECT_EQ(meta.freshness_lifetime_s, 60U);
  EXPECT_EQ(meta.stale_while_revalidate_s, 5U);
  EXPECT_EQ(meta.stale_if_error_s, 6U);
  EXPECT_TRUE(meta.explicit_stale_if_error);
  EXPECT_TRUE(meta.no_transform);
  EXPECT_TRUE(meta.immutable);
  EXPECT_FALSE(meta.must_revalidate);
  EXPECT_FALSE(meta.no_cache);
  for (const std::string_view control : {"must-revalidate", "proxy-revalidate", "s-maxage=60"}) {
    const std::string fields = "Cache-Control: max-age=60, " + std::string{control};
    EXPECT_TRUE(Exchange{fields}.decide().meta.must_revalidate) << control;
  }
  EXPECT_FALSE(Exchange{"CDN-Cache-Control: max-age=60"}.decide().meta.must_revalidate);
}

TEST(Storable, ReasonPhrases) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(504), "Gateway Timeout");
  for (const int status : {0, -1, 99, 199, 299, 418, 499, 599, 1000})
    EXPECT_EQ(reason_phrase(status), "") << status;
  EXPECT_TRUE(understands_status(404));
  EXPECT_FALSE(understands_status(599));
}

}  // namespace
}  // namespace brink::edge::cache
