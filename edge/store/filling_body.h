#pragma once
// The state behind fill.h: what one writer and its readers share. Internal to stores; the flow
// knows it as an opaque `Fill` and works through Writer and BodyReader.
//
// Life: Filling → Complete (the body was adopted by the response, or the rest of a window drains) |
// Failed (all readers are Cut). In Storing mode only the writer changes `chunks_`. In Window mode
// readers are counted in the chunk that holds their position; a chunk at the front that is full and
// has nobody in it or behind it is dropped by whoever passed it last.
//
// Lock: `mutex_` guards everything but the writer's own fields. Wakers are called with it released;
// `WakeSlot::calls` lets a detaching owner wait for a call under way.

#include <boost/intrusive/list.hpp>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "edge/store/body_chunk.h"
#include "edge/store/fill.h"

namespace brink::edge::store {

struct WakeSlot {
  Waker* waker = nullptr;
  std::uint32_t calls = 0;  // wake() under way
};

// One reader's part of the shared state, guarded by the fill's mutex; `position` is changed by its
// owner only.
struct FillReader {
  using ReadersHook = boost::intrusive::list_member_hook<>;
  using WaitingHook = boost::intrusive::list_member_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  std::shared_ptr<Fill> fill;
  WakeSlot slot;
  std::uint64_t position = 0;
  std::uint64_t end = 0;
  std::uint64_t shown = 0;  // next() handed out views up to here
  Chunk* chunk = nullptr;   // window: the chunk it is counted in; null = ahead of all of them
  bool attached = false;    // in `readers_`: still wants bytes
  bool cut = false;
  Error error{ErrorCode::Cancelled, Side::Internal};
  std::vector<ChunkPtr> pins;  // what its views point into, when the fill has let go of it
  ReadersHook in_readers;
  WaitingHook in_waiting;
};

class Fill {
 public:
  struct Shape {
    std::optional<std::uint64_t> announced;
    std::uint32_t window_bytes = 0;
    bool storing = false;
  };
  // `charged` bytes are charged for the fill and its writer, and are credited with it.
  Fill(MemoryBudget* budget, ResponsePtr response, const Shape& shape, std::uint64_t charged);
  ~Fill();

  // --- the writer's side: on its thread only ---
  std::uint64_t length() const noexcept { return length_; }
  bool storing() const noexcept { return !window_; }
  const std::optional<std::uint64_t>& announced() const noexcept { return announced_; }
  std::uint64_t room() const noexcept { return tail_ != nullptr ? tail_->end() - length_ : 0; }
  // REQUIRES: room() == 0.
  void add_chunk(ChunkPtr chunk);
  // Copies and publishes. REQUIRES: bytes.size() <= room().
  void write(std::string_view bytes);
  // Storing's chunks, in order. REQUIRES: storing().
  const std::vector<ChunkPtr>& chunks() const noexcept { return chunks_; }
  void become_window();
  std::uint32_t window_chunk_bytes() const noexcept { return window_chunk_; }
  bool has_spare() const;
  // The dropped chunk that is kept for the next bytes becomes the last one. False when there is
  // none.
  bool use_spare();
  void set_spare(ChunkPtr chunk);
  // After an append in a window: must the writer wait for readers?
  bool pause_if_full();
  // The budget has no room for another chunk: must the writer wait until readers have passed one?
  bool pause_for_memory();
  void wake_readers();
  void set_writer_waker(Waker* waker);
  // The end: what was filled is now the response's body (`kept`), or passes through.
  void complete(bool kept);
  void fail(const Error& error);
  std::size_t readers() const;

  // --- the readers' side: each reader on its own thread ---
  // False when the window has dropped the beginning already.
  bool attach(FillReader& reader);
  void detach(FillReader& reader);
  BodyReader::State next(FillReader& reader, std::span<std::string_view> out, std::size_t& count,
                         std::size_t max_bytes);
  void consume(FillReader& reader, std::size_t bytes);
  std::optional<std::uint64_t> known_length() const;

  // From any thread (store.h).
  std::size_t sweep(Ticks now, Millis patience);

 private:
  using Lock = std::unique_lock<std::mutex>;
  using ReaderList = boost::intrusive::list<
      FillReader,
      boost::intrusive::member_hook<FillReader, FillReader::ReadersHook, &FillReader::in_readers>>;
  using WaitingList = boost::intrusive::list<
      FillReader,
      boost::intrusive::member_hook<FillReader, FillReader::WaitingHook, &FillReader::in_waiting>,
      boost::intrusive::constant_time_size<false>>;
  enum class State : std::uint8_t { Filling, Complete, Failed };

  // All of these: lock held; `lock` parameters are released and retaken.
  std::vector<ChunkPtr>::const_iterator chunk_at(std::uint64_t position) const;
  std::uint64_t unread_bytes() const;
  void place(FillReader& reader);
  void unplace(FillReader& reader);
  void leave(FillReader& reader);
  void pin(FillReader& reader, const std::vector<ChunkPtr>& chunks) const;
  void drop_front(std::vector<ChunkPtr>& dropped);
  void drop_passed(std::vector<ChunkPtr>& dropped);
  void seal_tail();
  bool waited_too_long(Ticks now, Millis patience);
  std::size_t cut_front_readers(WaitingList& cut);
  bool room_again();
  void call(Lock& lock, WakeSlot& slot);
  void call_all(Lock& lock, WaitingList& list);
  void await_calls(Lock& lock, WakeSlot& slot);

  MemoryBudget* const budget_;
  const ResponsePtr response_;
  const std::optional<std::uint64_t> announced_;
  const std::uint32_t window_bytes_;
  const std::uint32_t window_chunk_;
  const std::uint64_t charged_;
  // The writer's: the last chunk while it has free space; never dropped meanwhile.
  Chunk* tail_ = nullptr;

  mutable std::mutex mutex_;
  std::condition_variable call_ended_;
  State state_ = State::Filling;
  bool window_;           // changed by the writer only
  bool kept_ = false;     // Complete: the bytes are response_'s body
  bool dropped_ = false;  // the beginning is gone
  bool paused_ = false;
  std::uint64_t length_ = 0;  // published; changed by the writer only
  std::vector<ChunkPtr> chunks_;
  ChunkPtr spare_;
  std::uint32_t ahead_ = 0;  // window: readers whose next byte is in no chunk yet
  ReaderList readers_;
  WaitingList waiting_;
  WakeSlot writer_;
  Error error_{ErrorCode::Cancelled, Side::Internal};
  std::uint64_t pauses_ = 0;
  std::uint64_t pause_seen_ = 0;  // sweep()'s: which pause it watches (0 = none), since when
  Ticks pause_seen_at_{};
};

}  // namespace brink::edge::store
