// The pure part of slices: what is asked for, how parts are named and described.

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "edge/cache/slices.h"

namespace brink::edge::cache {
namespace {

constexpr std::uint64_t kMiB = 1U << 20U;

TEST(Slices, FirstRequestOfARangeOfWhichNothingIsKnown) {
  struct Row {
    std::string_view client;
    std::string_view asked;
    std::string_view exact;  // for a child tier
  };
  const Row rows[] = {
      {"bytes=0-0", "bytes=0-1048575", "bytes=0-0"},
      {"bytes=0-", "bytes=0-1048575", "bytes=0-1048575"},
      {"bytes=1048575-1048576", "bytes=0-1048575", "bytes=0-1048575"},
      {"bytes=1048576-", "bytes=1048576-2097151", "bytes=1048576-2097151"},
      {"bytes=1048576-1048676", "bytes=1048576-2097151", "bytes=1048576-1048676"},
      {"bytes=5000000-9000000", "bytes=4194304-5242879", "bytes=4194304-5242879"},
      {"bytes=-500", "bytes=-500", "bytes=-500"},
      {"bytes=-1048576", "bytes=-1048576", "bytes=-1048576"},
      {"bytes=-1048577", "bytes=0-1048575", "bytes=0-1048575"},
      {"bytes=-0", "bytes=0-1048575", "bytes=0-1048575"},
      {"bytes=0-1,5-6", "", ""},
      {"items=0-1", "", ""},
      {"bytes=5-4", "", ""},
      {"", "", ""},
      // further than any map reaches
      {"bytes=68719476736-", "", ""},
      {"bytes=18446744073709551615-", "", ""},
      {"bytes=5-18446744073709551615", "bytes=0-1048575", "bytes=0-1048575"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(first_slice_request(row.client, kMiB, false), row.asked) << row.client;
    EXPECT_EQ(first_slice_request(row.client, kMiB, true), row.exact) << row.client;
  }
}

TEST(Slices, BeyondWhatAMapReaches) {
  EXPECT_TRUE(begins_beyond_slices("bytes=68719476736-", kMiB));
  EXPECT_FALSE(begins_beyond_slices("bytes=68719476735-", kMiB));
  EXPECT_FALSE(begins_beyond_slices("bytes=-5", kMiB));
  EXPECT_FALSE(begins_beyond_slices("bytes=0-1,68719476736-", kMiB));
  EXPECT_FALSE(begins_beyond_slices("", kMiB));
}

TEST(Slices, RangeRequestIsOpenWhereTheRepresentationEnds) {
  EXPECT_EQ(range_request({0, 5}, 10), "bytes=0-4");
  EXPECT_EQ(range_request({5, 10}, 10), "bytes=5-");
  EXPECT_EQ(range_request({9, 10}, 10), "bytes=9-");
}

TEST(Slices, MapDividesTheRepresentation) {
  const SliceMap map{2500, 7, 1000};
  EXPECT_EQ(map.count(), 3U);
  EXPECT_EQ(map.index_of(999), 0U);
  EXPECT_EQ(map.index_of(1000), 1U);
  EXPECT_EQ(map.range_of(1), (ByteRange{1000, 2000}));
  EXPECT_EQ(map.range_of(2), (ByteRange{2000, 2500}));
  EXPECT_EQ(decode_slice_map(encode_slice_map(map)), map);
  const SliceMap even{2000, 7, 1000};
  EXPECT_EQ(even.count(), 2U);
  const SliceMap longest{UINT64_MAX - 1, 7, 1000};
  EXPECT_GT(longest.count(), kMaxSlices);
}

TEST(Slices, KeysOfGenerationsSlicesAndResponsesDiffer) {
  std::string a;
  std::string b;
  const SliceMap one{2500, 1, 1000};
  const SliceMap two{2500, 2, 1000};
  EXPECT_NE(slice_key("k", one, 0, a).text, slice_key("k", two, 0, b).text);
  EXPECT_NE(slice_key("k", one, 0, a).text, slice_key("k", one, 1, b).text);
  EXPECT_NE(slice_key("k", one, 1, a).text, slice_key("k1", one, 1, b).text);
  const CacheKey again = slice_key("k", one, 1, a);
  EXPECT_EQ(again.text, slice_key("k", one, 1, b).text);
  EXPECT_EQ(again.hash, hash_key(again.text));
  // No key of a request has a line feed.
  EXPECT_NE(again.text.find('\n'), std::string_view::npos);
}

TEST(Slices, ContentOf206) {
  const auto content = [](std::string_view range, std::optional<std::uint64_t> length) {
    const std::array<Field, 2> fields{{{"ETag", "\"1\""}, {"Content-Range", range}}};
    return content_of_206(fields, length);
  };
  ASSERT_TRUE(content("bytes 0-4/10", 5));
  EXPECT_EQ(content("bytes 0-4/10", 5)->range, (ByteRange{0, 5}));
  EXPECT_TRUE(content("bytes 0-4/10", std::nullopt));
  EXPECT_FALSE(content("bytes 0-4/10", 6));
  EXPECT_FALSE(content("bytes 0-4/10", 4));
  EXPECT_FALSE(content("bytes 0-4/*", 5));
  EXPECT_FALSE(content("bytes */10", 5));
  EXPECT_FALSE(content("bytes 4-0/10", 5));
  EXPECT_FALSE(content("bytes 0-10/10", 11));
  EXPECT_FALSE(content("", 5));
  const std::array<Field, 2> twice{
      {{"Content-Range", "bytes 0-4/10"}, {"Content-Range", "bytes 5-9/10"}}};
  EXPECT_FALSE(content_of_206(twice, 5));
  EXPECT_FALSE(content_of_206({}, 5));
}

TEST(Slices, HeadTellsWhatTheSliceHolds) {
  const ByteRange far{1'000'000'000'000, 1'000'001'000'000};
  EXPECT_EQ(range_in_head(slice_head(far, 2'000'000'000'000)), far);
  EXPECT_EQ(range_in_head(slice_head({0, 1}, 1)), (ByteRange{0, 1}));
}

}  // namespace
}  // namespace brink::edge::cache
