// The readers' side of a fill, and the sweep that protects them from each other.

#include <algorithm>
#include <utility>

#include "edge/store/filling_body.h"

namespace brink::edge::store {

bool Fill::attach(FillReader& reader) {
  const Lock lock(mutex_);
  if (state_ == State::Failed) return true;  // next() will say so
  if (dropped_) return false;
  readers_.push_back(reader);
  reader.attached = true;
  if (window_) place(reader);
  return true;
}

void Fill::detach(FillReader& reader) {
  std::vector<ChunkPtr> dropped;
  Lock lock(mutex_);
  reader.slot.waker = nullptr;
  reader.in_waiting.unlink();
  await_calls(lock, reader.slot);
  leave(reader);
  if (window_ && !readers_.empty()) drop_passed(dropped);
  if (room_again()) call(lock, writer_);
}

BodyReader::State Fill::next(FillReader& reader, std::span<std::string_view> out,
                             std::size_t& count, std::size_t max_bytes) {
  const Lock lock(mutex_);
  count = 0;
  if (state_ == State::Failed && !reader.cut) {
    reader.cut = true;
    reader.error = error_;
  }
  if (reader.cut) return BodyReader::State::Cut;
  const std::uint64_t limit = std::min(reader.end, length_);
  if (reader.position >= limit) {
    if (reader.position >= reader.end || state_ == State::Complete) return BodyReader::State::End;
    if (reader.slot.waker != nullptr && !reader.in_waiting.is_linked()) waiting_.push_back(reader);
    return BodyReader::State::Wait;
  }
  reader.in_waiting.unlink();
  std::uint64_t at = reader.position;
  const std::uint64_t until = at + std::min<std::uint64_t>(limit - at, max_bytes);
  if (kept_) {
    count = response_->body_views(at, until, out, max_bytes);
    for (std::size_t i = 0; i < count; ++i)
      at += out[i].size();
  } else {
    for (auto chunk = chunk_at(at); at < until && count < out.size(); ++chunk) {
      const std::uint64_t piece_end = std::min(until, (*chunk)->end());
      if (piece_end == at) continue;  // sealed before its first byte
      out[count++] = {(*chunk)->data() + (at - (*chunk)->begin), piece_end - at};
      at = piece_end;
    }
  }
  reader.shown = std::max(reader.shown, at);
  return BodyReader::State::Data;
}

void Fill::consume(FillReader& reader, std::size_t bytes) {
  std::vector<ChunkPtr> dropped;
  Lock lock(mutex_);
  CHECK(reader.position + bytes <= reader.shown || bytes == 0);
  reader.position += bytes;
  if (reader.position >= reader.shown) reader.pins.clear();
  if (!reader.attached) return;
  if (reader.position >= reader.end) {
    leave(reader);
  } else if (window_ && state_ != State::Failed) {
    if (reader.chunk != nullptr && reader.position < reader.chunk->end()) return;
    unplace(reader);
    place(reader);
  }
  if (!window_ || state_ == State::Failed) return;
  if (!readers_.empty()) drop_passed(dropped);
  if (room_again()) call(lock, writer_);
}

std::optional<std::uint64_t> Fill::known_length() const {
  const Lock lock(mutex_);
  if (state_ == State::Complete) return length_;
  return announced_;
}

// Whether a reader at the end of what there is has waited, in one and the same pause, as long as
// the patience. The first sweep that sees it starts the clock.
bool Fill::waited_too_long(Ticks now, Millis patience) {
  const bool somebody_waits =
      std::any_of(readers_.begin(), readers_.end(),
                  [this](const FillReader& reader) { return reader.position >= length_; });
  if (!window_ || !paused_ || !somebody_waits) {
    pause_seen_ = 0;
    return false;
  }
  if (pause_seen_ != pauses_) {
    pause_seen_ = pauses_;
    pause_seen_at_ = now;
  }
  return now - pause_seen_at_ >= patience;
}

// Those who hold the oldest bytes are cut until there is room.
std::size_t Fill::sweep(Ticks now, Millis patience) {
  std::vector<ChunkPtr> dropped;
  WaitingList cut;
  Lock lock(mutex_);
  if (!waited_too_long(now, patience)) return 0;
  std::size_t count = 0;
  bool writer_may_go_on = false;
  while (!writer_may_go_on && !chunks_.empty()) {
    count += cut_front_readers(cut);
    const std::size_t before = chunks_.size();
    drop_passed(dropped);
    if (chunks_.size() == before) break;
    writer_may_go_on = room_again();
  }
  call_all(lock, cut);
  if (writer_may_go_on) call(lock, writer_);
  return count;
}

std::size_t Fill::cut_front_readers(WaitingList& cut) {
  Chunk* front = chunks_.front().get();
  std::size_t count = 0;
  for (auto at = readers_.begin(); at != readers_.end();) {
    FillReader& reader = *at++;
    if (reader.chunk != front || reader.position >= length_) continue;
    reader.cut = true;
    reader.error = {ErrorCode::LimitReached, Side::Client, Retry::Never,
                    "too slow for a body that is not stored"};
    pin(reader, chunks_);
    leave(reader);
    reader.in_waiting.unlink();
    cut.push_back(reader);
    ++count;
  }
  return count;
}

}  // namespace brink::edge::store
