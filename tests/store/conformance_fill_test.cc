// Many readers on one fill while everything is being stored.

#include <vector>

#include "tests/store/conformance.h"

namespace brink::edge::store {
namespace {

using State = BodyReader::State;

TEST_P(StoreTest, FollowersReadWhileItFills) {
  make();
  const std::string body = body_of(3, 300'000);
  const auto writer = begin(TestKey("k"));
  const auto leader = BodyReader::join(writer->fill(), nullptr);
  const auto follower = BodyReader::join(writer->fill(), nullptr);
  std::string seen;
  for (std::size_t at = 0; at < body.size(); at += 10'000) {
    writer->append(std::string_view(body).substr(at, 10'000));
    const Collected now = collect(*leader);
    EXPECT_EQ(now.state, State::Wait);
    seen += now.bytes;
    EXPECT_EQ(seen.size(), at + 10'000);
  }
  EXPECT_TRUE(collect(*follower, 1000).bytes == body.substr(0, 1000));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(collect(*leader).state, State::End);
  EXPECT_TRUE(seen == body);
  EXPECT_TRUE(collect(*follower).bytes == body.substr(1000));
  EXPECT_EQ(follower->position(), body.size());
}

TEST_P(StoreTest, LateJoinerGetsTheBeginning) {
  make();
  const std::string body = body_of(4, 50'000);
  const auto writer = begin(TestKey("k"), body.size());
  writer->append(std::string_view(body).substr(0, 30'000));
  const auto late = BodyReader::join(writer->fill(), nullptr);
  ASSERT_NE(late, nullptr);
  EXPECT_TRUE(collect(*late).bytes == body.substr(0, 30'000));
  writer->append(std::string_view(body).substr(30'000));
  ASSERT_TRUE(writer->commit());
  const auto later = BodyReader::join(writer->fill(), nullptr);
  ASSERT_NE(later, nullptr);
  EXPECT_TRUE(collect(*later).bytes == body);
  EXPECT_TRUE(collect(*late).bytes == body.substr(30'000));
}

TEST_P(StoreTest, TheNextRequestAfterTheEndIsAHit) {
  class LooksAtTheStore final : public Waker {
   public:
    LooksAtTheStore(Store& store, cache::CacheKey key) : store_(store), key_(key) {}
    void wake() noexcept override { found = store_.lookup(key_, AnyVariant{}) != nullptr; }
    bool found = false;

   private:
    Store& store_;
    cache::CacheKey key_;
  };
  make();
  const TestKey key("k");
  const auto writer = begin(key);
  LooksAtTheStore waker(*store_, key);
  const auto reader = BodyReader::join(writer->fill(), &waker);
  EXPECT_EQ(collect(*reader).state, State::Wait);
  ASSERT_TRUE(writer->commit());
  EXPECT_TRUE(waker.found) << "readers learned of the end before the response was visible";
}

TEST_P(StoreTest, OnlyThoseWhoWaitAreWoken) {
  make();
  const auto writer = begin(TestKey("k"));
  CountingWaker waits;
  CountingWaker busy;
  CountingWaker gone;
  const auto waiting = BodyReader::join(writer->fill(), &waits);
  const auto elsewhere = BodyReader::join(writer->fill(), &busy);
  auto leaving = BodyReader::join(writer->fill(), &gone);
  EXPECT_EQ(collect(*waiting).state, State::Wait);
  EXPECT_EQ(collect(*waiting).state, State::Wait);
  EXPECT_EQ(collect(*leaving).state, State::Wait);
  leaving.reset();
  writer->append("1");
  EXPECT_EQ(waits.calls, 1);
  writer->append("2");
  EXPECT_EQ(waits.calls, 1) << "it has not asked since";
  EXPECT_EQ(collect(*waiting).bytes, "12");
  writer->commit();
  EXPECT_EQ(waits.calls, 2);
  EXPECT_EQ(busy.calls, 0);
  EXPECT_EQ(gone.calls, 0);
  EXPECT_EQ(collect(*elsewhere).bytes, "12");
}

TEST_P(StoreTest, TenThousandReadersOfOneFill) {
  make();
  constexpr std::size_t kReaders = 10'000;
  const std::string body = body_of(8, 40'000);
  const auto writer = begin(TestKey("k"));
  std::vector<CountingWaker> wakers(kReaders);
  std::vector<std::unique_ptr<BodyReader>> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    readers.push_back(BodyReader::join(writer->fill(), &wakers[i], i % 3 == 0 ? 10'000 : 0));
    EXPECT_EQ(collect(*readers.back()).state, State::Wait);
  }
  append_pieces(*writer, body, 20'000);
  ASSERT_TRUE(writer->commit());
  for (std::size_t i = 0; i < kReaders; ++i) {
    EXPECT_EQ(wakers[i].calls, 1);
    const Collected all = collect(*readers[i]);
    EXPECT_EQ(all.state, State::End);
    EXPECT_TRUE(all.bytes == body.substr(i % 3 == 0 ? 10'000 : 0));
  }
}

TEST_P(StoreTest, AbortCutsEveryReaderAtOnceWithItsError) {
  make();
  const TestKey key("k");
  const std::uint64_t before = used();
  auto writer = begin(key);
  CountingWaker waker;
  const auto behind = BodyReader::join(writer->fill(), nullptr);
  const auto waiting = BodyReader::join(writer->fill(), &waker);
  writer->append("0123456789");
  std::array<std::string_view, 1> view;
  std::size_t count = 0;
  ASSERT_EQ(behind->next(view, count, 100), State::Data);
  collect(*waiting);
  writer->abort({ErrorCode::ResponseTimeout, Side::Upstream});
  EXPECT_EQ(waker.calls, 1);
  EXPECT_EQ(view[0], "0123456789") << "what was shown stays until it is consumed";
  EXPECT_EQ(behind->next(view, count, 100), State::Cut);
  EXPECT_EQ(behind->error().code, ErrorCode::ResponseTimeout);
  EXPECT_EQ(behind->error().side, Side::Upstream);
  EXPECT_EQ(collect(*waiting).state, State::Cut);
  const auto too_late = BodyReader::join(writer->fill(), nullptr);
  ASSERT_NE(too_late, nullptr);
  EXPECT_EQ(collect(*too_late).state, State::Cut);
  EXPECT_EQ(find(key), nullptr);
  writer.reset();
  behind->consume(10);
  EXPECT_GT(used(), before) << "readers still hold the fill";
}

TEST_P(StoreTest, VanishedWriterCuts) {
  make();
  auto writer = begin(TestKey("k"));
  CountingWaker waker;
  const auto reader = BodyReader::join(writer->fill(), &waker);
  EXPECT_EQ(collect(*reader).state, State::Wait);
  writer.reset();
  EXPECT_EQ(waker.calls, 1);
  EXPECT_EQ(collect(*reader).state, State::Cut);
  EXPECT_EQ(reader->error().code, ErrorCode::Cancelled);
}

TEST_P(StoreTest, LengthIsKnownWhenAnnouncedOrComplete) {
  make();
  const auto announced = begin(TestKey("a"), 3);
  const auto reader = BodyReader::join(announced->fill(), nullptr);
  EXPECT_EQ(reader->known_length(), 3U);
  const auto unknown = begin(TestKey("b"));
  const auto other = BodyReader::join(unknown->fill(), nullptr);
  unknown->append("12345");
  EXPECT_EQ(other->known_length(), std::nullopt);
  EXPECT_TRUE(unknown->commit());
  EXPECT_EQ(other->known_length(), 5U);
}

TEST_P(StoreTest, RangesOfAFillThatIsStillGrowing) {
  make();
  const std::string body = body_of(6, 90'000);
  const auto writer = begin(TestKey("k"), body.size());
  CountingWaker waker;
  const auto range = BodyReader::join(writer->fill(), &waker, 50'000, 60'000);
  const auto beyond = BodyReader::join(writer->fill(), nullptr, 95'000, 96'000);
  EXPECT_EQ(collect(*range).state, State::Wait);
  writer->append(std::string_view(body).substr(0, 55'000));
  Collected part = collect(*range);
  EXPECT_TRUE(part.bytes == body.substr(50'000, 5000));
  EXPECT_EQ(part.state, State::Wait);
  writer->append(std::string_view(body).substr(55'000, 10'000));
  part = collect(*range);
  EXPECT_TRUE(part.bytes == body.substr(55'000, 5000));
  EXPECT_EQ(part.state, State::End) << "it has its range although the fill goes on";
  writer->append(std::string_view(body).substr(65'000));
  EXPECT_EQ(collect(*beyond).state, State::Wait);
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(collect(*beyond).state, State::End);
}

// A body of unknown length is copied into one piece at commit; views that were handed out before
// stay.
TEST_P(StoreTest, ViewsSurviveTheCopyAtCommit) {
  make();
  const TestKey key("k");
  const std::string body = body_of(7, 30'000);
  auto writer = begin(key);
  const auto reader = BodyReader::join(writer->fill(), nullptr);
  append_pieces(*writer, body, 3000);
  std::array<std::string_view, 8> views;
  std::size_t count = 0;
  ASSERT_EQ(reader->next(views, count, SIZE_MAX), State::Data);
  ASSERT_TRUE(writer->commit());
  writer.reset();
  ASSERT_TRUE(find(key)->contiguous_body().has_value());
  ASSERT_EQ(store_->invalidate(key), 1U);
  std::string seen;
  for (std::size_t i = 0; i < count; ++i)
    seen += views[i];
  EXPECT_TRUE(seen == body.substr(0, seen.size()));
  reader->consume(100);
  EXPECT_TRUE(collect(*reader).bytes == body.substr(100));
}

TEST_P(StoreTest, ViewsAreBoundedByBytesAndByPlaces) {
  make();
  const std::string body = body_of(7, 200'000);
  const auto writer = begin(TestKey("k"));
  append_pieces(*writer, body, 5000);
  const auto reader = BodyReader::join(writer->fill(), nullptr);
  std::array<std::string_view, 2> views;
  std::size_t count = 0;
  ASSERT_EQ(reader->next(views, count, 10), State::Data);
  EXPECT_EQ(count, 1U);
  EXPECT_EQ(views[0], body.substr(0, 10));
  ASSERT_EQ(reader->next(views, count, SIZE_MAX), State::Data);
  EXPECT_EQ(count, 2U);
  EXPECT_TRUE(body.starts_with(std::string(views[0]) + std::string(views[1])));
  EXPECT_EQ(reader->position(), 0U);
}

TEST_P(StoreTest, CommitGivesBackWhatSmallBodiesOfUnknownLengthDoNotNeed) {
  make();
  const std::uint64_t before = used();
  ASSERT_TRUE(put(TestKey("known"), body_of(1, 5000)));
  const std::uint64_t known = used() - before;
  {
    const auto writer = begin(TestKey("unknown"));
    append_pieces(*writer, body_of(1, 5000), 1000);
    ASSERT_TRUE(writer->commit());
  }
  EXPECT_LE(used() - before - known, known + 64);
  const std::uint64_t small = used();
  {
    const auto writer = begin(TestKey("large"));
    append_pieces(*writer, body_of(1, 2'200'000), 16'384);
    ASSERT_TRUE(writer->commit());
  }
  EXPECT_LE(used() - small, 2'200'000U * 9 / 8 + 50'000);
}

}  // namespace
}  // namespace brink::edge::store
