#include "edge/store/response_memory.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "config/runtime/error.h"
#include "edge/store/size_class.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

namespace brink::edge::store {
namespace {

constexpr std::size_t kSlabHeader = (sizeof(ResponseSlab) + 15) & ~std::size_t{15};
constexpr std::size_t kSlotMin = 128;
constexpr std::size_t kFineMax = 1024;  // up to here classes are 16 bytes apart, then 64
constexpr std::size_t kSlotMax = 2048;
constexpr std::size_t kFineStep = 16;
constexpr std::size_t kCoarseStep = 64;
constexpr std::uint32_t kFineClasses = (kFineMax - kSlotMin) / kFineStep;

// The least waste at the end, among the allocator's large classes that cost no page more; each
// costs it some bookkeeping.
std::uint32_t slab_bytes_for(std::uint32_t slot_bytes) {
  constexpr std::uint32_t kBookkeeping = 96;
  std::uint32_t best = 14 * 1024;
  const auto cost = [slot_bytes](std::uint32_t slab) {
    const std::uint32_t slots = (slab - static_cast<std::uint32_t>(kSlabHeader)) / slot_bytes;
    return static_cast<double>(slab + kBookkeeping) / slots;
  };
  for (const std::uint32_t slab : {8U * 1024, 10U * 1024, 12U * 1024}) {
    if (cost(slab) < cost(best)) best = slab;
  }
  return best;
}

char* first_slot(ResponseSlab& slab) {
  return reinterpret_cast<char*>(&slab) + kSlabHeader;
}

}  // namespace

ResponseMemory* ResponseMemory::create(MemoryBudget* budget, bool slabs) {
  return new ResponseMemory(budget, slabs);
}

std::uint64_t ResponseMemory::footprint() noexcept {
  return allocation_bytes(sizeof(ResponseMemory));
}

ResponseMemory::ResponseMemory(MemoryBudget* budget, bool slabs) : budget_(budget), slabs_(slabs) {
  static_assert(kClasses == kFineClasses + (kSlotMax - kFineMax) / kCoarseStep);
  alone_.memory = this;
}

ResponseMemory::~ResponseMemory() {
  for (const ResponseSlab* slab : with_room_)
    CHECK(slab == nullptr);
}

void ResponseMemory::let_go() noexcept {
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  MemoryBudget* budget = budget_;
  delete this;
  budget->credit(footprint());
}

std::uint32_t ResponseMemory::class_of(std::size_t bytes) noexcept {
  const std::size_t above = std::max(bytes, kSlotMin + 1) - 1;
  if (above < kFineMax) return static_cast<std::uint32_t>((above - kSlotMin) / kFineStep);
  return kFineClasses + static_cast<std::uint32_t>((above - kFineMax) / kCoarseStep);
}

std::uint32_t ResponseMemory::class_bytes(std::uint32_t size_class) noexcept {
  const std::size_t bytes = size_class < kFineClasses
                                ? kSlotMin + (size_class + 1) * kFineStep
                                : kFineMax + (size_class - kFineClasses + 1) * kCoarseStep;
  return static_cast<std::uint32_t>(bytes);
}

ResponseMemory::Slot ResponseMemory::take(std::size_t bytes, std::uint64_t keep_free) {
  if (!slabs_ || bytes > kSlotMax) return {};
  const std::uint32_t wanted = class_of(bytes);
  Slot slot = take_free(wanted, wanted);
  if (slot.memory == nullptr) slot = take_from_new_slab(wanted, keep_free);
  if (slot.memory == nullptr) {
    slot = take_free(wanted + 1, class_of(std::min(kSlotMax, bytes + bytes / 4)));
  }
  if (slot.memory != nullptr) ASAN_UNPOISON_MEMORY_REGION(slot.memory, bytes);
  return slot;
}

ResponseMemory::Slot ResponseMemory::take_free(std::uint32_t first_class,
                                               std::uint32_t last_class) {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t at = first_class; at <= last_class; ++at) {
    ResponseSlab* slab = with_room_[at];
    if (slab == nullptr) continue;
    holders_.fetch_add(1, std::memory_order_relaxed);
    return {pop(*slab), slab};
  }
  return {};
}

ResponseMemory::Slot ResponseMemory::take_from_new_slab(std::uint32_t size_class,
                                                        std::uint64_t keep_free) {
  const std::uint32_t slot_bytes = class_bytes(size_class);
  const std::uint32_t slab_bytes = slab_bytes_for(slot_bytes);
  if (!budget_->try_charge(slab_bytes, keep_free)) return {};
  auto* slab = new (::operator new(slab_bytes)) ResponseSlab;
  slab->memory = this;
  slab->slot_bytes = slot_bytes;
  slab->slab_bytes = slab_bytes;
  slab->size_class = static_cast<std::uint16_t>(size_class);
  slab->capacity = static_cast<std::uint16_t>((slab_bytes - kSlabHeader) / slot_bytes);
  ASAN_POISON_MEMORY_REGION(first_slot(*slab), slab_bytes - kSlabHeader);
  const std::lock_guard lock(mutex_);
  link(*slab);
  holders_.fetch_add(1, std::memory_order_relaxed);
  return {pop(*slab), slab};
}

void* ResponseMemory::pop(ResponseSlab& slab) noexcept {
  void* slot = slab.free_slots;
  if (slot != nullptr) {
    ASAN_UNPOISON_MEMORY_REGION(slot, sizeof(void*));
    std::memcpy(&slab.free_slots, slot, sizeof(void*));
  } else {
    slot = first_slot(slab) + std::size_t{slab.touched} * slab.slot_bytes;
    ++slab.touched;
  }
  if (++slab.used == slab.capacity) unlink(slab);
  return slot;
}

void ResponseMemory::link(ResponseSlab& slab) noexcept {
  slab.previous = nullptr;
  slab.next = with_room_[slab.size_class];
  if (slab.next != nullptr) slab.next->previous = &slab;
  with_room_[slab.size_class] = &slab;
}

void ResponseMemory::unlink(ResponseSlab& slab) noexcept {
  (slab.previous != nullptr ? slab.previous->next : with_room_[slab.size_class]) = slab.next;
  if (slab.next != nullptr) slab.next->previous = slab.previous;
}

std::uint64_t ResponseMemory::alone_bytes(std::size_t bytes) noexcept {
  return allocation_bytes(bytes);
}

ResponseMemory::Slot ResponseMemory::allocate_alone(std::size_t bytes) {
  holders_.fetch_add(1, std::memory_order_relaxed);
  return {::operator new(bytes), &alone_};
}

void ResponseMemory::give_back(Slot slot, std::size_t bytes, std::uint64_t credit) noexcept {
  ResponseMemory& self = *slot.slab->memory;
  ResponseSlab& slab = *slot.slab;
  if (slab.slot_bytes == 0) {
    ::operator delete(slot.memory);
    credit += alone_bytes(bytes);
  } else {
    std::unique_lock lock(self.mutex_);
    ASAN_UNPOISON_MEMORY_REGION(slot.memory, sizeof(void*));  // it may have been taken for less
    std::memcpy(slot.memory, &slab.free_slots, sizeof(void*));
    slab.free_slots = slot.memory;
    ASAN_POISON_MEMORY_REGION(slot.memory, slab.slot_bytes);
    const bool was_full = slab.used-- == slab.capacity;
    if (slab.used == 0) {
      if (!was_full) self.unlink(slab);
      lock.unlock();
      credit += slab.slab_bytes;
      ASAN_UNPOISON_MEMORY_REGION(&slab, slab.slab_bytes);
      ::operator delete(&slab);
    } else if (was_full) {
      self.link(slab);
    }
  }
  if (credit > 0)
    self.budget_->credit(credit);  // never the last bytes: this memory's own are still charged
  self.let_go();
}

}  // namespace brink::edge::store
