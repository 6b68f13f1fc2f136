#include "edge/access_log_queue.h"

#include <algorithm>
#include <new>

namespace brink::edge {

struct AccessQueue::Chunk {
  std::atomic<std::uint32_t> published{0};
  std::atomic<Chunk*> next{nullptr};  // the chunk that the producer took after this one
  Chunk* next_free = nullptr;
  alignas(64) std::byte records[kChunkRecords * sizeof(AccessRecord)];

  AccessRecord* record(std::size_t i) noexcept {
    return std::launder(reinterpret_cast<AccessRecord*>(records + i * sizeof(AccessRecord)));
  }
};

namespace {

constexpr std::align_val_t kAlignment{64};

}  // namespace

void AccessQueue::FreeMemory::operator()(std::byte* memory) const noexcept {
  ::operator delete[](memory, kAlignment);
}

// The first chunk is the producer's and the consumer's from the beginning.
AccessQueue::AccessQueue(std::size_t records)
    : chunk_count_(std::max<std::size_t>(2, (records + kChunkRecords - 1) / kChunkRecords)),
      memory_(static_cast<std::byte*>(::operator new[](chunk_count_ * sizeof(Chunk), kAlignment))) {
  static_assert(std::is_trivially_destructible_v<AccessRecord>);
  filling_ = take_free();
  draining_ = filling_;
}

AccessQueue::~AccessQueue() = default;

AccessQueue::Chunk* AccessQueue::take_free() noexcept {
  Chunk* chunk = free_.load(std::memory_order_acquire);
  while (chunk != nullptr &&
         !free_.compare_exchange_weak(chunk, chunk->next_free, std::memory_order_acquire)) {
  }
  if (chunk == nullptr && fresh_ < chunk_count_) {
    chunk = reinterpret_cast<Chunk*>(memory_.get() + fresh_++ * sizeof(Chunk));
  }
  // Default initialisation: the records stay untouched until they are handed out.
  return chunk == nullptr ? nullptr : new (chunk) Chunk;
}

void AccessQueue::give_back(Chunk* chunk) noexcept {
  chunk->next_free = free_.load(std::memory_order_relaxed);
  while (!free_.compare_exchange_weak(chunk->next_free, chunk, std::memory_order_release,
                                      std::memory_order_relaxed)) {
  }
}

AccessRecord* AccessQueue::acquire() noexcept {
  if (filled_ == kChunkRecords) {
    Chunk* chunk = take_free();
    if (chunk == nullptr) return nullptr;
    filling_->next.store(chunk, std::memory_order_release);
    filling_ = chunk;
    filled_ = 0;
  }
  // Not AccessRecord{}: that would clear a kilobyte of text.
  return new (filling_->records + filled_ * sizeof(AccessRecord)) AccessRecord;
}

void AccessQueue::publish() noexcept {
  ++filled_;
  filling_->published.store(static_cast<std::uint32_t>(filled_), std::memory_order_release);
}

std::size_t AccessQueue::drain(std::size_t limit,
                               const std::function<void(const AccessRecord&)>& take) {
  std::size_t count = 0;
  while (count < limit) {
    if (drained_ == kChunkRecords) {
      Chunk* next = draining_->next.load(std::memory_order_acquire);
      if (next == nullptr) break;
      give_back(draining_);
      draining_ = next;
      drained_ = 0;
    }
    if (drained_ == draining_->published.load(std::memory_order_acquire)) break;
    take(*draining_->record(drained_));
    ++drained_;
    ++count;
  }
  return count;
}

}  // namespace brink::edge
