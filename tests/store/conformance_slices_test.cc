// Slices live and die with their map, however that leaves the store.

#include "edge/store/slice_maps.h"
#include "tests/store/conformance.h"

namespace brink::edge::store {
namespace {

class SlicesOf {
 public:
  SlicesOf(std::string text, std::uint64_t generation, std::uint64_t count)
      : key_(std::move(text)), map_{count * kSlice, generation, kSlice} {}
  const TestKey& key() const { return key_; }
  const cache::SliceMap& map() const { return map_; }
  TestKey slice(std::uint64_t index) const {
    std::string text;
    const cache::CacheKey key = cache::slice_key(cache::CacheKey(key_).text, map_, index, text);
    return TestKey(std::string(key.text));
  }

  static constexpr std::uint64_t kSlice = 1024;

 private:
  TestKey key_;
  cache::SliceMap map_;
};

// REQUIRES: make() was called.
bool put_map(StoreTest& test, const SlicesOf& slices) {
  cache::StoredMeta meta;
  meta.status = 200;
  meta.sliced = true;
  const std::string body = cache::encode_slice_map(slices.map());
  auto writer = test.store_->begin({.key = slices.key(),
                                    .variant_key = {},
                                    .head = StoreTest::kHead,
                                    .meta = meta,
                                    .announced_length = body.size(),
                                    .store = true});
  if (!writer) return false;
  (*writer)->append(body);
  return (*writer)->commit();
}

bool put_slices(StoreTest& test, const SlicesOf& slices) {
  bool all = true;
  for (std::uint64_t i = 0; i < slices.map().count(); ++i) {
    all = test.put(slices.slice(i), body_of(i, SlicesOf::kSlice)) && all;
  }
  return all;
}

std::uint64_t slices_left(StoreTest& test, const SlicesOf& slices) {
  std::uint64_t left = 0;
  for (std::uint64_t i = 0; i < slices.map().count(); ++i) {
    if (test.store_->peek(slices.slice(i))) ++left;
  }
  return left;
}

void sweep(StoreTest& test) {
  test.store_->sweep(Ticks{}, Millis{1000});
}

TEST_P(StoreTest, SlicesGoWhenTheirMapIsDroppedInvalidatedOrReplaced) {
  make();
  const SlicesOf film("https://a.example/film", 1, 20);
  const SlicesOf other("https://a.example/other", 2, 5);
  ASSERT_TRUE(put_map(*this, other));
  ASSERT_TRUE(put_slices(*this, other));
  const auto leave = [&](const std::function<void()>& how) {
    ASSERT_TRUE(put_map(*this, film));
    ASSERT_TRUE(put_slices(*this, film));
    sweep(*this);
    EXPECT_EQ(slices_left(*this, film), 20U);
    how();
    sweep(*this);
    EXPECT_EQ(slices_left(*this, film), 0U);
    store_->invalidate(film.key());
    sweep(*this);
  };
  leave([&] { store_->drop(find(film.key())); });
  leave([&] { store_->invalidate(film.key()); });
  leave([&] { ASSERT_TRUE(put(film.key(), "the whole, in one piece")); });
  leave([&] { ASSERT_TRUE(put_map(*this, SlicesOf("https://a.example/film", 3, 20))); });
  EXPECT_EQ(slices_left(*this, other), 5U);
}

TEST_P(StoreTest, SlicesStayWhenTheirMapIsFreshenedOrStoredAgain) {
  make();
  const SlicesOf film("https://a.example/film", 1, 20);
  ASSERT_TRUE(put_map(*this, film));
  ASSERT_TRUE(put_slices(*this, film));
  const ResponsePtr old = find(film.key());
  const ResponsePtr fresh = store_->freshen(old, kHead, old->meta());
  ASSERT_NE(fresh, nullptr);
  EXPECT_EQ(slice_map_of(*fresh), film.map());
  sweep(*this);
  EXPECT_EQ(slices_left(*this, film), 20U);
  ASSERT_TRUE(put_map(*this, film));
  sweep(*this);
  EXPECT_EQ(slices_left(*this, film), 20U);
  EXPECT_EQ(store_->lookup(film.key(), GenerationSelector{1}), find(film.key()));
  EXPECT_EQ(store_->lookup(film.key(), GenerationSelector{2}), nullptr);
}

TEST_P(StoreTest, SlicesGoWhenTheirMapIsEvicted) {
  MemoryStoreOptions options;
  options.ceiling_bytes = kMiB;
  options.stripes = 1;
  make(options);
  const SlicesOf film("https://a.example/film", 1, 20);
  ASSERT_TRUE(put_map(*this, film));
  for (std::uint64_t i = 0; store_->peek(film.key()); ++i) {
    ASSERT_LT(i, 100'000U);
    put(TestKey("https://a.example/" + std::to_string(i)), body_of(i, 2000));
  }
  ASSERT_TRUE(put_slices(*this, film));
  sweep(*this);
  EXPECT_EQ(slices_left(*this, film), 0U);
}

// More slices than one sweep drops.
TEST_P(StoreTest, SlicesGoAFewThousandAtATime) {
  MemoryStoreOptions options;
  options.ceiling_bytes = 64 * kMiB;
  make(options);
  const SlicesOf film("https://a.example/film", 1, 10'000);
  ASSERT_TRUE(put_map(*this, film));
  ASSERT_TRUE(put_slices(*this, film));
  store_->invalidate(film.key());
  sweep(*this);
  const std::uint64_t left = slices_left(*this, film);
  EXPECT_GT(left, 0U);
  EXPECT_LT(left, 10'000U);
  sweep(*this);
  sweep(*this);
  EXPECT_EQ(slices_left(*this, film), 0U);
}

// Maps may leave faster than their slices are dropped: beyond a few thousand the oldest are
// forgotten, and what they had is evicted like anything that nobody asks for.
TEST_P(StoreTest, MapsThatLeaveDoNotFillTheMemory) {
  make();
  const auto leave = [&](std::uint64_t first) {
    for (std::uint64_t i = first; i < first + 5000; ++i) {
      const SlicesOf film("https://a.example/" + std::to_string(i), i, cache::kMaxSlices);
      ASSERT_TRUE(put_map(*this, film));
      store_->invalidate(film.key());
    }
  };
  leave(10'000);
  const std::uint64_t used = store_->stats().bytes_used;
  leave(20'000);
  EXPECT_LE(store_->stats().bytes_used, used + used / 100);
}

}  // namespace
}  // namespace brink::edge::store
