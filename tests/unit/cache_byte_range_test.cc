// RFC 9110 §14.1, §14.2, §14.4.
#include <string>

#include "cache_support.h"
#include "edge/cache/byte_range.h"

namespace brink::edge::cache {
namespace {

// "0-5 7-9" (half-open), "whole" or "416".
std::string show(const RangeSet& set) {
  if (set.outcome == RangeOutcome::Whole) return "whole";
  if (set.outcome == RangeOutcome::Unsatisfiable) return "416";
  std::string out;
  for (const ByteRange& range : set.view()) {
    if (!out.empty()) out += ' ';
    out += std::to_string(range.begin) + "-" + std::to_string(range.end);
  }
  return out;
}

struct Row {
  std::string_view field;
  std::uint64_t length;
  std::string_view expected;
};

TEST(ByteRange, Resolves) {
  const Row rows[] = {
      // §14.1.2
      {"bytes=0-4", 10, "0-5"},
      {"bytes=0-0", 10, "0-1"},
      {"bytes=9-9", 10, "9-10"},
      {"bytes=5-", 10, "5-10"},
      {"bytes=0-", 10, "0-10"},
      {"bytes=-3", 10, "7-10"},
      {"bytes=-10", 10, "0-10"},
      {"bytes=-11", 10, "0-10"},
      {"bytes=5-100", 10, "5-10"},
      {"bytes=007-08", 10, "7-9"},
      {"BYTES=0-4", 10, "0-5"},
      {"bytes= 0-4", 10, "0-5"},
      {"bytes=0-4 ", 10, "0-5"},
      // beyond 64 bits saturates
      {"bytes=5-99999999999999999999999", 10, "5-10"},
      {"bytes=-99999999999999999999999", 10, "0-10"},
      {"bytes=99999999999999999999999-", 10, "416"},
      {"bytes=0-18446744073709551615", 10, "0-10"},
      {"bytes=0-", 18446744073709551615U, "0-18446744073709551615"},
      // several, §14.2, §15.3.7.2: ascending, merged where they touch or overlap
      {"bytes=0-1,4-5", 10, "0-2 4-6"},
      {"bytes=4-5, 0-1", 10, "0-2 4-6"},
      {"bytes=0-1,2-3", 10, "0-4"},
      {"bytes=0-5,3-8", 10, "0-9"},
      {"bytes=0-8,2-3", 10, "0-9"},
      {"bytes=0-0,-1", 10, "0-1 9-10"},
      {"bytes=-1,0-", 10, "0-10"},
      {"bytes=0-0,0-0,0-0", 10, "0-1"},
      {"bytes=,0-1,,4-5,", 10, "0-2 4-6"},
      {"bytes=0-1\t,\t4-5", 10, "0-2 4-6"},
      // some of them unsatisfiable: the others are served
      {"bytes=20-30,0-1", 10, "0-2"},
      {"bytes=-0,0-1", 10, "0-2"},
      // none satisfiable, §15.5.17
      {"bytes=10-", 10, "416"},
      {"bytes=10-20", 10, "416"},
      {"bytes=-0", 10, "416"},
      {"bytes=20-30,40-50", 10, "416"},
      {"bytes=0-", 0, "416"},
      {"bytes=0-0", 0, "416"},
      {"bytes=-5", 0, "416"},
      // malformed or not bytes: as if the field were not there
      {"", 10, "whole"},
      {"bytes", 10, "whole"},
      {"bytes=", 10, "whole"},
      {"bytes=,", 10, "whole"},
      {"bytes=-", 10, "whole"},
      {"bytes=a-b", 10, "whole"},
      {"bytes=0", 10, "whole"},
      {"bytes=4-0", 10, "whole"},
      {"bytes=0-1,4-0", 10, "whole"},
      {"bytes=0-1,x", 10, "whole"},
      {"bytes=0--1", 10, "whole"},
      {"bytes=0 - 1", 10, "whole"},
      {"bytes=0-1-2", 10, "whole"},
      {"bytes=+0-1", 10, "whole"},
      {"bytes=0x0-0x1", 10, "whole"},
      {"bytes=1.0-2", 10, "whole"},
      {"bytes =0-1", 10, "whole"},
      {"bytes:0-1", 10, "whole"},
      {"items=0-1", 10, "whole"},
      {"bytess=0-1", 10, "whole"},
      {"bytes=\"0-1\"", 10, "whole"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(show(resolve_ranges(row.field, row.length)), row.expected) << row.field;
  }
}

std::string many_ranges(int count) {
  std::string field = "bytes=";
  for (int i = 0; i < count; ++i)
    field += (i > 0 ? "," : "") + std::to_string(i * 2) + "-" + std::to_string(i * 2);
  return field;
}

TEST(ByteRange, ServesAtMostSixteen) {
  EXPECT_EQ(resolve_ranges(many_ranges(16), 1000).count, 16U);
  EXPECT_EQ(resolve_ranges(many_ranges(17), 1000).outcome, RangeOutcome::Whole);
  // Sixteen after merging: what is counted is what would be sent.
  EXPECT_EQ(show(resolve_ranges(many_ranges(17) + ",0-32", 1000)), "0-33");
  // More than the bound before merging is abuse.
  EXPECT_EQ(resolve_ranges(many_ranges(128) + ",0-1000", 1001).outcome, RangeOutcome::Whole);
  EXPECT_EQ(resolve_ranges(many_ranges(127) + ",0-1000", 1001).outcome, RangeOutcome::Partial);
}

TEST(ByteRange, TheOneRangeAsWritten) {
  const auto closed = single_range("bytes=3-7");
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->first, 3U);
  EXPECT_EQ(closed->last, 7U);
  const auto open = single_range("bytes=3-");
  ASSERT_TRUE(open);
  EXPECT_EQ(open->first, 3U);
  EXPECT_FALSE(open->last);
  const auto suffix = single_range(" Bytes=-3 ");
  ASSERT_TRUE(suffix);
  EXPECT_FALSE(suffix->first);
  EXPECT_EQ(suffix->last, 3U);
  for (const std::string_view field :
       {"bytes=0-1,3-4", "bytes=7-3", "items=0-1", "", "bytes=", "bytes=a-", "bytes=-"}) {
    EXPECT_FALSE(single_range(field)) << field;
  }
}

struct ContentRangeRow {
  std::string_view field;
  std::string_view expected;  // "begin-end/length", "-" = empty
};

TEST(ByteRange, ContentRange) {
  const ContentRangeRow rows[] = {
      {"bytes 0-4/10", "0-5/10"},
      {"bytes 5-9/10", "5-10/10"},
      {"bytes 0-0/1", "0-1/1"},
      {"Bytes 0-4/*", "0-5/*"},
      // contradictory (§14.4)
      {"bytes 5-10/10", "-"},
      {"bytes 5-4/10", "-"},
      {"bytes 0-4/4", "-"},
      {"bytes 0-4/0", "-"},
      // malformed
      {"bytes */10", "-"},
      {"bytes 0-4", "-"},
      {"bytes 0-/10", "-"},
      {"bytes -4/10", "-"},
      {"bytes=0-4/10", "-"},
      {"bytes 0-4/x", "-"},
      {"bytes 0-4/", "-"},
      {"bytes 0 - 4/10", "-"},
      {"bytes  0-4/10", "-"},
      {"items 0-4/10", "-"},
      {"bytes 0-18446744073709551615/*", "-"},
      {"bytes 0-4/99999999999999999999999", "-"},
      {"", "-"},
  };
  for (const ContentRangeRow& row : rows) {
    const auto parsed = parse_content_range(row.field);
    std::string shown = "-";
    if (parsed) {
      shown = std::to_string(parsed->range.begin) + "-" + std::to_string(parsed->range.end) + "/" +
              (parsed->complete_length ? std::to_string(*parsed->complete_length) : "*");
    }
    EXPECT_EQ(shown, row.expected) << row.field;
  }
}

}  // namespace
}  // namespace brink::edge::cache
