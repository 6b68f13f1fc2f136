#include "edge/store/filling_body.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace brink::edge::store {
namespace {

// Small enough that a window of several chunks moves smoothly, and never larger than the window: a
// writer that waits for readers of the chunk it is filling would wait for ever.
std::uint32_t chunk_for_window(std::uint32_t window_bytes) {
  constexpr std::uint32_t kSmallest = 1024;
  constexpr std::uint32_t kChunksPerWindow = 8;
  return std::max<std::uint32_t>(
      1, std::min(window_bytes, std::max(window_bytes / kChunksPerWindow, kSmallest)));
}

}  // namespace

Fill::Fill(MemoryBudget* budget, ResponsePtr response, const Shape& shape, std::uint64_t charged)
    : budget_(budget),
      response_(std::move(response)),
      announced_(shape.announced),
      window_bytes_(shape.window_bytes),
      window_chunk_(chunk_for_window(shape.window_bytes)),
      charged_(charged),
      window_(!shape.storing) {}

Fill::~Fill() {
  CHECK(readers_.empty());
  budget_->credit(charged_);  // not the last bytes: response_ is still held
}

void Fill::add_chunk(ChunkPtr chunk) {
  CHECK(tail_ == nullptr);
  const Lock lock(mutex_);
  chunk->begin = length_;
  tail_ = chunk.get();
  chunks_.push_back(std::move(chunk));
  if (!window_ || ahead_ == 0) return;
  for (FillReader& reader : readers_) {
    if (reader.chunk == nullptr && reader.position < tail_->end()) {
      unplace(reader);
      place(reader);
    }
  }
}

void Fill::write(std::string_view bytes) {
  CHECK(bytes.size() <= room());
  if (bytes.empty()) return;
  std::memcpy(tail_->data() + (length_ - tail_->begin), bytes.data(), bytes.size());
  const std::uint64_t tail_end = tail_->end();
  const Lock lock(mutex_);
  length_ += bytes.size();
  if (length_ == tail_end) tail_ = nullptr;
}

void Fill::become_window() {
  std::vector<ChunkPtr> dropped;  // freed after the lock
  const Lock lock(mutex_);
  CHECK(!window_ && state_ == State::Filling);
  window_ = true;
  seal_tail();
  for (FillReader& reader : readers_)
    place(reader);
  if (!readers_.empty()) drop_passed(dropped);
}

bool Fill::has_spare() const {
  const Lock lock(mutex_);
  return spare_ != nullptr;
}

bool Fill::use_spare() {
  ChunkPtr spare;
  {
    const Lock lock(mutex_);
    spare = std::move(spare_);
    spare_ = nullptr;
  }
  if (spare == nullptr) return false;
  spare->capacity = window_chunk_;
  spare->readers = 0;
  add_chunk(std::move(spare));
  return true;
}

void Fill::set_spare(ChunkPtr chunk) {
  const Lock lock(mutex_);
  if (spare_ == nullptr) spare_ = std::move(chunk);
}

bool Fill::pause_if_full() {
  std::vector<ChunkPtr> dropped;
  const Lock lock(mutex_);
  if (!window_ || state_ != State::Filling) return false;
  if (readers_.empty()) {
    while (unread_bytes() > window_bytes_ && chunks_.front()->end() <= length_)
      drop_front(dropped);
    return false;
  }
  drop_passed(dropped);  // all may wait for bytes further on
  if (unread_bytes() < window_bytes_) return false;
  paused_ = true;
  ++pauses_;
  return true;
}

bool Fill::pause_for_memory() {
  std::vector<ChunkPtr> dropped;
  const Lock lock(mutex_);
  seal_tail();
  if (readers_.empty()) {
    while (!chunks_.empty())
      drop_front(dropped);
    return false;
  }
  drop_passed(dropped);
  if (spare_ != nullptr || chunks_.empty()) return false;
  paused_ = true;
  ++pauses_;
  return true;
}

// No more bytes go into the last chunk; readers that have taken all of it are past it.
void Fill::seal_tail() {
  if (tail_ == nullptr) return;
  tail_->capacity = static_cast<std::uint32_t>(length_ - tail_->begin);
  for (FillReader& reader : readers_) {
    if (reader.chunk == tail_ && reader.position >= tail_->end()) {
      unplace(reader);
      place(reader);
    }
  }
  tail_ = nullptr;
}

void Fill::wake_readers() {
  Lock lock(mutex_);
  call_all(lock, waiting_);
}

void Fill::set_writer_waker(Waker* waker) {
  Lock lock(mutex_);
  writer_.waker = nullptr;
  await_calls(lock, writer_);
  writer_.waker = waker;
}

void Fill::complete(bool kept) {
  std::vector<ChunkPtr> replaced;
  Lock lock(mutex_);
  CHECK(state_ == State::Filling);
  state_ = State::Complete;
  kept_ = kept;
  paused_ = false;
  tail_ = nullptr;
  if (kept) {
    replaced.swap(chunks_);
    for (FillReader& reader : readers_)
      pin(reader, replaced);
  }
  const ChunkPtr spare = std::move(spare_);
  call_all(lock, waiting_);
  lock.unlock();
}

void Fill::fail(const Error& error) {
  std::vector<ChunkPtr> dropped;
  Lock lock(mutex_);
  if (state_ != State::Filling) return;
  state_ = State::Failed;
  error_ = error;
  paused_ = false;
  tail_ = nullptr;
  for (FillReader& reader : readers_) {
    pin(reader, chunks_);
    reader.chunk = nullptr;
  }
  ahead_ = 0;
  dropped.swap(chunks_);
  const ChunkPtr spare = std::move(spare_);
  call_all(lock, waiting_);
  lock.unlock();
}

std::size_t Fill::readers() const {
  const Lock lock(mutex_);
  return readers_.size();
}

// --- shared by both sides; lock held ---

std::uint64_t Fill::unread_bytes() const {
  return chunks_.empty() ? 0 : length_ - chunks_.front()->begin;
}

// The chunk that holds `position`, or end().
std::vector<ChunkPtr>::const_iterator Fill::chunk_at(std::uint64_t position) const {
  auto after =
      std::upper_bound(chunks_.begin(), chunks_.end(), position,
                       [](std::uint64_t at, const ChunkPtr& chunk) { return at < chunk->begin; });
  if (after == chunks_.begin()) return chunks_.end();
  --after;
  return position < (*after)->end() ? after : chunks_.end();
}

void Fill::place(FillReader& reader) {
  const auto at = chunk_at(reader.position);
  reader.chunk = at == chunks_.end() ? nullptr : at->get();
  ++(reader.chunk != nullptr ? reader.chunk->readers : ahead_);
}

void Fill::unplace(FillReader& reader) {
  std::uint32_t& count = reader.chunk != nullptr ? reader.chunk->readers : ahead_;
  CHECK(count > 0);
  --count;
  reader.chunk = nullptr;
}

void Fill::leave(FillReader& reader) {
  if (!reader.attached) return;
  reader.attached = false;
  if (window_ && state_ != State::Failed) unplace(reader);
  readers_.erase(readers_.iterator_to(reader));
}

void Fill::pin(FillReader& reader, const std::vector<ChunkPtr>& chunks) const {
  for (const ChunkPtr& chunk : chunks) {
    if (chunk->begin < reader.shown && reader.position < chunk->end()) reader.pins.push_back(chunk);
  }
}

// A chunk of the usual size is kept for the next bytes: a window goes on when the budget has no
// room.
void Fill::drop_front(std::vector<ChunkPtr>& dropped) {
  ChunkPtr chunk = std::move(chunks_.front());
  chunks_.erase(chunks_.begin());
  dropped_ = true;
  if (chunk.get() == tail_) tail_ = nullptr;
  const bool reusable = state_ == State::Filling && chunk->reusable(window_chunk_);
  (reusable && spare_ == nullptr ? spare_ : dropped.emplace_back()) = std::move(chunk);
}

void Fill::drop_passed(std::vector<ChunkPtr>& dropped) {
  while (!chunks_.empty() && chunks_.front()->readers == 0 && chunks_.front()->end() <= length_) {
    drop_front(dropped);
  }
}

// True when a paused writer may go on; the caller wakes it.
bool Fill::room_again() {
  if (!paused_ || (!readers_.empty() && unread_bytes() >= window_bytes_)) return false;
  paused_ = false;
  return true;
}

void Fill::call(Lock& lock, WakeSlot& slot) {
  Waker* waker = slot.waker;
  if (waker == nullptr) return;
  ++slot.calls;
  lock.unlock();
  waker->wake();
  lock.lock();
  if (--slot.calls == 0 && slot.waker == nullptr) call_ended_.notify_all();
}

// A reader that detaches meanwhile leaves the list; one that waits anew joins `waiting_` and not
// this list.
void Fill::call_all(Lock& lock, WaitingList& list) {
  WaitingList called;
  called.splice(called.end(), list);
  while (!called.empty()) {
    FillReader& reader = called.front();
    called.pop_front();
    call(lock, reader.slot);
  }
}

void Fill::await_calls(Lock& lock, WakeSlot& slot) {
  call_ended_.wait(lock, [&slot] { return slot.calls == 0; });
}

}  // namespace brink::edge::store
