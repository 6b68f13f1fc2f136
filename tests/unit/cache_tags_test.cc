#include "edge/cache/tags.h"

#include <gtest/gtest.h>

#include "tests/unit/cache_support.h"

namespace brink::edge::cache {
namespace {

std::string show(const ResponseTags& tags) {
  std::string out;
  for (const ResponseTag& tag : tags.list)
    out.append(out.empty() ? "" : "|").append(tag.is_group ? "group " : "").append(tag.text);
  return tags.over_limit ? out + "|…" : out;
}

std::string tags_in(std::string_view fields, const TagLimits& limits = {}) {
  const test::Exchange exchange{std::string(fields)};
  return show(tags_of(exchange.context.fields, limits));
}

TEST(Tags, EachFieldHasItsSeparator) {
  EXPECT_EQ(tags_in("Surrogate-Key: one two  three\tfour"), "one|two|three|four");
  EXPECT_EQ(tags_in("xkey: one two"), "one|two");
  EXPECT_EQ(tags_in("Cache-Tag: one, two words ,,three"), "one|two words|three");
  EXPECT_EQ(tags_in("Cache-Groups: \"one\", \"two words\";x=1"), "group one|group two words");
  EXPECT_EQ(tags_in("Cache-Groups: one, two"), "");  // tokens, no strings (RFC 9875 §2)
  EXPECT_EQ(tags_in("X-Tag: one"), "");
}

TEST(Tags, FieldsThatApplicationsWriteForVarnish) {
  EXPECT_EQ(tags_in("X-Magento-Tags: cat_p_1,cat_c"), "cat_p_1|cat_c");
  EXPECT_EQ(tags_in("Cache-Tags: node:5 config:a.b"), "node:5|config:a.b");
  EXPECT_EQ(tags_in("Purge-Cache-Tags: node:5 node:6"), "node:5|node:6");
  EXPECT_EQ(tags_in("X-Cache-Tags: a,b c"), "a|b|c");
}

TEST(Tags, SeveralLinesAreOneListAndEachTagIsThereOnce) {
  EXPECT_EQ(tags_in("Surrogate-Key: a b\nSURROGATE-KEY: b c\nCache-Tag: c,d\nxkey: e"), "a|b|c|d|e");
  // A group is one of its origin only; a tag of the same name is something else.
  EXPECT_EQ(tags_in("Surrogate-Key: a\nCache-Groups: \"a\", \"a\""), "a|group a");
}

TEST(Tags, OverTheLimitIsSaidAndNeverSilent) {
  EXPECT_EQ(tags_in("xkey: a b c", {.tags = 3}), "a|b|c");
  EXPECT_EQ(tags_in("xkey: a b c d", {.tags = 3}), "a|b|c|…");
  EXPECT_EQ(tags_in("xkey: a b a b c", {.tags = 3}), "a|b|c");
  EXPECT_EQ(tags_in("xkey: aaaa bbbb", {.bytes = 8}), "aaaa|bbbb");
  EXPECT_EQ(tags_in("xkey: aaaa bbbb c", {.bytes = 8}), "aaaa|bbbb|…");
  EXPECT_EQ(tags_in("Cache-Groups: \"a\", \"b\"\nxkey: c d", {.tags = 3}), "c|d|group a|…");
}

}  // namespace
}  // namespace brink::edge::cache
