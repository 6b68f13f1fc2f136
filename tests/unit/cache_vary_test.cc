// Variants (RFC 9111 §4.1; RFC 9110 §12.5).
#include "cache_support.h"
#include "edge/cache/vary.h"

namespace brink::edge::cache {
namespace {

using test::lines;

std::string key_of(std::string_view vary, std::string_view request) {
  std::string out;
  append_variant_key(vary, lines(request), out);
  return out;
}

TEST(Vary, Star) {
  for (const std::string_view vary : {"*", " * ", "a, *", "*, a", "a,*,b", "*,*"}) {
    EXPECT_TRUE(vary_value_is_star(vary)) << vary;
  }
  for (const std::string_view vary : {"", "a", "*a", "a*", "\"*\"", "a, b"}) {
    EXPECT_FALSE(vary_value_is_star(vary)) << vary;
  }
  EXPECT_TRUE(vary_is_star(lines("Vary: a\nvary: *")));
  EXPECT_FALSE(vary_is_star(lines("Vary: a\nVaried: *")));
}

struct MatchRow {
  std::string_view vary;
  std::string_view stored;
  std::string_view presented;
  bool match;
};

TEST(Vary, Matching) {
  const MatchRow rows[] = {
      {"", "Foo: 1", "Foo: 2", true},
      {"Foo", "Foo: 1", "Foo: 1", true},
      {"Foo", "Foo: 1", "foo: 1", true},
      {"FOO", "Foo: 1", "foo: 1", true},
      {"Foo", "Foo: 1\nOther: 2", "Foo: 1\nOther: 3", true},
      {"Foo", "Foo: 1", "Foo: 2", false},
      {"Foo", "Foo: a", "Foo: A", false},
      // lacking: both is a match, one is none
      {"Foo", "", "", true},
      {"Foo", "", "Foo: 1", false},
      {"Foo", "Foo: 1", "", false},
      {"Foo", "", "Foo:", false},
      // several names
      {"Foo, Bar", "Foo: 1\nBar: abc", "Bar: abc\nFoo: 1", true},
      {"Foo, Bar", "Foo: 1\nBar: abc", "Foo: 2\nBar: abc", false},
      {"Foo, Bar", "Foo: 1\nBar: abc", "Foo: 1", false},
      {"Foo, Bar", "Foo: 1\nBar: 2", "Foo: 2\nBar: 1", false},
      {"Foo, Bar, Baz", "Foo: 1\nBaz: 789", "Foo: 1\nBaz: 789", true},
      {"Foo, Bar, Baz", "Foo: 1\nBar: abc\nBaz: 789", "Foo: 1\nBaz: 789\nBar: abcde", false},
      // normalised: lines joined, white space around commas and at the ends
      {"Foo", "Foo: 1, 2", "Foo: 1\nFoo: 2", true},
      {"Foo", "Foo: 1,2", "Foo:  1, 2 ", true},
      {"Foo", "Foo: 1,2", "Foo: 1\t,\t2", true},
      {"Foo", "Foo: 1,2", "Foo: 2,1", false},
      {"Foo", "Foo: 1 2", "Foo: 12", false},
      {"Foo", "Foo: a b", "Foo: a  b", false},
      {"Foo", "Foo: 1,,2", "Foo: 1,2", false},
      {"Foo", "Foo: \"a, b\"", "Foo: \"a,b\"", false},
      {"Foo", "Foo: \"a\\\", b\"", "Foo: \"a\\\",b\"", false},
      {"Foo", "Foo: \"a\" , b", "Foo: \"a\",b", true},
      // a value never reads as another field's
      {"a, b", "a: 1\nb: 2", "a: 1 b:+2\nb: 2", false},
      {"a, b", "a: -", "", false},
      // Accept-Encoding, as far as Brink can serve it
      {"Accept-Encoding", "Accept-Encoding: gzip, br", "Accept-Encoding: br;q=0.5, gzip, deflate",
       true},
      {"accept-encoding", "Accept-Encoding: deflate", "", true},
      {"Accept-Encoding", "Accept-Encoding: gzip", "", false},
      {"Accept-Encoding", "Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0", false},
      {"Accept-Encoding", "Accept-Encoding: *", "Accept-Encoding: zstd, br, gzip", true},
      // Accept-Language
      {"Accept-Language", "Accept-Language: en, de", "Accept-Language: de, en", true},
      {"Accept-Language", "Accept-Language: en, de", "Accept-Language: eN, De", true},
      {"Accept-Language", "Accept-Language: en, de", "Accept-Language:  en ,   de", true},
      {"Accept-Language", "Accept-Language: en, de", "Accept-Language: en\nAccept-Language: de",
       true},
      {"Accept-Language", "Accept-Language: en;q=1.0, de;q=0.50", "Accept-Language: de; q=0.5, en",
       true},
      {"Accept-Language", "Accept-Language: en, de;q=0.5", "Accept-Language: de, en;q=0.5", false},
      {"Accept-Language", "Accept-Language: en", "", false},
      {"Accept-Language", "Accept-Language: en;q=x", "Accept-Language: en;q=x", true},
      {"Accept-Language", "Accept-Language: en;q=500", "Accept-Language: en;q=0.5", false},
  };
  for (const MatchRow& row : rows) {
    EXPECT_EQ(key_of(row.vary, row.stored) == key_of(row.vary, row.presented), row.match)
        << row.vary << " | " << row.stored << " | " << row.presented;
  }
}

TEST(Vary, KeyFormat) {
  EXPECT_EQ(key_of("", "Foo: 1"), "");
  EXPECT_EQ(key_of("Foo, b", "foo: 1 , 2"), "b:-\nfoo:+1,2\n");
  EXPECT_EQ(key_of("accept-encoding", "Accept-Encoding: br,gzip"), "accept-encoding:+br,gzip\n");
  // order and repetition of names do not matter
  EXPECT_EQ(key_of("b, A,a , B", "a: 1"), key_of("A, b", "a: 1"));
  std::string out = "before";
  append_variant_key("a", lines("a: 1"), out);
  EXPECT_EQ(out, "beforea:+1\n");
}

struct EncodingRow {
  std::string_view request;
  std::string_view expected;
};

TEST(Vary, AcceptEncoding) {  // RFC 9110 §12.5.3
  const EncodingRow rows[] = {
      {"", "identity"},
      {"Accept-Encoding:", "identity"},
      {"Accept-Encoding: identity", "identity"},
      {"Accept-Encoding: gzip", "gzip"},
      {"Accept-Encoding: x-gzip", "gzip"},
      {"Accept-Encoding: GZip , Br", "br,gzip"},
      {"Accept-Encoding: gzip, deflate, br, zstd", "zstd,br,gzip"},
      {"Accept-Encoding: gzip\nAccept-Encoding: zstd", "zstd,gzip"},
      {"Accept-Encoding: gzip;q=0.001", "gzip"},
      {"Accept-Encoding: gzip;q=0, br;q=0.000", "identity"},
      {"Accept-Encoding: gzip; Q=0", "identity"},
      {"Accept-Encoding: *", "zstd,br,gzip"},
      {"Accept-Encoding: *;q=0", "identity"},
      {"Accept-Encoding: br;q=0, *", "zstd,gzip"},
      {"Accept-Encoding: *;q=0, gzip", "gzip"},
      // a weight that is none excludes: identity is always understood
      {"Accept-Encoding: gzip;q=a", "identity"},
      {"Accept-Encoding: gzip;q=", "identity"},
      {"Accept-Encoding: gzip;q=1.1", "identity"},
      {"Accept-Encoding: gzip;q=-1", "identity"},
      {"Accept-Encoding: gzip;q=0.1234", "identity"},
      {"Accept-Encoding: ;q=1, \"gzip\"", "identity"},
      {"Accept-Encoding: gzipp, brr", "identity"},
  };
  for (const EncodingRow& row : rows) {
    std::string out = "old";
    normalise_accept_encoding(lines(row.request), out);
    EXPECT_EQ(out, row.expected) << row.request;
  }
}

TEST(Vary, SameCodings) {
  const std::string_view gzip = "Accept-Encoding: gzip\nX-Kind: red";
  const struct {
    std::string_view vary;
    std::string_view stored_request;
    std::string_view request;
    bool same;
  } rows[] = {
      {"Accept-Encoding", gzip, "Accept-Encoding: gzip, deflate", true},
      {"Accept-Encoding", gzip, "Accept-Encoding: gzip, br", false},
      {"Accept-Encoding", gzip, "", false},
      {"Accept-Encoding", "", gzip, false},
      {"Accept-Encoding", "", "Accept-Encoding: identity", true},
      {"X-Kind, accept-encoding", gzip, "Accept-Encoding: gzip\nX-Kind: blue", true},
      {"X-Kind, accept-encoding", gzip, "X-Kind: red", false},
      {"X-Kind", gzip, "X-Kind: blue",
       true},  // whatever it accepts: the response does not vary by it
      {"", gzip, "", true},
      {"X-Accept-Encoding", "X-Accept-Encoding: br", "", true},
  };
  for (const auto& row : rows) {
    std::string scratch = "old";
    EXPECT_EQ(same_codings(key_of(row.vary, row.stored_request), lines(row.request), scratch),
              row.same)
        << row.vary << " / " << row.stored_request << " / " << row.request;
  }
}

struct ScoreRow {
  std::string_view vary;
  std::string_view stored_request;
  std::string_view content_language;
  std::string_view request;
  int score;
};

TEST(Vary, Scores) {
  constexpr int kExact = VariantMatcher::kExact;
  constexpr std::string_view kLanguage = "Accept-Language";
  const ScoreRow rows[] = {
      {"", "", "", "Foo: 1", kExact},
      {"Foo", "Foo: 1", "", "Foo: 1", kExact},
      {"Foo", "Foo: 1", "de", "Foo: 2", 0},
      // by Content-Language, when nothing is preferred to it
      {kLanguage, "Accept-Language: en, de", "de", "Accept-Language: fr;q=0.5, de;q=1.0", 1000},
      {kLanguage, "Accept-Language: en, de", "de", "Accept-Language: DE", 1000},
      {kLanguage, "Accept-Language: en, de", "de", "Accept-Language: de;q=0.7, fr;q=0.3", 700},
      {kLanguage, "Accept-Language: en, de", "de", "Accept-Language: fr, de;q=0.5", 0},
      {kLanguage, "Accept-Language: en, de", "de", "Accept-Language: de;q=0", 0},
      {kLanguage, "Accept-Language: en, de", "de", "Accept-Language: en", 0},
      {kLanguage, "Accept-Language: en, de", "", "Accept-Language: en", 0},
      {kLanguage, "Accept-Language: en, de", "de", "", 0},
      {kLanguage, "", "de", "Accept-Language: de", 0 + 1000},
      {kLanguage, "Accept-Language: en, de", "en, de", "Accept-Language: de", 1000},
      // ranges (RFC 4647 §3.3.1): the longest counts
      {kLanguage, "Accept-Language: de-AT", "de-AT", "Accept-Language: de", 1000},
      {kLanguage, "Accept-Language: de", "de", "Accept-Language: de-AT", 0},
      {kLanguage, "Accept-Language: de", "deu", "Accept-Language: de, x", 0},
      {kLanguage, "Accept-Language: x", "de-AT", "Accept-Language: de, de-AT;q=0.1", 0},
      {kLanguage, "Accept-Language: x", "de", "Accept-Language: *", 1000},
      {kLanguage, "Accept-Language: x", "de", "Accept-Language: *, de;q=0.1", 0},
      {kLanguage, "Accept-Language: x", "de", "Accept-Language: de, *;q=0.1", 1000},
      // malformed weights are compared as written only
      {kLanguage, "Accept-Language: x", "de", "Accept-Language: de;q=x", 0},
      {kLanguage, "Accept-Language: de;q=x", "de", "Accept-Language: DE;q=x", kExact},
      // everything else must match
      {"Accept-Language, Foo", "Accept-Language: x\nFoo: 1", "de", "Accept-Language: de\nFoo: 1",
       1000},
      {"Accept-Language, Foo", "Accept-Language: x\nFoo: 1", "de", "Accept-Language: de\nFoo: 2",
       0},
      {"Accept-Language, Foo", "Accept-Language: x", "de", "Accept-Language: de\nFoo: 2", 0},
      {"Accept-Language, aaa", "Accept-Language: x\naaa: 1", "de", "Accept-Language: de\naaa: 2",
       0},
  };
  for (const ScoreRow& row : rows) {
    std::string scratch;
    const std::string stored_key = key_of(row.vary, row.stored_request);
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Language: " + std::string{row.content_language} +
        "\r\nA: b\r\n";
    EXPECT_EQ(variant_score(row.vary, stored_key, head, lines(row.request), scratch), row.score)
        << row.vary << " | " << row.stored_request << " | " << row.content_language << " | "
        << row.request;
  }
}

TEST(Vary, MatcherFollowsChangingVary) {
  const auto request = lines("Foo: 1\nBar: 2");
  std::string scratch;
  VariantMatcher matcher{request, scratch};
  EXPECT_EQ(matcher.score("Foo", "foo:+1\n", {}), VariantMatcher::kExact);
  EXPECT_EQ(matcher.score("Bar", "foo:+1\n", {}), 0);
  EXPECT_EQ(matcher.score("Bar", "bar:+2\n", {}), VariantMatcher::kExact);
  EXPECT_EQ(matcher.score("", "", {}), VariantMatcher::kExact);
  EXPECT_EQ(matcher.score("Foo", "foo:+1\n", {}), VariantMatcher::kExact);
  EXPECT_EQ(matcher.score("", "foo:+1\n", {}), 0);
}

TEST(Vary, LongListsAreComparedAsWritten) {
  std::string many = "Accept-Language: a0";
  for (int i = 1; i < 40; ++i)
    many += ", a" + std::to_string(i);
  EXPECT_EQ(key_of("Accept-Language", many), key_of("Accept-Language", many));
  EXPECT_NE(key_of("Accept-Language", many), key_of("Accept-Language", many + ", b"));
}

}  // namespace
}  // namespace brink::edge::cache
