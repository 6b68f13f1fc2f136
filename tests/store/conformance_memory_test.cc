// The ceiling: never exceeded, whoever reads what; and who has to go when room is needed.

#include <vector>

#include "tests/store/conformance.h"

namespace brink::edge::store {
namespace {

using State = BodyReader::State;

MemoryStoreOptions with_ceiling(std::uint64_t bytes) {
  MemoryStoreOptions options;
  options.ceiling_bytes = bytes;
  options.max_response_bytes = bytes / 4;
  return options;
}

TestKey numbered(std::size_t number) {
  return TestKey("https://a.example/" + std::to_string(number));
}

TEST_P(StoreTest, TheCeilingHoldsWhileMoreIsStoredThanFits) {
  make(with_ceiling(2 * kMiB));
  for (std::size_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(put(numbered(i), body_of(i, i * 37 % 9000)));
    expect_under_ceiling();
  }
  const StoreStats stats = store_->stats();
  EXPECT_GT(stats.evicted_responses, 3000U);
  EXPECT_EQ(stats.responses + stats.evicted_responses, stats.stored);
  EXPECT_GT(stats.bytes_used, kMiB) << "most of the memory is in use";
  std::size_t found = 0;
  for (std::size_t i = 0; i < 5000; ++i) {
    if (const ResponsePtr response = find(numbered(i))) {
      ++found;
      EXPECT_TRUE(body_text(response) == body_of(i, i * 37 % 9000));
    }
  }
  EXPECT_EQ(found, stats.responses);
}

TEST_P(StoreTest, WhatLeftTheStoreIsChargedUntilItsLastReaderIsGone) {
  make(with_ceiling(4 * kMiB));
  const std::uint64_t empty = used();
  ASSERT_TRUE(put(numbered(1), body_of(1, 900 * kKiB)));
  ResponsePtr held = find(numbered(1));
  BodyReader reader(held, 0, UINT64_MAX);
  held.reset();
  ASSERT_EQ(store_->invalidate(numbered(1)), 1U);
  EXPECT_GE(used(), empty + 900 * kKiB);
  EXPECT_TRUE(collect(reader).bytes == body_of(1, 900 * kKiB));
  reader = BodyReader();
  EXPECT_EQ(used(), empty);
}

TEST_P(StoreTest, WhatIsBeingReadIsNotEvicted) {
  make(with_ceiling(2 * kMiB));
  std::vector<ResponsePtr> held;
  for (std::size_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(put(numbered(i), body_of(i, 50'000)));
    held.push_back(find(numbered(i)));
  }
  for (std::size_t i = 100; i < 400; ++i)
    ASSERT_TRUE(put(numbered(i), body_of(i, 50'000)));
  expect_under_ceiling();
  for (std::size_t i = 0; i < 10; ++i)
    EXPECT_EQ(find(numbered(i)), held[i]);
}

TEST_P(StoreTest, WhenEverythingIsBeingReadNothingFitsUntilSomebodyLetsGo) {
  make(with_ceiling(kMiB));
  std::vector<ResponsePtr> held;
  std::vector<std::unique_ptr<Writer>> writers;
  for (std::size_t i = 0; put(numbered(i), body_of(i, 30'000)); ++i)
    held.push_back(find(numbered(i)));
  EXPECT_GT(held.size(), 20U);
  expect_under_ceiling();
  // Heads of bodies to come use up the rest, also the reserve for what passes through.
  const TestKey new_key = numbered(9999);
  const NewResponse fresh{
      .key = new_key, .variant_key = {}, .head = kHead, .meta = {}, .store = true};
  auto writer = store_->begin(fresh);
  for (; writer; writer = store_->begin(fresh))
    writers.push_back(std::move(*writer));
  EXPECT_EQ(writer.error().code, ErrorCode::StoreFull);
  expect_under_ceiling();
  for (const ResponsePtr& response : held)
    EXPECT_NE(store_->peek(TestKey(std::string(response->key()))), nullptr);
  held.clear();
  EXPECT_TRUE(store_->begin(fresh).has_value());
  writers.clear();
  EXPECT_TRUE(put(numbered(9999), body_of(1, 30'000)));
}

TEST_P(StoreTest, FillThatFindsNoRoomGoesOnAsAWindow) {
  make(with_ceiling(4 * kMiB));
  std::vector<ResponsePtr> held;
  for (std::size_t i = 0; put(numbered(i), body_of(i, 60'000)); ++i)
    held.push_back(find(numbered(i)));
  held.pop_back();
  const std::string body = body_of(77, 3 * kMiB);
  const auto writer = begin(numbered(777));
  EXPECT_TRUE(writer->storing());
  CountingWaker room;
  writer->set_waker(&room);
  const auto reader = BodyReader::join(writer->fill(), nullptr);
  std::string seen;
  for (std::size_t sent = 0; sent < body.size(); sent += 16 * kKiB) {
    const bool full =
        writer->append(std::string_view(body).substr(sent, 16 * kKiB)) == Writer::Append::Full;
    const int calls = room.calls;
    expect_under_ceiling();
    seen += collect(*reader).bytes;
    EXPECT_EQ(room.calls - calls, full ? 1 : 0) << "a paused writer is woken";
  }
  EXPECT_FALSE(writer->failed());
  EXPECT_FALSE(writer->storing());
  EXPECT_FALSE(writer->commit());
  EXPECT_EQ(writer->not_stored_reason(), cache::Reason::StoreFull);
  EXPECT_EQ(collect(*reader).state, State::End);
  EXPECT_TRUE(seen == body);
}

// When not even windows find memory, each goes on with what it has; the rest is cut, with a reason.
TEST_P(StoreTest, ManyWindowsInAFullStoreNeverExceedTheCeiling) {
  MemoryStoreOptions options = with_ceiling(2 * kMiB);
  options.window_bytes = 64 * kKiB;
  make(options);
  std::vector<ResponsePtr> held;
  for (std::size_t i = 0; put(numbered(i), body_of(i, 10'000)); ++i)
    held.push_back(find(numbered(i)));
  struct Passing {
    std::unique_ptr<Writer> writer;
    std::unique_ptr<BodyReader> reader;
    std::string seen = {};
    bool cut = false;
  };
  std::vector<Passing> all;
  const std::string body = body_of(5, 300'000);
  for (std::size_t i = 0; i < 12; ++i) {
    auto writer = begin(numbered(1000 + i), std::nullopt, {}, false);
    auto reader = BodyReader::join(writer->fill(), nullptr);
    all.push_back({std::move(writer), std::move(reader)});
  }
  for (std::size_t sent = 0; sent < body.size(); sent += 6000) {
    for (Passing& passing : all) {
      passing.writer->append(std::string_view(body).substr(sent, 6000));
      expect_under_ceiling();
    }
    for (Passing& passing : all) {
      Collected now = collect(*passing.reader);
      passing.seen += now.bytes;
      passing.cut = passing.cut || now.state == State::Cut;
    }
  }
  std::size_t whole = 0;
  for (Passing& passing : all) {
    EXPECT_FALSE(passing.writer->commit());
    EXPECT_TRUE(body.starts_with(passing.seen));
    EXPECT_EQ(passing.cut, passing.writer->failed());
    if (passing.cut) {
      EXPECT_EQ(passing.reader->error().code, ErrorCode::StoreFull);
    } else {
      EXPECT_EQ(passing.seen.size(), body.size());
    }
    whole += passing.cut ? 0 : 1;
  }
  EXPECT_GT(whole, 0U);
  EXPECT_LT(whole, all.size());
}

TEST_P(StoreTest, LargerThanTheStoreIsRefusedWithoutEvictingEverything) {
  MemoryStoreOptions options = with_ceiling(kMiB);
  options.max_response_bytes = 64 * kMiB;
  make(options);
  ASSERT_TRUE(put(numbered(1), "small"));
  {
    const auto writer = begin(numbered(2), 900 * kKiB + 200 * kKiB);
    writer->append("first");
    EXPECT_NE(find(numbered(1)), nullptr);
  }
  const std::string head(200 * kKiB, 'h');
  store_->set_limits(160 * kKiB, kMiB);
  const TestKey third_key = numbered(3);
  const NewResponse fresh{
      .key = third_key, .variant_key = {}, .head = head, .meta = {}, .store = true};
  EXPECT_EQ(store_->begin(fresh).error().code, ErrorCode::StoreFull);
  EXPECT_NE(find(numbered(1)), nullptr);
}

TEST_P(StoreTest, OneHitWondersGoBeforeWhatIsUsed) {
  make(with_ceiling(4 * kMiB));
  constexpr std::size_t kHot = 200;
  for (std::size_t i = 0; i < kHot; ++i)
    ASSERT_TRUE(put(numbered(i), body_of(i, 4000)));
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < kHot; ++i)
      ASSERT_NE(find(numbered(i)), nullptr);
  }
  for (std::size_t i = 0; i < 20'000; ++i) {  // a scan over twenty times the memory
    ASSERT_TRUE(put(numbered(kHot + i), body_of(i, 4000)));
    if (i % 50 == 0) find(numbered(i / 50 % kHot));
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < kHot; ++i)
    kept += store_->peek(numbered(i)) != nullptr ? 1 : 0;
  EXPECT_GE(kept, kHot * 95 / 100);
  expect_under_ceiling();
}

TEST_P(StoreTest, WhatWasEvictedAndComesBackStays) {
  make(with_ceiling(kMiB));
  ASSERT_TRUE(put(numbered(0), body_of(0, 4000)));
  std::size_t next = 1;
  while (store_->peek(numbered(0)) != nullptr)
    ASSERT_TRUE(put(numbered(next++), body_of(1, 4000)));
  ASSERT_TRUE(put(numbered(0), body_of(0, 4000)));  // remembered: straight to the main queue
  for (std::size_t i = 0; i < 2000; ++i)
    ASSERT_TRUE(put(numbered(next++), body_of(1, 4000)));
  EXPECT_NE(store_->peek(numbered(0)), nullptr);
}

TEST_P(StoreTest, LowerCeilingEvictsAtOnce) {
  make(with_ceiling(8 * kMiB));
  for (std::size_t i = 0; i < 1000; ++i)
    ASSERT_TRUE(put(numbered(i), body_of(i, 6000)));
  EXPECT_GT(used(), 5 * kMiB);
  store_->set_limits(3 * kMiB, kMiB);
  EXPECT_LE(used(), 3 * kMiB);
  EXPECT_GT(used(), 2 * kMiB);
  EXPECT_EQ(store_->stats().bytes_ceiling, 3 * kMiB);
  EXPECT_FALSE(begin(numbered(5000), kMiB + 1)->storing());
  store_->set_limits(16 * kMiB, 4 * kMiB);
  EXPECT_TRUE(begin(numbered(5000), kMiB + 1)->storing());
}

TEST_P(StoreTest, ManySmallResponsesAreAllFound) {
  make();
  constexpr std::size_t kResponses = 30'000;
  for (std::size_t i = 0; i < kResponses; ++i)
    ASSERT_TRUE(put(numbered(i), std::to_string(i)));
  EXPECT_EQ(store_->stats().responses, kResponses);
  for (std::size_t i = 0; i < kResponses; ++i) {
    const ResponsePtr found = find(numbered(i));
    ASSERT_NE(found, nullptr) << i;
    ASSERT_EQ(found->contiguous_body(), std::to_string(i));
  }
  for (std::size_t i = 0; i < kResponses; ++i)
    ASSERT_EQ(store_->invalidate(numbered(i)), 1U);
  EXPECT_EQ(store_->stats().responses, 0U);
}

}  // namespace
}  // namespace brink::edge::store
