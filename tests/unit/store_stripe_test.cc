// One stripe: its index under growth and collisions, its ghost, and the order in which S3-FIFO lets
// responses go.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "config/runtime/random.h"
#include "edge/store/response_index.h"
#include "edge/store/stripe.h"

namespace brink::edge::store {
namespace {

class AnyVariant final : public Selector {
 public:
  std::int64_t score(const StoredResponse&) const noexcept override { return 1; }
};

class StripeTest : public ::testing::Test {
 protected:
  StripeTest() {
    EXPECT_TRUE(budget_.try_charge(ResponseMemory::footprint() + ResponseIndex::initial_bytes()));
    memory_ = ResponseMemory::create(&budget_, false);
  }
  ~StripeTest() override { memory_->close(); }

  boost::intrusive_ptr<StoredResponse> make(const std::string& key, std::uint64_t hash) {
    const StoredResponse::Parts parts{{key, hash}, {}, "head", {}};
    const std::size_t size = StoredResponse::size_of(parts);
    EXPECT_TRUE(budget_.try_charge(ResponseMemory::alone_bytes(size)));
    auto response = StoredResponse::create(parts, memory_->allocate_alone(size));
    response->adopt_body(static_cast<char*>(nullptr), 0);
    return response;
  }

  MemoryBudget budget_{1ULL << 30U};
  ResponseMemory* memory_;
};

// As the stripe test, for the queues: keys are numbers, all of the same weight.
class EvictionTest : public StripeTest {
 protected:
  void insert(int number) {
    Removed removed;
    const std::string key = std::to_string(number);
    stripe_.insert(*make(key, hash(number)), 64, removed);
  }
  static std::uint64_t hash(int number) {
    return static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15ULL >> 7U;
  }
  bool use(int number) {
    const std::string key = std::to_string(number);
    return stripe_.lookup({key, hash(number)}, AnyVariant{}) != nullptr;
  }
  bool stored(int number) {
    const std::string key = std::to_string(number);
    return stripe_.peek({key, hash(number)}) != nullptr;
  }
  void evict(int count) {
    for (int i = 0; i < count; ++i) {
      Removed removed;
      stripe_.evict(1, removed);
      EXPECT_EQ(removed.count(), 1U);
    }
  }

  Stripe stripe_{budget_};
};

TEST_F(StripeTest, IndexFindsEverythingWhileItGrowsAndKeepsTheOrderOfAChain) {
  ResponseIndex index(budget_);
  Random random(3);
  std::map<std::string, boost::intrusive_ptr<StoredResponse>> model;
  std::vector<std::string> same_hash;
  for (int i = 0; i < 4000; ++i) {
    const bool collides = i % 100 == 0;
    const std::string key = "k" + std::to_string(i);
    auto response = make(key, collides ? 77 : random.next());
    if (collides) same_hash.push_back(key);
    index.insert(*response);
    model[key] = std::move(response);
  }
  EXPECT_EQ(index.size(), 4000U);
  for (const auto& [key, response] : model) {
    bool found = false;
    for (auto* at = index.chain(response->hash()); at != nullptr; at = ResponseIndex::next(at)) {
      found = found || at == response.get();
    }
    ASSERT_TRUE(found) << key;
  }
  std::vector<std::string> chain;
  for (auto* at = index.chain(77); at != nullptr; at = ResponseIndex::next(at)) {
    if (at->hash() == 77) chain.emplace_back(at->key());
  }
  EXPECT_EQ(chain, std::vector<std::string>(same_hash.rbegin(), same_hash.rend()));
  for (const auto& [key, response] : model)
    index.erase(*response);
  EXPECT_EQ(index.size(), 0U);
  ASSERT_TRUE(budget_.try_charge(
      ResponseIndex::initial_bytes()));  // the fixture's share is gone with the index
}

TEST_F(StripeTest, IndexWithoutMemoryToGrowStillWorks) {
  ResponseIndex index(budget_);
  std::vector<boost::intrusive_ptr<StoredResponse>> all;
  for (std::uint32_t i = 0; i < 1000; ++i)
    all.push_back(make("k" + std::to_string(i), i * 2'654'435'761ULL));
  budget_.set_ceiling(1);
  for (const auto& response : all)
    index.insert(*response);
  for (const auto& response : all)
    index.erase(*response);
  EXPECT_EQ(index.size(), 0U);
}

TEST_F(StripeTest, GhostRemembersTheLastFewAndForgetsWhatItWasAskedFor) {
  ResponseIndex index(budget_);
  index.remember_evicted(0x12345678);
  EXPECT_FALSE(index.take_evicted(0x22345678));
  EXPECT_TRUE(index.take_evicted(0x12345678));
  EXPECT_FALSE(index.take_evicted(0x12345678));
  index.remember_evicted(0);
  EXPECT_TRUE(index.take_evicted(0));
  for (std::uint32_t i = 1; i <= 9; ++i)
    index.remember_evicted(i << 16U);  // one group: holds eight
  EXPECT_FALSE(index.take_evicted(1U << 16U));
  for (std::uint32_t i = 2; i <= 9; ++i)
    EXPECT_TRUE(index.take_evicted(i << 16U)) << i;
}

TEST_F(EvictionTest, UnusedOnesGoInTheOrderTheyCame) {
  for (int i = 0; i < 10; ++i)
    insert(i);
  evict(4);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(stored(i), i >= 4) << i;
}

TEST_F(EvictionTest, UsedTwiceMovesToMainAndOutlivesAScan) {
  for (int i = 0; i < 10; ++i)
    insert(i);
  for (const int hot : {0, 1}) {
    use(hot);
    use(hot);
  }
  use(2);  // once is not enough
  for (int i = 10; i < 200; ++i) {
    insert(i);
    evict(1);
  }
  EXPECT_TRUE(stored(0));
  EXPECT_TRUE(stored(1));
  EXPECT_FALSE(stored(2));
}

TEST_F(EvictionTest, WhatComesBackFromTheGhostEntersMain) {
  for (int i = 0; i < 20; ++i)
    insert(i);
  evict(1);
  ASSERT_FALSE(stored(0));
  insert(0);
  for (int i = 20; i < 100; ++i) {
    insert(i);
    evict(1);
  }
  EXPECT_TRUE(stored(0));
}

TEST_F(EvictionTest, MainGivesUpWhatIsNoLongerUsed) {
  for (int i = 0; i < 20; ++i) {
    insert(i);
    use(i);
    use(i);
    use(i);
  }
  insert(20);
  evict(1);  // everything in small was used: moved to main, which gives up its least used
  EXPECT_EQ(stripe_.size(), 20U);
  evict(20);
  EXPECT_EQ(stripe_.size(), 0U);
  Removed removed;
  stripe_.evict(1, removed);
  EXPECT_EQ(removed.count(), 0U);
}

TEST_F(EvictionTest, WhatIsBeingReadStaysAndIsNoVictimLater) {
  for (int i = 0; i < 5; ++i)
    insert(i);
  const std::string key = "0";
  ResponsePtr held = stripe_.peek({key, hash(0)});
  evict(4);
  EXPECT_TRUE(stored(0));
  {
    Removed removed;
    stripe_.evict(1, removed);
    EXPECT_EQ(removed.count(), 0U);
  }
  held.reset();
  evict(1);
  EXPECT_EQ(stripe_.size(), 0U);
}

TEST_F(EvictionTest, StatsCountWhatWasEvictedOnly) {
  for (int i = 0; i < 10; ++i)
    insert(i);
  insert(3);  // replaces
  evict(2);
  Removed removed;
  const std::string key = "5";
  stripe_.erase_key({key, hash(5)}, removed);
  StoreStats stats;
  stripe_.add_to(stats);
  EXPECT_EQ(stats.stored, 11U);
  EXPECT_EQ(stats.evicted_responses, 2U);
  EXPECT_EQ(stats.responses, 7U);
  EXPECT_GT(stats.evicted_bytes, 0U);
  EXPECT_GT(stripe_.weight(), 0U);
}

}  // namespace
}  // namespace brink::edge::store
