// Bodies that are not stored: only what the slowest reader has not taken is kept, and it cannot
// hold up others for long.

#include <vector>

#include "tests/store/conformance.h"

namespace brink::edge::store {
namespace {

using State = BodyReader::State;
using Append = Writer::Append;
constexpr Millis kPatience{5000};

MemoryStoreOptions small_window() {
  MemoryStoreOptions options;
  options.window_bytes = 64 * 1024;
  options.max_response_bytes = 256 * 1024;
  return options;
}

Ticks at(std::int64_t seconds) {
  return Ticks{Seconds{seconds}};
}

TEST_P(StoreTest, FullWindowPausesTheWriterUntilTheReaderTakesSome) {
  make(small_window());
  const auto writer = begin(TestKey("k"), std::nullopt, {}, false);
  CountingWaker room;
  writer->set_waker(&room);
  const auto reader = BodyReader::join(writer->fill(), nullptr);
  const std::string body = body_of(1, 200 * kKiB);
  std::size_t sent = 0;
  Append answer = Append::Taken;
  while (answer == Append::Taken) {
    answer = writer->append(std::string_view(body).substr(sent, 8000));
    sent += 8000;
  }
  EXPECT_GE(sent, 64 * kKiB);
  EXPECT_LE(sent, 64 * kKiB + 16 * kKiB);
  EXPECT_EQ(room.calls, 0);
  EXPECT_TRUE(collect(*reader, 40'000).bytes == body.substr(0, 40'000));
  EXPECT_EQ(room.calls, 1);
  EXPECT_EQ(writer->append(std::string_view(body).substr(sent, 8000)), Append::Taken);
  sent += 8000;
  EXPECT_TRUE(collect(*reader).bytes == body.substr(40'000, sent - 40'000));
  EXPECT_FALSE(writer->commit());
  EXPECT_EQ(collect(*reader).state, State::End);
}

TEST_P(StoreTest, BodyLargerThanMemoryPassesThroughAWindow) {
  MemoryStoreOptions options;
  options.ceiling_bytes = 4 * kMiB;
  options.max_response_bytes = kMiB;
  make(options);
  const std::string part = body_of(2, 64 * kKiB);
  const auto writer = begin(TestKey("k"));
  CountingWaker waker;
  const auto reader = BodyReader::join(writer->fill(), &waker);
  std::uint64_t peak = 0;
  for (int i = 0; i < 64 * 16; ++i) {
    EXPECT_EQ(writer->append(part), Append::Taken);
    EXPECT_TRUE(collect(*reader).bytes == part) << i;
    if (i > 40) peak = std::max(peak, used());
  }
  EXPECT_FALSE(writer->storing());
  EXPECT_LT(peak, kMiB) << "a window must not collect the body";
  expect_under_ceiling();
  EXPECT_FALSE(writer->commit());
  EXPECT_EQ(writer->not_stored_reason(), cache::Reason::TooLarge);
  EXPECT_EQ(writer->response()->body_length(), 64 * kMiB);
  EXPECT_EQ(collect(*reader).state, State::End);
  EXPECT_EQ(store_->stats().fills_overflowed, 1U);
}

TEST_P(StoreTest, AnnouncedTooLargeStartsInAWindow) {
  make(small_window());
  const auto writer = begin(TestKey("k"), 256 * kKiB + 1);
  EXPECT_FALSE(writer->storing());
  EXPECT_EQ(writer->not_stored_reason(), cache::Reason::TooLarge);
  const auto fits = begin(TestKey("l"), 256 * kKiB);
  EXPECT_TRUE(fits->storing());
}

// Storing becomes Window while one reader is at the end and another still at the beginning.
TEST_P(StoreTest, ReaderFarBehindKeepsItsBytesWhenStoringEnds) {
  make(small_window());
  const std::string body = body_of(3, 600 * kKiB);
  const auto writer = begin(TestKey("k"));
  CountingWaker room;
  writer->set_waker(&room);
  const auto fast = BodyReader::join(writer->fill(), nullptr);
  const auto slow = BodyReader::join(writer->fill(), nullptr);
  std::string fast_seen;
  std::string slow_seen;
  std::size_t sent = 0;
  Append answer = Append::Taken;
  while (answer == Append::Taken) {
    answer = writer->append(std::string_view(body).substr(sent, 10'000));
    sent += 10'000;
    fast_seen += collect(*fast).bytes;
  }
  EXPECT_FALSE(writer->storing());
  EXPECT_GE(sent, 256 * kKiB) << "paused only once it no longer stores";
  EXPECT_EQ(fast_seen.size(), sent);
  while (slow_seen.size() < sent - 10'000)
    slow_seen += collect(*slow, 10'000).bytes;
  EXPECT_EQ(room.calls, 1);
  for (; sent < body.size(); sent += 10'000) {
    EXPECT_EQ(writer->append(std::string_view(body).substr(sent, 10'000)), Append::Taken);
    fast_seen += collect(*fast).bytes;
    slow_seen += collect(*slow).bytes;
  }
  EXPECT_FALSE(writer->commit());
  EXPECT_EQ(collect(*fast).state, State::End);
  EXPECT_EQ(collect(*slow).state, State::End);
  EXPECT_TRUE(fast_seen == body);
  EXPECT_TRUE(slow_seen == body);
}

TEST_P(StoreTest, WhatAllReadersHaveTakenIsFreedWhenStoringEnds) {
  MemoryStoreOptions options;
  options.max_response_bytes = 8 * kMiB;
  make(options);
  const std::uint64_t before = used();
  const std::string part = body_of(4, 256 * kKiB);
  const auto writer = begin(TestKey("k"));
  const auto reader = BodyReader::join(writer->fill(), nullptr);
  for (int i = 0; i < 32; ++i) {
    writer->append(part);
    collect(*reader);
  }
  EXPECT_TRUE(writer->storing());
  EXPECT_GE(used() - before, 8 * kMiB);
  writer->append(part);
  EXPECT_FALSE(writer->storing());
  EXPECT_LT(used() - before, 2 * kMiB);
}

TEST_P(StoreTest, NobodyJoinsAWindowThatDroppedItsBeginning) {
  make(small_window());
  const auto writer = begin(TestKey("k"), std::nullopt, {}, false);
  const auto first = BodyReader::join(writer->fill(), nullptr);
  writer->append(body_of(1, 1000));
  EXPECT_NE(BodyReader::join(writer->fill(), nullptr), nullptr);
  writer->append(body_of(1, 50'000));
  collect(*first);
  EXPECT_EQ(BodyReader::join(writer->fill(), nullptr), nullptr);
}

TEST_P(StoreTest, WindowWithoutReadersNeverPauses) {
  make(small_window());
  const auto writer = begin(TestKey("k"), std::nullopt, {}, false);
  const std::uint64_t before = used();
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(writer->append(body_of(1, 16'000)), Append::Taken);
  EXPECT_LT(used() - before, 128 * kKiB);
  EXPECT_EQ(writer->readers(), 0U);
  EXPECT_FALSE(writer->commit());
}

TEST_P(StoreTest, TheLastReaderThatLeavesSetsThePausedWriterFree) {
  make(small_window());
  const auto writer = begin(TestKey("k"), std::nullopt, {}, false);
  CountingWaker room;
  writer->set_waker(&room);
  auto reader = BodyReader::join(writer->fill(), nullptr);
  EXPECT_EQ(writer->readers(), 1U);
  while (writer->append(body_of(1, 16'000)) == Append::Taken) {
  }
  reader.reset();
  EXPECT_EQ(room.calls, 1);
  EXPECT_EQ(writer->append(body_of(1, 16'000)), Append::Taken);
}

TEST_P(StoreTest, ReaderOfARangeDoesNotHoldTheWindowAfterwards) {
  make(small_window());
  const std::string body = body_of(5, 300 * kKiB);
  const auto writer = begin(TestKey("k"), std::nullopt, {}, false);
  const auto whole = BodyReader::join(writer->fill(), nullptr);
  const auto range = BodyReader::join(writer->fill(), nullptr, 1000, 3000);
  const auto ahead = BodyReader::join(writer->fill(), nullptr, 280 * kKiB);
  std::string seen;
  std::string range_seen;
  for (std::size_t sent = 0; sent < body.size(); sent += 10'240) {
    EXPECT_EQ(writer->append(std::string_view(body).substr(sent, 10'240)), Append::Taken);
    seen += collect(*whole).bytes;
    range_seen += collect(*range).bytes;
  }
  EXPECT_EQ(range_seen, body.substr(1000, 2000));
  EXPECT_FALSE(writer->commit());
  EXPECT_TRUE(seen == body);
  EXPECT_TRUE(collect(*ahead).bytes == body.substr(280 * kKiB));
}

TEST_P(StoreTest, SweepCutsWhoHoldsUpOthersBeyondPatience) {
  make(small_window());
  const std::string body = body_of(6, 400 * kKiB);
  const auto writer = begin(TestKey("k"), std::nullopt, {}, false);
  CountingWaker room;
  CountingWaker stuck_waker;
  CountingWaker eager_waker;
  writer->set_waker(&room);
  const auto eager = BodyReader::join(writer->fill(), &eager_waker);
  const auto stuck = BodyReader::join(writer->fill(), &stuck_waker);
  std::size_t sent = 0;
  std::string seen;
  while (writer->append(std::string_view(body).substr(sent, 8192)) == Append::Taken) {
    sent += 8192;
    seen += collect(*eager).bytes;
  }
  sent += 8192;
  seen += collect(*eager).bytes;
  std::array<std::string_view, 4> views;
  std::size_t count = 0;
  ASSERT_EQ(stuck->next(views, count, 20'000), State::Data);
  store_->sweep(at(10), kPatience);
  EXPECT_EQ(store_->sweep(at(14), kPatience), 0U);
  EXPECT_EQ(stuck_waker.calls, 0) << "its patience has not run out";
  EXPECT_EQ(store_->sweep(at(15), kPatience), 1U);
  EXPECT_EQ(stuck_waker.calls, 1);
  EXPECT_EQ(room.calls, 1);
  EXPECT_EQ(std::string(views[0]) + std::string(count > 1 ? views[1] : ""),
            body.substr(0, views[0].size() + (count > 1 ? views[1].size() : 0)));
  EXPECT_EQ(collect(*stuck).state, State::Cut);
  EXPECT_EQ(stuck->error().code, ErrorCode::LimitReached);
  for (; sent < body.size(); sent += 8192) {
    EXPECT_EQ(writer->append(std::string_view(body).substr(sent, 8192)), Append::Taken);
    seen += collect(*eager).bytes;
  }
  EXPECT_FALSE(writer->commit());
  EXPECT_TRUE(seen == body);
  stuck->consume(10);
}

TEST_P(StoreTest, SweepLeavesALoneSlowReaderAndOneThatKeepsMoving) {
  make(small_window());
  const auto writer = begin(TestKey("k"), std::nullopt, {}, false);
  auto slow = BodyReader::join(writer->fill(), nullptr);
  const std::string part = body_of(1, 8192);
  while (writer->append(part) == Append::Taken) {
  }
  store_->sweep(at(10), kPatience);
  store_->sweep(at(100), kPatience);
  EXPECT_EQ(collect(*slow, 1).state, State::Data) << "it holds up nobody";
  const auto eager = BodyReader::join(writer->fill(), nullptr);
  ASSERT_NE(eager, nullptr);
  for (std::int64_t second = 200; second < 230; ++second) {
    collect(*eager);
    store_->sweep(at(second), kPatience);
    ASSERT_EQ(collect(*slow, 3 * part.size()).state, State::Data) << "it moves within the patience";
    while (writer->append(part) == Append::Taken) {
    }
  }
}

TEST_P(StoreTest, ManyReadersShareOneWindow) {
  make(small_window());
  constexpr std::size_t kReaders = 2000;
  const std::string body = body_of(9, 256 * kKiB);
  const auto writer = begin(TestKey("k"), std::nullopt, {}, false);
  std::vector<std::unique_ptr<BodyReader>> readers;
  std::vector<std::uint64_t> lengths(kReaders, 0);
  for (std::size_t i = 0; i < kReaders; ++i)
    readers.push_back(BodyReader::join(writer->fill(), nullptr));
  for (std::size_t sent = 0; sent < body.size(); sent += 32 * kKiB) {
    EXPECT_EQ(writer->append(std::string_view(body).substr(sent, 32 * kKiB)), Append::Taken);
    for (std::size_t i = 0; i < kReaders; ++i) {
      const std::string bytes = collect(*readers[i]).bytes;
      ASSERT_TRUE(bytes == body.substr(lengths[i], bytes.size()));
      lengths[i] += bytes.size();
    }
  }
  EXPECT_FALSE(writer->commit());
  for (std::size_t i = 0; i < kReaders; ++i) {
    EXPECT_EQ(lengths[i], body.size());
    EXPECT_EQ(collect(*readers[i]).state, State::End);
  }
}

}  // namespace
}  // namespace brink::edge::store
