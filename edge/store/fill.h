#pragma once
// A body on its way from upstream to any number of readers, on any shard, while it is being stored.
//
// One writer (the fetch, on its shard), many readers. Two modes:
//   Storing — every byte is kept; a reader that joins late gets the beginning at once; the writer
//   never waits for a
//             reader (a slow one reads from memory that is there anyway).
//   Window  — the body is not (or no longer) to be stored: only what the slowest reader has not
//   taken yet is kept, at most
//             `window_bytes`; when that is full the writer is told to pause, and is woken when
//             there is room. A reader that keeps others waiting for longer than the patience given
//             is cut (sweep()). With no reader at all the writer is never told to pause: the bytes
//             are dropped.
// Storing turns into Window, never back, when the body outgrows `max_bytes` or the budget has no
// room left; readers notice nothing: what the slowest of them has not taken yet is kept until it
// has, however much that is. Readers cannot join a Window that has already dropped its beginning.
//
// Lock: one mutex per fill, held for copies of pointers, never during wake().

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "config/runtime/clock.h"
#include "config/runtime/error.h"
#include "edge/store/stored_response.h"

namespace brink::edge::store {

// Told that something changed. Called from the writer's thread (or the reader's, for the writer's
// own waker; or sweep's), without locks held; must not call back into the fill, nor end a reader or
// writer of it: post, set a flag. Must stay alive until it is detached. One call answers one Wait
// (or Full), and sweep() calls it once for a reader it cuts.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() noexcept = 0;
};

class Fill;
struct FillReader;

// A place in one body, filling or complete. Not thread-safe itself: belongs to one shard. Movable.
// Keeps alive whatever its views point into. Reading a complete body allocates nothing.
class BodyReader {
 public:
  enum class State : std::uint8_t {
    Data,  // `out` holds views; they stay valid until consume() or destruction
    Wait,  // nothing yet: the waker will be called
    End,   // all of [begin, end) was read
    Cut,   // the fill failed, or this reader was too slow for a window: error() says which
  };

  BodyReader();
  // Reads a complete stored body from `begin` to `end` (half-open; clamped to its length). Wait
  // never happens.
  BodyReader(ResponsePtr response, std::uint64_t begin, std::uint64_t end);
  // Joins a fill at its beginning. `waker` may be null for polling. `begin`/`end` bound what is
  // handed out (end = UINT64_MAX: all). Null reader when the fill's window has already dropped its
  // beginning.
  static std::unique_ptr<BodyReader> join(std::shared_ptr<Fill> fill, Waker* waker,
                                          std::uint64_t begin = 0, std::uint64_t end = UINT64_MAX);
  BodyReader(BodyReader&&) noexcept;
  BodyReader& operator=(BodyReader&&) noexcept;
  ~BodyReader();  // detaches: the waker is not called any more once this returns

  // Up to out.size() views of the next bytes, in order, `max_bytes` at most altogether; `count` =
  // how many were set. A failed fill is Cut at once, whatever was still to be read.
  State next(std::span<std::string_view> out, std::size_t& count, std::size_t max_bytes);
  // The first `bytes` of what next() showed are done with.
  void consume(std::size_t bytes);
  std::uint64_t position() const noexcept;
  // The body's whole length, when it is known already (complete, or announced by Content-Length).
  std::optional<std::uint64_t> known_length() const noexcept;
  Error error() const noexcept;  // after Cut

 private:
  ResponsePtr response_;  // complete body; null while `joined_` reads a fill
  std::uint64_t position_ = 0;
  std::uint64_t end_ = 0;
  std::unique_ptr<FillReader> joined_;
};

}  // namespace brink::edge::store
