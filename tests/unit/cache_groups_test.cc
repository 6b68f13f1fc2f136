// RFC 9875: the members of Cache-Groups and Cache-Group-Invalidation, and the origin they belong
// to.
#include "cache_support.h"
#include "edge/cache/groups.h"

namespace brink::edge::cache {
namespace {

std::string show(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    out.append(out.empty() ? "" : "|").append(name);
  return out;
}

TEST(CacheGroups, Names) {
  struct Row {
    std::string_view field;
    std::string_view expected;
  };
  const Row rows[] = {
      {"", ""},
      {"\"a\"", "a"},
      {"\"a\", \"b c\",\t\"D\"", "a|b c|D"},
      {"\"a, b\", \"c\\\"d\"", "a, b|c\"d"},
      {"\"a\";x=1, \"b\";y", "a|b"},  // §2: parameters are ignored
      {"\"\"", ""},
      {"\"a\", \"a\"", "a|a"},
      // no List of Strings: nothing at all (RFC 9651 §4.2)
      {"a", ""},
      {"\"a\", b", ""},
      {"\"a\", 1", ""},
      {"\"a\", ?1", ""},
      {"\"a\", (\"b\")", ""},
      {"\"a\",", ""},
      {"\"a\" \"b\"", ""},
      {"\"a", ""},
      {"'a'", ""},
      {"\"\xc3\xa4\"", ""},
  };
  for (const Row& row : rows)
    EXPECT_EQ(show(group_names(row.field)), row.expected) << row.field;
}

TEST(CacheGroups, AtLeastThirtyTwoOfThirtyTwoCharacters) {
  std::string field;
  for (std::size_t i = 0; i < 2 * kMaxGroups; ++i)
    field.append(i == 0 ? "\"" : ", \"").append(std::string(32, 'g') + std::to_string(i) + "\"");
  const std::vector<std::string> names = group_names(field);
  ASSERT_EQ(names.size(), kMaxGroups);
  EXPECT_EQ(names.back(), std::string(32, 'g') + std::to_string(kMaxGroups - 1));
}

TEST(CacheGroups, OriginOfAKey) {
  EXPECT_EQ(origin_of_key("http://a.test/b?c"), "http://a.test");
  EXPECT_EQ(origin_of_key("https://a.test:8443/"), "https://a.test:8443");
  EXPECT_EQ(origin_of_key("v7 http://a.test/x y://z"), "http://a.test");
  EXPECT_EQ(origin_of_key("http://a.test"), "http://a.test");
}

}  // namespace
}  // namespace brink::edge::cache
