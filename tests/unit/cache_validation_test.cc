// Conditions, both ways (RFC 9110 §13, RFC 9111 §4.3).
#include "cache_support.h"
#include "edge/cache/validation.h"

namespace brink::edge::cache {
namespace {

using test::Exchange;
using test::kNow;
using test::lines;
using test::Stored;
using test::with_dates;

struct Row {
  std::string_view response;
  std::string_view request;
  std::string_view expected;  // "", "304", "412"
  std::string_view method = "GET";
  int status = 200;
};

void check(const Row& row) {
  constexpr std::string_view kNames[] = {"", "304", "412"};
  const Stored stored{row.response, row.status};
  const std::string request = with_dates(row.request);
  const auto result =
      evaluate_preconditions(row.method, lines(request), stored.meta, stored.head, kNow);
  EXPECT_EQ(kNames[static_cast<std::size_t>(result)], row.expected)
      << row.response << " | " << row.method << " " << row.request;
}

TEST(Preconditions, IfNoneMatch) {  // §13.1.2, weak comparison
  const Row rows[] = {
      {"ETag: \"a\"", "", ""},
      {"ETag: \"a\"", "If-None-Match: \"a\"", "304"},
      {"ETag: \"a\"", "If-None-Match: \"a\"", "304", "HEAD"},
      {"ETag: \"a\"", "if-none-match: \"a\"", "304"},
      {"ETag: \"a\"", "If-None-Match: \"A\"", ""},
      {"ETag: \"a\"", "If-None-Match: \"b\"", ""},
      {"ETag: \"a\"", "If-None-Match: W/\"a\"", "304"},
      {"ETag: W/\"a\"", "If-None-Match: \"a\"", "304"},
      {"ETag: W/\"a\"", "If-None-Match: W/\"a\"", "304"},
      {"ETag: \"abcdef\xc3\xbc\"", "If-None-Match: \"abcdef\xc3\xbc\"", "304"},
      {"ETag: \"\"", "If-None-Match: \"\"", "304"},
      // anywhere in a list, over several lines, or *
      {"ETag: \"a\"", "If-None-Match: \"a\", \"1\", \"2\"", "304"},
      {"ETag: \"a\"", "If-None-Match: \"1\",\"a\" ,\"2\"", "304"},
      {"ETag: \"a\"", "If-None-Match: \"1\", \"2\", \"a\"", "304"},
      {"ETag: \"a\"", "If-None-Match: \"1\"\nIf-None-Match: \"a\"", "304"},
      {"ETag: \"a\"", "If-None-Match: \"1\", , \"2\",", ""},
      {"ETag: \"a\"", "If-None-Match: *", "304"},
      {"A: 1", "If-None-Match: *", "304"},
      {"A: 1", "If-None-Match: \"a\"", ""},
      {"A: 1", "If-None-Match: \"\"", ""},
      {"A: 1", "If-None-Match:", ""},
      // commas and backslashes are part of a tag
      {"ETag: \"a,b\"", "If-None-Match: \"x\", \"a,b\"", "304"},
      {"ETag: \"b\"", "If-None-Match: \"a,\"b\"\"", ""},
      {"ETag: \"a\\\"", "If-None-Match: \"a\\\", \"b\"", "304"},
      {"ETag: \"b\"", "If-None-Match: \"a\\\", \"b\"", "304"},
      // malformed tags: byte for byte only
      {"ETag: \"a\"", "If-None-Match: a", ""},
      {"ETag: a", "If-None-Match: a", "304"},
      {"ETag: a", "If-None-Match: \"a\"", ""},
      {"ETag: w/\"a\"", "If-None-Match: w/\"a\"", "304"},
      {"ETag: w/\"a\"", "If-None-Match: W/\"a\"", ""},
      {"ETag: \"a\"", "If-None-Match: w/\"a\"", ""},
      {"ETag: W\\\"a\"", "If-None-Match: W\\\"a\"", "304"},
      {"ETag: W\"a\"", "If-None-Match: W\"a\"", "304"},
      {"ETag: \"a", "If-None-Match: \"a", "304"},
      {"ETag: W/a", "If-None-Match: a", ""},
      // two tags are none
      {"ETag: \"a\"\nETag: \"a\"", "If-None-Match: \"a\"", ""},
      // it wins over If-Modified-Since (§13.2.2)
      {"ETag: \"a\"\nLast-Modified: {-50}", "If-None-Match: \"a\"\nIf-Modified-Since: {-99}",
       "304"},
      {"ETag: \"a\"\nLast-Modified: {-50}", "If-None-Match: \"b\"\nIf-Modified-Since: {-50}", ""},
      {"ETag: \"a\"\nLast-Modified: {-50}", "If-Modified-Since: {-50}\nIf-None-Match: \"b\"", ""},
      {"Last-Modified: {-50}", "If-None-Match:\nIf-Modified-Since: {-50}", ""},
      // other methods
      {"ETag: \"a\"", "If-None-Match: \"a\"", "412", "POST"},
  };
  for (const Row& row : rows)
    check(row);
}

TEST(Preconditions, IfModifiedSince) {  // §13.1.3
  const Row rows[] = {
      {"Last-Modified: {-50}", "If-Modified-Since: {-50}", "304"},
      {"Last-Modified: {-50}", "If-Modified-Since: {-49}", "304"},
      {"Last-Modified: {-50}", "If-Modified-Since: {-51}", ""},
      {"Last-Modified: {-50}", "If-Modified-Since: {-50}", "304", "HEAD"},
      {"Last-Modified: {-50}", "If-Modified-Since: {-50}", "", "POST"},
      {"Last-Modified: {-50}", "If-Modified-Since: {1000}", "304"},
      {"Last-Modified: Thu, 18 Aug 2022 02:01:18 GMT",
       "If-Modified-Since: Thursday, 18-Aug-22 02:01:18 GMT", "304"},
      {"Last-Modified: Thu, 18 Aug 2022 02:01:18 GMT",
       "If-Modified-Since: Thu Aug 18 02:01:18 2022", "304"},
      {"Last-Modified: Thursday, 18-Aug-22 02:01:18 GMT",
       "If-Modified-Since: Thu, 18 Aug 2022 02:01:18 GMT", "304"},
      // invalid or repeated is ignored
      {"Last-Modified: {-50}", "If-Modified-Since: x", ""},
      {"Last-Modified: {-50}", "If-Modified-Since:", ""},
      {"Last-Modified: {-50}", "If-Modified-Since: Sun, 22 Nov 2026 10:00:00 UTC", ""},
      {"Last-Modified: {-50}", "If-Modified-Since: {-50}\nIf-Modified-Since: {-50}", ""},
      {"Last-Modified: x\nDate: x", "If-Modified-Since: x", ""},
      // without Last-Modified the stored Date counts
      {"Date: {-50}", "If-Modified-Since: {-50}", "304"},
      {"Date: {-50}", "If-Modified-Since: {-51}", ""},
      {"A: 1", "If-Modified-Since: {0}", "304"},
      {"Date: x", "If-Modified-Since: {0}", ""},
  };
  for (const Row& row : rows)
    check(row);
}

TEST(Preconditions, IfMatchAndIfUnmodifiedSince) {  // §13.1.1, §13.1.4, strong comparison
  const Row rows[] = {
      {"ETag: \"a\"", "If-Match: \"a\"", ""},
      {"ETag: \"a\"", "If-Match: \"b\", \"a\"", ""},
      {"ETag: \"a\"", "If-Match: \"b\"\nIf-Match: \"a\"", ""},
      {"ETag: \"a\"", "If-Match: *", ""},
      {"A: 1", "If-Match: *", ""},
      {"ETag: \"a\"", "If-Match: \"b\"", "412"},
      {"ETag: \"a\"", "If-Match:", "412"},
      {"ETag: \"a\"", "If-Match: W/\"a\"", "412"},
      {"ETag: W/\"a\"", "If-Match: W/\"a\"", "412"},
      {"ETag: W/\"a\"", "If-Match: \"a\"", "412"},
      {"ETag: a", "If-Match: a", ""},
      {"A: 1", "If-Match: \"a\"", "412"},
      {"Last-Modified: {-50}", "If-Unmodified-Since: {-50}", ""},
      {"Last-Modified: {-50}", "If-Unmodified-Since: {-49}", ""},
      {"Last-Modified: {-50}", "If-Unmodified-Since: {-51}", "412"},
      {"Last-Modified: {-50}", "If-Unmodified-Since: x", ""},
      {"Last-Modified: {-50}", "If-Unmodified-Since: {-51}\nIf-Unmodified-Since: {-51}", ""},
      {"Date: {-50}", "If-Unmodified-Since: {-51}", ""},  // no modification date: ignored
      // the order of §13.2.2
      {"ETag: \"a\"\nLast-Modified: {-50}", "If-Match: \"a\"\nIf-Unmodified-Since: {-99}", ""},
      {"ETag: \"a\"\nLast-Modified: {-50}", "If-Match: \"b\"\nIf-Unmodified-Since: {0}", "412"},
      {"ETag: \"a\"", "If-Match: \"a\"\nIf-None-Match: \"a\"", "304"},
      {"ETag: \"a\"", "If-None-Match: \"a\"\nIf-Match: \"b\"", "412"},
      {"Last-Modified: {-50}", "If-Modified-Since: {-50}\nIf-Unmodified-Since: {-51}", "412"},
      {"Last-Modified: {-50}", "If-Modified-Since: {-50}\nIf-Unmodified-Since: {-50}", "304"},
  };
  for (const Row& row : rows)
    check(row);
}

TEST(Preconditions, OnlyForSuccess) {  // §13.2.1
  for (const int status : {301, 404, 500}) {
    check({"ETag: \"a\"\nCache-Control: max-age=9", "If-None-Match: \"a\"", "", "GET", status});
    check({"ETag: \"a\"\nCache-Control: max-age=9", "If-Match: \"b\"", "", "GET", status});
  }
  check({"ETag: \"a\"", "If-None-Match: \"a\"", "304", "GET", 203});
}

TEST(Preconditions, ConditionFields) {
  for (const std::string_view name :
       {"If-Match", "if-none-match", "IF-MODIFIED-SINCE", "If-Unmodified-Since", "If-Range"}) {
    EXPECT_TRUE(is_condition_field(name)) << name;
    const Field field{name, "x"};
    EXPECT_TRUE(is_conditional({&field, 1}));
  }
  for (const std::string_view name :
       {"", "If", "If-", "If-Matchh", "If-Matcg", "Im-Match", "If-None-Matc", "Idempotency-Key",
        "If-Schedule-Tag-Match", "Accept", "Upgrade-Insecure"}) {
    EXPECT_FALSE(is_condition_field(name)) << name;
  }
  EXPECT_FALSE(is_conditional({}));
}

struct IfRangeRow {
  std::string_view response;
  std::string_view request;
  bool holds;
};

TEST(Validation, IfRange) {  // RFC 9110 §13.1.5
  const IfRangeRow rows[] = {
      {"ETag: \"a\"", "", true},
      {"ETag: \"a\"", "If-Range: \"a\"", true},
      {"ETag: \"a\"", "if-range: \"a\"", true},
      {"ETag: \"a\"", "If-Range: \"b\"", false},
      {"ETag: \"a\"", "If-Range: W/\"a\"", false},
      {"ETag: W/\"a\"", "If-Range: W/\"a\"", false},
      {"ETag: W/\"a\"", "If-Range: \"a\"", false},
      {"ETag: a", "If-Range: a", false},
      {"ETag: \"a\"", "If-Range: *", false},
      {"ETag: \"a\"", "If-Range:", false},
      {"ETag: \"a\"", "If-Range: \"a\", \"b\"", false},
      {"ETag: \"a\"", "If-Range: \"a\"\nIf-Range: \"a\"", false},
      {"A: 1", "If-Range: \"a\"", false},
      {"A: 1", "If-Range: \"\"", false},
      // a date must be exact, and strong: a second before Date at least (§8.8.2.2)
      {"Last-Modified: {-50}", "If-Range: {-50}", true},
      {"Last-Modified: {-50}", "If-Range: {-49}", false},
      {"Last-Modified: {-50}", "If-Range: {-51}", false},
      {"Last-Modified: {-50}\nDate: {-49}", "If-Range: {-50}", true},
      {"Last-Modified: {-50}\nDate: {-50}", "If-Range: {-50}", false},
      {"Last-Modified: {-50}\nDate: x", "If-Range: {-50}", false},
      {"Last-Modified: x", "If-Range: x", false},
      {"Date: {-50}", "If-Range: {-50}", false},
  };
  for (const IfRangeRow& row : rows) {
    const Stored stored{row.response};
    const std::string request = with_dates(row.request);
    EXPECT_EQ(if_range_holds(lines(request), stored.meta, stored.head), row.holds)
        << row.response << " | " << row.request;
  }
}

TEST(Validation, ConditionsTowardUpstream) {  // RFC 9111 §4.3.1
  const Stored both{"ETag: W/\"a\"\nLast-Modified: Thursday, 18-Aug-22 02:01:18 GMT"};
  const auto fields = validation_fields(both.meta, both.head);
  EXPECT_EQ(fields.if_none_match, "W/\"a\"");
  EXPECT_EQ(fields.if_modified_since, "Thursday, 18-Aug-22 02:01:18 GMT");  // byte for byte
  EXPECT_TRUE(fields.any());
  const Stored unquoted{"ETag: abc"};
  EXPECT_EQ(validation_fields(unquoted.meta, unquoted.head).if_none_match, "abc");
  const Stored none{"A: 1"};
  EXPECT_FALSE(validation_fields(none.meta, none.head).any());
}

TEST(Validation, FieldsOfA304) {  // RFC 9110 §15.4.5
  for (const std::string_view name :
       {"ETag", "Date", "Cache-Control", "expires", "Vary", "Content-Location", "Set-Cookie",
        "Last-Modified", "Via", "X-Foo", "Content-Security-Policy", "Link"}) {
    EXPECT_TRUE(belongs_in_304(name)) << name;
  }
  for (const std::string_view name :
       {"Content-Type", "content-length", "Content-Encoding", "Content-Language", "Content-Range",
        "Content-MD5", "Repr-Digest", "Content-Disposition"}) {
    EXPECT_FALSE(belongs_in_304(name)) << name;
  }
}

struct SelectsRow {
  std::string_view stored;
  std::string_view answer;
  bool selects;
};

TEST(Validation, Selects) {  // RFC 9111 §4.3.4
  const SelectsRow rows[] = {
      {"ETag: \"a\"", "", true},
      {"ETag: \"a\"", "ETag: \"a\"", true},
      {"ETag: \"a\"", "ETag: \"b\"", false},
      {"ETag: W/\"a\"", "ETag: \"a\"", false},  // a strong one must be equal
      {"ETag: \"a\"", "ETag: W/\"a\"", true},
      {"ETag: W/\"a\"", "ETag: W/\"a\"", true},
      {"ETag: W/\"a\"", "ETag: W/\"b\"", false},
      {"A: 1", "ETag: \"a\"", false},
      {"ETag: a", "ETag: a", true},
      {"Last-Modified: {-50}", "Last-Modified: {-50}", true},
      {"Last-Modified: {-50}", "Last-Modified: {-40}", false},
      {"Last-Modified: Thu, 18 Aug 2022 02:01:18 GMT",
       "Last-Modified: Thursday, 18-Aug-22 02:01:18 GMT", true},
      {"A: 1", "Last-Modified: {-50}", false},
      {"ETag: \"a\"\nLast-Modified: {-50}", "ETag: \"a\"\nLast-Modified: {-40}", true},
      {"ETag: \"a\"", "Last-Modified: x", false},
  };
  for (const SelectsRow& row : rows) {
    const Stored stored{row.stored};
    const Exchange answer{row.answer, 304};
    EXPECT_EQ(selects(answer.context, stored.meta, stored.head), row.selects)
        << row.stored << " | " << row.answer;
  }
}

TEST(Validation, HeadDescribesTheStoredGet) {  // RFC 9111 §4.3.5
  const SelectsRow rows[] = {
      {"ETag: \"a\"", "ETag: \"a\"\nContent-Length: 5", true},
      {"ETag: \"a\"", "ETag: \"a\"", true},
      {"ETag: \"a\"", "ETag: \"a\"\nContent-Length: 6", false},
      {"ETag: \"a\"", "ETag: \"b\"\nContent-Length: 5", false},
      {"A: 1", "Content-Length: 5", true},
      {"A: 1", "Content-Length: x", false},
      {"A: 1", "Content-Length: 5\nContent-Length: 5", false},
  };
  for (const SelectsRow& row : rows) {
    const Stored stored{row.stored};
    const Exchange answer{row.answer};
    EXPECT_EQ(head_describes(answer.context, stored.meta, stored.head, 5), row.selects)
        << row.stored << row.answer;
  }
}

}  // namespace
}  // namespace brink::edge::cache
