// RFC 9111 §5.2, RFC 5861, RFC 8246, RFC 9213.
#include "cache_support.h"
#include "edge/cache/directives.h"

namespace brink::edge::cache {
namespace {

using test::lines;

void append(std::string_view name, std::optional<DeltaSeconds> value, std::string& out) {
  if (value) out.append(" ").append(name).append("=").append(std::to_string(*value));
}
void append(std::string_view name, bool flag, std::string& out) {
  if (flag) out.append(" ").append(name);
}
void append(std::string_view name, const std::vector<std::string>& names, std::string& out) {
  if (names.empty()) return;
  out.append(" ").append(name).append("(");
  for (const std::string& field : names)
    out.append(field).append(",");
  out.back() = ')';
}

// What is set, in the order of the struct.
std::string show(const RequestDirectives& d) {
  std::string out;
  append("max-age", d.max_age, out);
  append("min-fresh", d.min_fresh, out);
  append("max-stale", d.max_stale, out);
  append("no-cache", d.no_cache, out);
  append("no-store", d.no_store, out);
  append("no-transform", d.no_transform, out);
  append("only-if-cached", d.only_if_cached, out);
  append("stale-if-error", d.stale_if_error, out);
  return out.empty() ? out : out.substr(1);
}

std::string show(const ResponseDirectives& d) {
  std::string out;
  append("max-age", d.max_age, out);
  append("s-maxage", d.s_maxage, out);
  append("INVALID", d.invalid_freshness, out);
  append("no-cache", d.no_cache, out);
  append("no-store", d.no_store, out);
  append("private", d.is_private, out);
  append("public", d.is_public, out);
  append("must-revalidate", d.must_revalidate, out);
  append("proxy-revalidate", d.proxy_revalidate, out);
  append("must-understand", d.must_understand, out);
  append("no-transform", d.no_transform, out);
  append("immutable", d.immutable, out);
  append("swr", d.stale_while_revalidate, out);
  append("sie", d.stale_if_error, out);
  append("no-cache", d.no_cache_fields, out);
  append("private", d.private_fields, out);
  append("TARGETED", d.targeted, out);
  return out.empty() ? out : out.substr(1);
}

struct Row {
  std::string_view input;
  std::string_view expected;
};

TEST(DeltaSeconds, ParsesDigitsOnly) {
  const Row rows[] = {
      {"0", "0"},
      {"3600", "3600"},
      {"003600", "3600"},
      {"\"3600\"", "3600"},
      {"2147483647", "2147483647"},
      {"2147483648", "2147483648"},  // §1.2.2: 2^31
      {"2147483649", "2147483648"},  // saturates
      {"99999999999999999999999", "2147483648"},
      {"000000000000000000000001", "1"},
  };
  for (const Row& row : rows) {
    const auto value = parse_delta_seconds(row.input);
    ASSERT_TRUE(value) << row.input;
    EXPECT_EQ(std::to_string(*value), row.expected) << row.input;
  }
  for (const std::string_view bad :
       {"", "\"\"", "\"", "-1", "+1", "1.0", "a1", "1a", " 1", "1 ", "'1'", "\"1", "1\"", "0x10",
        "1e3", "1,0", "\" 1\"", "\"\"1\"\""}) {
    EXPECT_FALSE(parse_delta_seconds(bad)) << bad;
  }
}

TEST(RequestDirectives, Table) {
  const Row rows[] = {
      {"", ""},
      {"Accept: */*\nHost: a", ""},
      {"Cache-Control: max-age=10", "max-age=10"},
      {"cache-control: MAX-AGE=10", "max-age=10"},
      {"Cache-Control: max-age=\"10\"", "max-age=10"},
      {"Cache-Control: max-age=0", "max-age=0"},
      {"Cache-Control: max-age=10, max-age=5", "max-age=5"},
      {"Cache-Control: max-age=10\nCache-Control: max-age=5", "max-age=5"},
      {"Cache-Control: min-fresh=10, min-fresh=20", "min-fresh=20"},
      {"Cache-Control: max-stale", "max-stale=2147483648"},
      {"Cache-Control: max-stale=5", "max-stale=5"},
      {"Cache-Control: max-stale, max-stale=5", "max-stale=5"},
      {"Cache-Control: no-cache", "no-cache"},
      {"Cache-Control: No-Cache", "no-cache"},
      {"Cache-Control: no-cache=\"a\"", "no-cache"},
      {"Cache-Control: no-store,no-transform , only-if-cached",
       "no-store no-transform only-if-cached"},
      {"Cache-Control: stale-if-error=30", "stale-if-error=30"},
      // not understood: as if it were not there
      {"Cache-Control: max-age", ""},
      {"Cache-Control: max-age=", ""},
      {"Cache-Control: max-age=a", ""},
      {"Cache-Control: max-age=-1", ""},
      {"Cache-Control: max-age =1", ""},
      {"Cache-Control: max-age= 1", ""},
      {"Cache-Control: max-stale=", ""},
      {"Cache-Control: max-stale=x", ""},
      {"Cache-Control: unknown, foo=bar, foo=\"no-store, max-age=1\"", ""},
      {"Cache-Control: s-maxage=1, private, must-revalidate", ""},
      {"Cache-Control: ,, ,", ""},
      // Pragma counts only without Cache-Control (§5.4)
      {"Pragma: no-cache", "no-cache"},
      {"pragma: NO-CACHE", "no-cache"},
      {"Pragma: foo, no-cache", "no-cache"},
      {"Pragma: foo", ""},
      {"Pragma: no-cache\nCache-Control: max-age=10", "max-age=10"},
      {"Cache-Control: foo\nPragma: no-cache", ""},
      {"Cache-Control:\nPragma: no-cache", ""},
      // neighbours by length or letter
      {"Authorization: no-store\nCache-Contro1: no-store\nPragmb: no-cache", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(show(parse_request_directives(lines(row.input))), row.expected) << row.input;
  }
}

TEST(ResponseDirectives, Table) {
  const Row rows[] = {
      {"", ""},
      // §5.2.2.1, §1.2.2
      {"Cache-Control: max-age=3600", "max-age=3600"},
      {"CACHE-CONTROL: MaX-aGe=3600", "max-age=3600"},
      {"Cache-Control: max-age=\"3600\"", "max-age=3600"},
      {"Cache-Control: max-age=0003600", "max-age=3600"},
      {"Cache-Control: max-age=99999999999", "max-age=2147483648"},
      {"Cache-Control: max-age=3600,", "max-age=3600"},
      {"Cache-Control: , ,max-age=3600", "max-age=3600"},
      {"Cache-Control: \tmax-age=3600 ,foo", "max-age=3600"},
      // several: the smallest (§4.2.1)
      {"Cache-Control: max-age=10, max-age=5", "max-age=5"},
      {"Cache-Control: max-age=5, max-age=10", "max-age=5"},
      {"Cache-Control: max-age=10\nCache-Control: max-age=5", "max-age=5"},
      {"Cache-Control: s-maxage=10\nCache-Control: s-maxage=5, max-age=1", "max-age=1 s-maxage=5"},
      // invalid freshness is there, and not understood (§4.2.1)
      {"Cache-Control: max-age", "INVALID"},
      {"Cache-Control: max-age=", "INVALID"},
      {"Cache-Control: max-age=-100", "INVALID"},
      {"Cache-Control: max-age=3600.0", "INVALID"},
      {"Cache-Control: max-age=3600a", "INVALID"},
      {"Cache-Control: max-age=a3600", "INVALID"},
      {"Cache-Control: max-age='3600'", "INVALID"},
      {"Cache-Control: max-age =3600", "INVALID"},
      {"Cache-Control: max-age= 3600", "INVALID"},
      {"Cache-Control: max-age = 3600", "INVALID"},
      {"Cache-Control: max-age=\"3600", "INVALID"},
      {"Cache-Control: max-age=3600\"", "INVALID"},
      {"Cache-Control: max-age=\"36\\00\"", "INVALID"},
      {"Cache-Control: max-age=10 0", "INVALID"},
      {"Cache-Control: max-age=10;foo", "INVALID"},
      {"Cache-Control: max-age==10", "INVALID"},
      {"Cache-Control: s-maxage=x", "INVALID"},
      {"Cache-Control: max-age=60, max-age=x", "max-age=60 INVALID"},
      {"Cache-Control: max-age=10,0", "max-age=10"},  // "0" is an unknown directive
      // a max-age inside another directive's quoted string is not one
      {"Cache-Control: extension=\"max-age=100\", max-age=1", "max-age=1"},
      {"Cache-Control: max-age=1, extension=\"max-age=100\"", "max-age=1"},
      {"Cache-Control: extension=\"a, max-age=100\"", ""},
      {"Cache-Control: extension=\"a, no-store, b\", max-age=1", "max-age=1"},
      {"Cache-Control: extension=\"\\\", no-store\"", ""},
      {"Cache-Control: \"max-age=100\"", ""},
      // a quote that never closes hides nothing that restricts, and grants nothing
      {"Cache-Control: a=\"b, max-age=100, no-store", "no-store"},
      {"Cache-Control: \", private, public, no-cache", "no-cache private"},
      {"Cache-Control: max-age=5, \"", "max-age=5"},
      {"Cache-Control: max-age=\"5, must-revalidate", "INVALID must-revalidate"},
      {"Cache-Control: a=\"b\nCache-Control: max-age=5", "max-age=5"},
      // plain directives
      {"Cache-Control: public", "public"},
      {"Cache-Control: NO-STORE", "no-store"},
      {"Cache-Control: no-store=foo", "no-store"},
      {"Cache-Control: no-store =foo", "no-store"},
      {"Cache-Control: max-age=60, No-Store, foo", "max-age=60 no-store"},
      {"Cache-Control: must-revalidate, proxy-revalidate", "must-revalidate proxy-revalidate"},
      {"Cache-Control: must-understand,no-store", "no-store must-understand"},
      {"Cache-Control: no-transform, immutable", "no-transform immutable"},
      {"Cache-Control: no-storee, xno-store, no store, no_store", ""},
      {"Cache-Control: only-if-cached, min-fresh=1, max-stale", ""},
      {"Pragma: no-cache", ""},
      // RFC 5861
      {"Cache-Control: stale-while-revalidate=30, stale-if-error=60", "swr=30 sie=60"},
      {"Cache-Control: stale-while-revalidate=30, stale-while-revalidate=20", "swr=20"},
      {"Cache-Control: stale-while-revalidate, stale-if-error=x", ""},
      {"Cache-Control: stale-while-revalidate =30", ""},
      // qualified (§5.2.2.4, §5.2.2.7)
      {"Cache-Control: no-cache", "no-cache"},
      {"Cache-Control: No-CaChE", "no-cache"},
      {"Cache-Control: no-cache=\"Set-Cookie\"", "no-cache(set-cookie)"},
      {"Cache-Control: no-cache=Set-Cookie", "no-cache(set-cookie)"},
      {"Cache-Control: no-cache=\"a, B ,c\"", "no-cache(a,b,c)"},
      {"Cache-Control: private=\"X-User\", no-cache=\"X-Id\"", "no-cache(x-id) private(x-user)"},
      {"Cache-Control: no-cache=\"a\", no-cache", "no-cache no-cache(a)"},
      {"Cache-Control: private=\"a, b\", max-age=5", "max-age=5 private(a,b)"},
      // qualified in a way that cannot be honoured: unqualified
      {"Cache-Control: no-cache=", "no-cache"},
      {"Cache-Control: no-cache=\"\"", "no-cache"},
      {"Cache-Control: private=\",\"", "private"},
      {"Cache-Control: private =\"a\"", "private"},
      {"Cache-Control: private=\"a b\"", "private"},
      {"Cache-Control: private=\"Content-Type\"", "private"},
      {"Cache-Control: no-cache=\"Vary\"", "no-cache"},
      {"Cache-Control: private=\"a", "private"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(show(parse_response_directives(lines(row.input))), row.expected) << row.input;
  }
}

TEST(ResponseDirectives, Targeted) {
  const Row rows[] = {
      // RFC 9213 §2.1
      {"CDN-Cache-Control: max-age=3600", "max-age=3600 TARGETED"},
      {"CDN-Cache-Control: foobar, max-age=3600;x=y", "max-age=3600 TARGETED"},
      {"CDN-Cache-Control: max-age=99999999999", "max-age=2147483648 TARGETED"},
      {"CDN-Cache-Control: max-age=1\nCDN-Cache-Control: no-cache", "max-age=1 no-cache TARGETED"},
      {"CDN-Cache-Control: max-age=1, max-age=2", "max-age=2 TARGETED"},  // a dictionary: the last
      {"CDN-Cache-Control: private", "private TARGETED"},
      {"CDN-Cache-Control: no-store", "no-store TARGETED"},
      {"CDN-Cache-Control: no-store=?0, max-age=5", "max-age=5 TARGETED"},
      {"CDN-Cache-Control: no-cache=\"a, b\"", "no-cache(a,b) TARGETED"},
      {"CDN-Cache-Control: private=x-a", "private(x-a) TARGETED"},
      {"CDN-Cache-Control: stale-while-revalidate=5, stale-if-error=6", "swr=5 sie=6 TARGETED"},
      {"CDN-Cache-Control: max-age=-1", "INVALID TARGETED"},
      {"CDN-Cache-Control: foo", "TARGETED"},
      // it replaces Cache-Control whole, longer or shorter
      {"Cache-Control: no-store\nCDN-Cache-Control: max-age=5", "max-age=5 TARGETED"},
      {"Cache-Control: max-age=5\nCDN-Cache-Control: no-store", "no-store TARGETED"},
      // Brink's own comes first
      {"CDN-Cache-Control: max-age=5\nBrink-Cache-Control: max-age=6", "max-age=6 TARGETED"},
      {"CDN-Cache-Control: max-age=5\nBrink-Cache-Control: &", "max-age=5 TARGETED"},
      // does not parse (RFC 9651), or a known directive's value has the wrong type: the whole field
      // is ignored
      {"Cache-Control: private\nCDN-Cache-Control: max-age=10000, &&&&&", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age=\"10000\"", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age=10.0", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age=a", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age=(1)", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age =10", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age= 10", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: MaX-aGe=10", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age=10,", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age=10 no-cache", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age=1234567890123456", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age=10, no-store=1", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age=10, no-cache=1", "private"},
      {"Cache-Control: private\nCDN-Cache-Control: max-age=10\nCDN-Cache-Control: \"", "private"},
      // empty is as good as absent (§2.2)
      {"Cache-Control: private\nCDN-Cache-Control:", "private"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(show(parse_response_directives(lines(row.input))), row.expected) << row.input;
  }
}

TEST(ResponseDirectives, SurrogateControl) {
  const Row rows[] = {
      {"Surrogate-Control: max-age=60", "max-age=60 TARGETED"},
      {"Surrogate-Control: MAX-AGE=60, content=\"ESI/1.0\"", "max-age=60 TARGETED"},
      {"Surrogate-Control: max-age=3600+600", "max-age=3600 TARGETED"},
      {"Surrogate-Control: no-store, content=\"ESI/1.0\"", "no-store TARGETED"},
      {"Cache-Control: no-store\nSurrogate-Control: max-age=5", "max-age=5 TARGETED"},
      {"Surrogate-Control: max-age=5\nSurrogate-Control: no-store", "max-age=5 no-store TARGETED"},
      // the last alternative
      {"CDN-Cache-Control: max-age=6\nSurrogate-Control: max-age=5", "max-age=6 TARGETED"},
      {"CDN-Cache-Control: &\nSurrogate-Control: max-age=5", "max-age=5 TARGETED"},
      // nothing in it that counts here
      {"Cache-Control: private\nSurrogate-Control: content=\"ESI/1.0\"", "private"},
      {"Cache-Control: private\nSurrogate-Control: no-store-remote", "private"},
      {"Cache-Control: private\nSurrogate-Control: max-age=60;other", "private"},
      {"Surrogate-Control: max-age=60;other, max-age=30", "max-age=30 TARGETED"},
      {"Cache-Control: private\nSurrogate-Control: max-age=a", "private"},
      {"Cache-Control: private\nSurrogate-Control: max-age", "private"},
      {"Cache-Control: private\nSurrogate-Control: max-age =5", "private"},
      {"Cache-Control: private\nSurrogate-Control: +5", "private"},
      {"Cache-Control: private\nSurrogate-Control:", "private"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(show(parse_response_directives(lines(row.input), true)), row.expected) << row.input;
    EXPECT_NE(show(parse_response_directives(lines("Cache-Control: x\n" + std::string(row.input)))),
              "max-age=5 TARGETED")
        << row.input;
  }
  EXPECT_EQ(show(parse_response_directives(
                lines("Cache-Control: private\nSurrogate-Control: max-age=60"), false)),
            "private");
}

}  // namespace
}  // namespace brink::edge::cache
