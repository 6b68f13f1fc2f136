// Tags and walks: what a purge needs from every store.
#include "tests/store/conformance_tags.h"

namespace brink::edge::store {
namespace {

TEST_P(StoreTags, AResponseKeepsItsTagsAndItsPosition) {
  make();
  const TestKey key("http://a.test/");
  put_tagged(key, {"one", "two"}, 7);
  const ResponsePtr found = find(key);
  EXPECT_EQ(names_of(*found), "one two ");
  EXPECT_EQ(found->as_of(), 7U);
  found->raise_as_of(9);
  found->raise_as_of(8);
  EXPECT_EQ(found->as_of(), 9U);
  EXPECT_TRUE(put(TestKey("http://a.test/untagged"), "x"));
  EXPECT_TRUE(find(TestKey("http://a.test/untagged"))->tags().empty());
}

TEST_P(StoreTags, TotalsFollowWhatIsVisible) {
  make();
  const TestKey a("http://a.test/a");
  const TestKey b("http://a.test/b");
  const auto filling = begin_tagged(a, {"t", "only-a"});
  EXPECT_EQ(responses_with("t"), 0U);
  filling->append("abc");
  ASSERT_TRUE(filling->commit());
  put_tagged(b, {"t"});
  EXPECT_EQ(responses_with("t"), 2U);
  EXPECT_GT(store_->tag_totals(cache::hash_key("t")).bytes, 6U);
  put_tagged(a, {"t", "newer"});  // takes the other's place
  EXPECT_EQ(responses_with("t"), 2U);
  EXPECT_EQ(responses_with("only-a"), 0U);
  EXPECT_EQ(responses_with("newer"), 1U);
  store_->invalidate(b);
  EXPECT_EQ(responses_with("t"), 1U);
  store_->drop(find(a));
  EXPECT_EQ(responses_with("t"), 0U);
  EXPECT_EQ(store_->tag_totals(cache::hash_key("t")).bytes, 0U);
}

TEST_P(StoreTags, FresheningKeepsTagsOrTakesNewOnes) {
  make();
  const TestKey key("http://a.test/");
  ResponsePtr old = put_tagged(key, {"one", "two"}, 3);
  ResponsePtr same = store_->freshen(old, kHead, {}, 5);
  ASSERT_TRUE(same);
  EXPECT_EQ(names_of(*same), "one two ");
  EXPECT_EQ(same->as_of(), 5U);
  EXPECT_EQ(responses_with("one"), 1U);
  const std::vector<std::string> newer = {"three"};
  const std::vector<Tag> tags = tags_named(newer);
  const ResponsePtr other = store_->freshen(same, kHead, {}, 6, std::span<const Tag>(tags));
  ASSERT_TRUE(other);
  EXPECT_EQ(names_of(*other), "three ");
  EXPECT_EQ(responses_with("one"), 0U);
  EXPECT_EQ(responses_with("three"), 1U);
}

TEST_P(StoreTags, MemoryOfTagsIsChargedAndComesBack) {
  make({.ceiling_bytes = 64 * kMiB});
  const std::uint64_t empty = used();
  {
    const auto passing = begin_tagged(TestKey("http://a.test/p"), {"never-stored"}, 0, false);
    passing->append("abc");
    passing->commit();
  }
  std::string text;
  bool is_group = false;
  EXPECT_FALSE(store_->tag_text(cache::hash_key("never-stored"), text, is_group));
  for (int i = 0; i < 1000; ++i)
    put_tagged(TestKey("http://a.test/" + std::to_string(i)), {"all", "tag-" + std::to_string(i)});
  EXPECT_EQ(responses_with("all"), 1000U);
  const std::uint64_t with = used();
  for (int i = 0; i < 1000; ++i) store_->invalidate(TestKey("http://a.test/" + std::to_string(i)));
  EXPECT_GT(with, empty + 1000 * 48);
  // The index of keys keeps its segments.
  make({.ceiling_bytes = 64 * kMiB});
  for (int i = 0; i < 1000; ++i) put(TestKey("http://a.test/" + std::to_string(i)), "abc");
  for (int i = 0; i < 1000; ++i) store_->invalidate(TestKey("http://a.test/" + std::to_string(i)));
  const std::uint64_t untagged_leaves = used();
  make({.ceiling_bytes = 64 * kMiB});
  for (int i = 0; i < 1000; ++i)
    put_tagged(TestKey("http://a.test/" + std::to_string(i)), {"all", "tag-" + std::to_string(i)});
  for (int i = 0; i < 1000; ++i) store_->invalidate(TestKey("http://a.test/" + std::to_string(i)));
  EXPECT_EQ(used(), untagged_leaves);
}

TEST_P(StoreTags, AWalkMeetsEverything) {
  make({.ceiling_bytes = 64 * kMiB});
  std::multiset<std::string> expected;
  for (int i = 0; i < 5000; ++i) {
    const std::string key = "http://a.test/" + std::to_string(i);
    put(TestKey(key), "abc");
    expected.insert(key);
  }
  EXPECT_EQ(walk_all(1), expected);
  EXPECT_EQ(walk_all(10'000), expected);
}

// The index grows under a walk: what was there at its beginning is met all the same.
TEST_P(StoreTags, AWalkMissesNothingWhileTheIndexGrows) {
  make({.ceiling_bytes = 64 * kMiB, .stripes = 1});
  for (int i = 0; i < 300; ++i) put(TestKey("http://a.test/" + std::to_string(i)), "abc");
  std::set<std::string> met;
  WalkPosition at;
  std::vector<ResponsePtr> batch;
  int next = 300;
  for (bool more = true; more;) {
    batch.clear();
    more = store_->walk(at, 5, batch);
    for (const ResponsePtr& response : batch) met.emplace(response->key());
    for (int i = 0; i < 20 && next < 3000; ++i, ++next)
      put(TestKey("http://a.test/" + std::to_string(next)), "abc");
  }
  for (int i = 0; i < 300; ++i) EXPECT_TRUE(met.contains("http://a.test/" + std::to_string(i))) << i;
}

}  // namespace
}  // namespace brink::edge::store
