// The arithmetic under the ceiling: size classes, the budget, slots of stored responses.

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "config/runtime/random.h"
#include "edge/store/memory_budget.h"
#include "edge/store/response_memory.h"
#include "edge/store/size_class.h"

namespace brink::edge::store {
namespace {

TEST(SizeClass, IsWhatJemallocTakes) {
  struct Row {
    std::uint64_t requested;
    std::uint64_t taken;
  };
  constexpr Row kRows[] = {
      {1, 8},
      {8, 8},
      {9, 16},
      {17, 32},
      {113, 128},
      {128, 128},
      {129, 160},
      {161, 192},
      {256, 256},
      {257, 320},
      {1024, 1024},
      {1025, 1280},
      {4096, 4096},
      {4097, 5120},
      {14'336, 14'336},
      // from here on with the page that its random beginning touches
      {14'337, 20'480},
      {16'384, 20'480},
      {16'385, 24'576},
      {1 << 20, (1 << 20) + 4096},
  };
  for (const Row& row : kRows)
    EXPECT_EQ(allocation_bytes(row.requested), row.taken) << row.requested;
}

TEST(MemoryBudget, ChargesUpToTheCeilingAndNoFurther) {
  MemoryBudget budget(1000);
  EXPECT_TRUE(budget.try_charge(600));
  EXPECT_FALSE(budget.try_charge(401));
  EXPECT_FALSE(budget.try_charge(300, 101)) << "what is to stay free is not there";
  EXPECT_TRUE(budget.try_charge(300, 100));
  EXPECT_EQ(budget.used(), 900U);
  budget.set_ceiling(500);
  EXPECT_FALSE(budget.try_charge(0)) << "already over a ceiling that was lowered";
  budget.credit(500);
  EXPECT_TRUE(budget.try_charge(100));
}

TEST(MemoryBudget, OneThatOwnsItselfGoesWithTheLastByte) {
  MemoryBudget* budget = MemoryBudget::create(1000, 10);  // a leak checker proves the rest
  EXPECT_TRUE(budget->try_charge(100));
  budget->credit(10);
  EXPECT_EQ(budget->used(), 100U);
  budget->credit(100);
}

TEST(MemoryBudget, RefusesWhenToldTo) {
  bool refuse = true;
  MemoryBudget* budget =
      MemoryBudget::create(1000, 10, [&refuse](std::uint64_t) { return refuse; });
  EXPECT_FALSE(budget->try_charge(1));
  refuse = false;
  EXPECT_TRUE(budget->try_charge(1));
  budget->credit(11);
}

class ResponseMemoryTest : public ::testing::Test {
 protected:
  ResponseMemoryTest() {
    EXPECT_TRUE(budget_.try_charge(ResponseMemory::footprint()));
    memory_ = ResponseMemory::create(&budget_, true);
  }
  std::uint64_t charged() const { return budget_.used() - ResponseMemory::footprint(); }

  MemoryBudget budget_{100'000};
  ResponseMemory* memory_;
};

TEST_F(ResponseMemoryTest, SlotsHoldWhatTheyAreTakenForAndNearlyNoMore) {
  for (std::size_t bytes = 1; bytes <= 2048; ++bytes) {
    const ResponseMemory::Slot slot = memory_->take(bytes, 0);
    ASSERT_NE(slot.memory, nullptr) << bytes;
    ASSERT_GE(slot.slab->slot_bytes, bytes);
    ASSERT_LT(slot.slab->slot_bytes, std::max<std::size_t>(bytes, 129) + (bytes <= 1024 ? 16 : 64));
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(slot.memory) % 16, 0U);
    std::memset(slot.memory, 1, bytes);
    ResponseMemory::give_back(slot, bytes, 0);
    ASSERT_EQ(charged(), 0U) << "an empty slab is given back";
  }
  EXPECT_EQ(memory_->take(2049, 0).memory, nullptr);
  memory_->close();
}

TEST_F(ResponseMemoryTest, NoTwoSlotsOverlap) {
  Random random(11);
  struct Held {
    ResponseMemory::Slot slot;
    std::size_t bytes;
    int mark;
  };
  std::vector<Held> held;
  for (int i = 0; i < 5000; ++i) {
    if (held.size() < 60 && random.chance(0.55)) {
      const std::size_t bytes = 130 + random.below(6) * 100;
      const ResponseMemory::Slot slot = memory_->take(bytes, 0);
      if (slot.memory == nullptr) continue;
      std::memset(slot.memory, i & 0x7f, bytes);
      held.push_back({slot, bytes, i & 0x7f});
    } else if (!held.empty()) {
      std::swap(held[random.below(held.size())], held.back());
      const Held last = held.back();
      held.pop_back();
      const char* begin = static_cast<const char*>(last.slot.memory);
      for (std::size_t at = 0; at < last.bytes; ++at)
        ASSERT_EQ(begin[at], last.mark);
      ResponseMemory::give_back(last.slot, last.bytes, 0);
    }
    ASSERT_LE(budget_.used(), budget_.ceiling());
  }
  for (const Held& one : held)
    ResponseMemory::give_back(one.slot, one.bytes, 0);
  EXPECT_EQ(charged(), 0U);
  memory_->close();
}

TEST_F(ResponseMemoryTest, WithoutRoomForASlabALargerSlotServesOrNone) {
  const ResponseMemory::Slot larger = memory_->take(300, 0);
  budget_.set_ceiling(budget_.used() + 100);
  const ResponseMemory::Slot smaller = memory_->take(260, 0);
  EXPECT_EQ(smaller.slab, larger.slab);
  EXPECT_EQ(memory_->take(200, 0).memory, nullptr) << "that would waste too much";
  const ResponseMemory::Slot alone = memory_->allocate_alone(200);
  EXPECT_TRUE(budget_.try_charge(0));
  std::memset(alone.memory, 1, 200);
  budget_.set_ceiling(100'000);
  EXPECT_TRUE(budget_.try_charge(ResponseMemory::alone_bytes(200)));
  memory_->close();  // the holders keep it
  for (const auto& [slot, bytes] : {std::pair{larger, 300UL}, {smaller, 260UL}, {alone, 200UL}}) {
    ResponseMemory::give_back(slot, bytes, 0);
  }
  EXPECT_EQ(budget_.used(), 0U);
}

}  // namespace
}  // namespace brink::edge::store
