// The life of a stored response: written, found, replaced, freshened, invalidated, dropped.

#include "tests/store/conformance.h"

namespace brink::edge::store {
namespace {

TEST_P(StoreTest, CommittedResponseIsFoundWithItsBytes) {
  make();
  const TestKey key("https://a.example/x");
  const std::string body = body_of(1, 3000);
  ASSERT_TRUE(put(key, body));
  const ResponsePtr found = find(key);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->key(), "https://a.example/x");
  EXPECT_EQ(found->variant_key(), "");
  EXPECT_EQ(found->head(), kHead);
  EXPECT_EQ(found->meta().status, 200);
  EXPECT_EQ(found->body_length(), body.size());
  EXPECT_TRUE(found->has_body());
  EXPECT_EQ(found->contiguous_body(), body);
  EXPECT_EQ(body_text(found), body);
  EXPECT_EQ(store_->stats().responses, 1U);
  EXPECT_EQ(store_->stats().stored, 1U);
}

TEST_P(StoreTest, CountsHowOftenItIsLookedUp) {
  make();
  const TestKey key("k");
  ASSERT_TRUE(put(key, "one"));
  for (int i = 0; i < 300; ++i) find(key);
  EXPECT_EQ(store_->peek(key)->requests(), 300U);
  ASSERT_TRUE(put(key, "two"));  // in its place
  EXPECT_EQ(find(key)->requests(), 301U);
  ASSERT_NE(store_->freshen(store_->peek(key), kHead, store_->peek(key)->meta()), nullptr);
  EXPECT_EQ(store_->peek(key)->requests(), 301U);
  for (int i = 0; i < 70'000; ++i) find(key);
  EXPECT_EQ(find(key)->requests(), StoredResponse::kRequestsMost);
  store_->invalidate(key);
  ASSERT_TRUE(put(key, "three"));
  EXPECT_EQ(store_->peek(key)->requests(), 0U);
}

TEST_P(StoreTest, NothingIsVisibleBeforeCommit) {
  make();
  const TestKey key("k");
  const auto writer = begin(key);
  writer->append("part");
  EXPECT_EQ(find(key), nullptr);
  EXPECT_EQ(store_->peek(key), nullptr);
  EXPECT_EQ(writer->response()->head(), kHead);
  EXPECT_FALSE(writer->response()->has_body());
  EXPECT_EQ(writer->response()->contiguous_body(), std::nullopt);
  EXPECT_TRUE(writer->commit());
  EXPECT_EQ(writer->not_stored_reason(), cache::Reason::Stored);
  EXPECT_EQ(find(key), writer->response());
}

TEST_P(StoreTest, WriterThatVanishesStoresNothing) {
  make();
  const TestKey key("k");
  const std::uint64_t before = used();
  begin(key)->append("part");
  EXPECT_EQ(find(key), nullptr);
  EXPECT_EQ(used(), before);
}

TEST_P(StoreTest, TheTextDecidesAndNotTheHash) {
  make();
  const TestKey one("one", 7);
  const TestKey other("other", 7);
  ASSERT_TRUE(put(one, "1"));
  EXPECT_EQ(find(other), nullptr);
  ASSERT_TRUE(put(other, "2"));
  EXPECT_EQ(body_text(find(one)), "1");
  EXPECT_EQ(body_text(find(other)), "2");
  EXPECT_EQ(store_->invalidate(one), 1U);
  EXPECT_EQ(body_text(find(other)), "2");
}

TEST_P(StoreTest, VariantsLiveSideBySide) {
  make();
  const TestKey key("k");
  ASSERT_TRUE(put(key, "plain", "identity"));
  ASSERT_TRUE(put(key, "packed", "gzip"));
  EXPECT_EQ(body_text(find(key, "identity")), "plain");
  EXPECT_EQ(body_text(find(key, "gzip")), "packed");
  EXPECT_EQ(find(key, "br"), nullptr);
}

TEST_P(StoreTest, TheHighestScoreWinsAndAmongEqualsTheMostRecent) {
  class ByLength final : public Selector {
   public:
    std::int64_t score(const StoredResponse& r) const noexcept override {
      return static_cast<int>(r.variant_key().size());
    }
  };
  make();
  const TestKey key("k");
  ASSERT_TRUE(put(key, "1", "aa"));
  ASSERT_TRUE(put(key, "2", "bb"));
  ASSERT_TRUE(put(key, "3", "c"));
  EXPECT_EQ(body_text(store_->lookup(key, ByLength{})), "2");
  ASSERT_TRUE(put(key, "4", "aa"));
  EXPECT_EQ(body_text(store_->lookup(key, ByLength{})), "4");
}

TEST_P(StoreTest, PeekGivesTheMostRecentVariant) {
  make();
  const TestKey key("k");
  EXPECT_EQ(store_->peek(key), nullptr);
  ASSERT_TRUE(put(key, "1", "a"));
  ASSERT_TRUE(put(key, "2", "b"));
  EXPECT_EQ(body_text(store_->peek(key)), "2");
}

TEST_P(StoreTest, TheSameVariantReplacesAndReadersKeepWhatTheyHave) {
  make();
  const TestKey key("k");
  ASSERT_TRUE(put(key, "old", "v"));
  const ResponsePtr old = find(key, "v");
  ASSERT_TRUE(put(key, "new", "v"));
  EXPECT_EQ(body_text(find(key, "v")), "new");
  EXPECT_EQ(body_text(old), "old");
  EXPECT_EQ(store_->stats().responses, 1U);
}

TEST_P(StoreTest, TooManyVariantsDropTheLeastRecentlyUsed) {
  MemoryStoreOptions options;
  options.variants_per_key = 3;
  make(options);
  const TestKey key("k");
  for (const char* variant : {"a", "b", "c"})
    ASSERT_TRUE(put(key, variant, variant));
  ASSERT_NE(find(key, "a"), nullptr);
  ASSERT_TRUE(put(key, "d", "d"));
  EXPECT_NE(find(key, "a"), nullptr);
  EXPECT_EQ(find(key, "b"), nullptr);
  ASSERT_NE(find(key, "c"), nullptr);
  ASSERT_TRUE(put(key, "e", "e"));
  EXPECT_EQ(find(key, "d"), nullptr);
  EXPECT_EQ(store_->stats().variants_dropped, 2U);
  EXPECT_EQ(store_->stats().responses, 3U);
  ASSERT_TRUE(put(key, "again", "e"));  // replaces: drops nobody
  EXPECT_EQ(store_->stats().variants_dropped, 2U);
}

TEST_P(StoreTest, FreshenReplacesTheHeadAndSharesTheBody) {
  make();
  for (const std::size_t size : {std::size_t{0}, std::size_t{700}, std::size_t{3} << 20U}) {
    const TestKey key("k" + std::to_string(size));
    const std::string body = body_of(size, size);
    ASSERT_TRUE(put(key, body, "v"));
    const ResponsePtr old = find(key, "v");
    cache::StoredMeta meta = old->meta();
    meta.freshness_lifetime_s = 77;
    const std::uint64_t before = used();
    const ResponsePtr fresh = store_->freshen(old, "HTTP/1.1 200 OK\r\nX-New: 1\r\n", meta);
    ASSERT_NE(fresh, nullptr);
    EXPECT_LT(used() - before, 16 * kKiB) << "the body was copied";
    EXPECT_TRUE(size > kMiB || fresh->contiguous_body()->data() == old->contiguous_body()->data());
    EXPECT_EQ(find(key, "v"), fresh);
    EXPECT_EQ(fresh->head(), "HTTP/1.1 200 OK\r\nX-New: 1\r\n");
    EXPECT_EQ(fresh->meta().freshness_lifetime_s, 77U);
    EXPECT_EQ(fresh->variant_key(), "v");
    EXPECT_EQ(body_text(fresh), body);
    EXPECT_EQ(body_text(old), body);
    EXPECT_EQ(old->head(), kHead);
    EXPECT_EQ(store_->invalidate(key), 1U);
    EXPECT_EQ(body_text(fresh), body);
  }
}

TEST_P(StoreTest, FresheningTwiceAndInAnyOrderOfReleaseKeepsTheBody) {
  make();
  const TestKey key("k");
  const std::string body = body_of(5, 900);
  ASSERT_TRUE(put(key, body));
  const std::uint64_t stored = used();
  ResponsePtr first = find(key);
  ResponsePtr second = store_->freshen(first, kHead, first->meta());
  ResponsePtr third = store_->freshen(second, kHead, second->meta());
  ResponsePtr other =
      store_->freshen(first, kHead, first->meta());  // of one that is replaced already
  ASSERT_TRUE(second && third && other);
  EXPECT_EQ(find(key), third);
  second.reset();
  first.reset();
  EXPECT_EQ(body_text(other), body);
  other.reset();
  EXPECT_EQ(body_text(third), body);
  third.reset();
  EXPECT_LE(used(), stored + 64);  // one response again, its body under a control block
}

TEST_P(StoreTest, FresheningWhatIsNoLongerStoredServesButDoesNotStore) {
  make();
  const TestKey key("k");
  ASSERT_TRUE(put(key, "body"));
  const ResponsePtr old = find(key);
  ASSERT_EQ(store_->invalidate(key), 1U);
  const ResponsePtr fresh = store_->freshen(old, kHead, old->meta());
  ASSERT_NE(fresh, nullptr);
  EXPECT_EQ(body_text(fresh), "body");
  EXPECT_EQ(find(key), nullptr);
}

TEST_P(StoreTest, InvalidateDropsEveryVariantOfOneKey) {
  make();
  const TestKey key("k");
  const TestKey other("other");
  ASSERT_TRUE(put(key, "1", "a"));
  ASSERT_TRUE(put(key, "2", "b"));
  ASSERT_TRUE(put(other, "3"));
  EXPECT_EQ(store_->invalidate(key), 2U);
  EXPECT_EQ(store_->peek(key), nullptr);
  EXPECT_NE(find(other), nullptr);
  EXPECT_EQ(store_->invalidate(key), 0U);
}

TEST_P(StoreTest, DropTakesExactlyThisResponse) {
  make();
  const TestKey key("k");
  ASSERT_TRUE(put(key, "1"));
  const ResponsePtr old = find(key);
  ASSERT_TRUE(put(key, "2"));
  EXPECT_FALSE(store_->drop(old));
  const ResponsePtr current = find(key);
  ASSERT_NE(current, nullptr);
  EXPECT_TRUE(store_->drop(current));
  EXPECT_FALSE(store_->drop(current));
  EXPECT_EQ(find(key), nullptr);
}

TEST_P(StoreTest, BodyOfNoBytes) {
  make();
  const TestKey announced("announced");
  const TestKey unknown("unknown");
  ASSERT_TRUE(put(announced, ""));
  ASSERT_TRUE(begin(unknown)->commit());
  for (const TestKey* key : {&announced, &unknown}) {
    const ResponsePtr found = find(*key);
    ASSERT_NE(found, nullptr);
    EXPECT_TRUE(found->has_body());
    EXPECT_EQ(found->body_length(), 0U);
    EXPECT_EQ(found->contiguous_body(), "");
    EXPECT_EQ(body_text(found), "");
  }
}

// Lengths around the borders of pieces, announced and not, and ranges of them.
TEST_P(StoreTest, BodiesOfEverySizeComeBackWholeAndInRanges) {
  make();
  for (const std::size_t size : {1UL, 4095UL, 4096UL, 4097UL, 20'480UL, 20'481UL, 100'000UL,
                                 1'048'576UL, 1'048'577UL, 5'000'001UL}) {
    const std::string body = body_of(size, size);
    for (const bool known : {true, false}) {
      const TestKey key("k" + std::to_string(size) + (known ? "k" : "u"));
      const auto writer = begin(key, known ? std::optional<std::uint64_t>(size) : std::nullopt);
      append_pieces(*writer, body, 7000);
      ASSERT_TRUE(writer->commit()) << size;
      const ResponsePtr found = find(key);
      ASSERT_EQ(found->body_length(), size);
      EXPECT_TRUE(body_text(found) == body) << size;
      EXPECT_EQ(found->contiguous_body().has_value(), size <= kMiB) << size;
      for (const auto& [first, last] :
           {std::pair{size / 3, size / 2}, {size - 1, size}, {size / 2, size / 2}}) {
        BodyReader range(found, first, last);
        EXPECT_EQ(range.known_length(), size);
        EXPECT_TRUE(collect(range).bytes == body.substr(first, last - first)) << size;
        EXPECT_EQ(range.position(), std::max(first, last));
      }
    }
  }
}

TEST_P(StoreTest, RangesAreClampedToTheBody) {
  make();
  const TestKey key("k");
  ASSERT_TRUE(put(key, "0123456789"));
  const ResponsePtr found = find(key);
  BodyReader beyond(found, 20, 30);
  EXPECT_EQ(collect(beyond).bytes, "");
  BodyReader over(found, 8, 30);
  EXPECT_EQ(collect(over).bytes, "89");
  BodyReader nothing;
  EXPECT_EQ(collect(nothing).state, BodyReader::State::End);
}

TEST_P(StoreTest, ReadersCanBeMoved) {
  make();
  const TestKey key("k");
  ASSERT_TRUE(put(key, "0123456789"));
  BodyReader first(find(key), 0, UINT64_MAX);
  EXPECT_EQ(collect(first, 4).bytes, "0123");
  BodyReader second(std::move(first));
  EXPECT_EQ(collect(second, 3).bytes, "456");
  BodyReader third;
  third = std::move(second);
  EXPECT_EQ(collect(third).bytes, "789");
}

TEST_P(StoreTest, WhatOnlyPassesThroughIsNeverVisible) {
  make();
  const TestKey key("k");
  const auto writer = begin(key, 4, {}, false);
  EXPECT_FALSE(writer->storing());
  const auto reader = BodyReader::join(writer->fill(), nullptr);
  ASSERT_NE(reader, nullptr);
  writer->append("body");
  EXPECT_FALSE(writer->commit());
  EXPECT_EQ(writer->not_stored_reason(), cache::Reason::None);
  EXPECT_EQ(find(key), nullptr);
  const Collected all = collect(*reader);
  EXPECT_EQ(all.bytes, "body");
  EXPECT_EQ(all.state, BodyReader::State::End);
  EXPECT_EQ(writer->response()->body_length(), 4U);
  EXPECT_FALSE(writer->response()->has_body());
  EXPECT_EQ(store_->freshen(writer->response(), kHead, {}), nullptr);
}

TEST_P(StoreTest, LengthThatContradictsTheAnnouncedOneIsIncomplete) {
  make();
  for (const std::string_view sent : {"", "123", "12345678"}) {
    const TestKey key("k" + std::string(sent));
    const auto writer = begin(key, 5);
    const auto reader = BodyReader::join(writer->fill(), nullptr);
    ASSERT_NE(reader, nullptr);
    writer->append(sent);
    const std::string seen = collect(*reader).bytes;
    EXPECT_EQ(seen, sent.substr(0, 5)) << "more than announced must not get out";
    EXPECT_FALSE(writer->commit());
    EXPECT_EQ(writer->not_stored_reason(), cache::Reason::Incomplete);
    EXPECT_EQ(collect(*reader).state, BodyReader::State::Cut);
    EXPECT_EQ(reader->error().code, ErrorCode::ResponseIncomplete);
    EXPECT_EQ(find(key), nullptr);
  }
}

TEST_P(StoreTest, ResponsesAndReadersOutliveTheStore) {
  make();
  const TestKey key("k");
  const std::string body = body_of(9, 2 * kMiB);
  ASSERT_TRUE(put(key, body));
  const ResponsePtr found = find(key);
  auto writer = begin(TestKey("other"));
  const auto reader = BodyReader::join(writer->fill(), nullptr);
  writer->append("half");
  writer.reset();
  store_.reset();
  EXPECT_TRUE(body_text(found) == body);
  EXPECT_EQ(collect(*reader).state, BodyReader::State::Cut);
}

}  // namespace
}  // namespace brink::edge::store
