#pragma once
// One request of an HTTP/2 connection: its fields, its body, its transaction, and how far its response has got.
//
//   open() → fields → begin() → advance(): Wait … Respond → frames of the response → closed by the library → reset()
//
// Belongs to its connection, which drives it. Reused for a later stream of the connection.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "edge/asio.h"
#include "edge/http2_request.h"
#include "edge/http2_response.h"
#include "edge/request_body.h"
#include "edge/transaction.h"

namespace brink::edge {

struct Http2Stream;

// Who is told, on the shard's thread, that a stream may go on.
class Http2StreamOwner {
 public:
  virtual void on_wake(Http2Stream& stream) = 0;

 protected:
  ~Http2StreamOwner() = default;
};

// wake() may be called from any thread and outlive the stream: what it posts holds the shared state only.
class StreamWaker final : public store::Waker {
 public:
  StreamWaker(net::io_context& io, Http2StreamOwner& owner, Http2Stream& stream)
      : state_(std::make_shared<State>(io, &owner, &stream)) {}
  ~StreamWaker() { state_->owner = nullptr; }
  StreamWaker(const StreamWaker&) = delete;
  StreamWaker& operator=(const StreamWaker&) = delete;
  void wake() noexcept override;

 private:
  struct State {
    net::io_context& io;
    Http2StreamOwner* owner;  // shard's thread only; null = gone
    Http2Stream* stream;
    std::atomic<bool> posted = false;
    State(net::io_context& context, Http2StreamOwner* to, Http2Stream* of) : io(context), owner(to), stream(of) {}
  };
  std::shared_ptr<State> state_;
};

struct Http2Stream {
  static constexpr Ticks kNever = Ticks::max();
  static constexpr std::size_t kMaxViews = 16;
  // Of a body that are shown to one write; also what a stream pins while its connection is being written to.
  static constexpr std::size_t kMaxBytes = 64 * 1024;

  Http2Stream(FlowContext& flow, net::io_context& io, Http2StreamOwner& owner);
  void open(std::int32_t stream_id);
  void reset();  // lets go of everything; the stream may be opened anew

  // Looks for body bytes to send, `most` at most. Data: `count` of them are next in take(). Wait: the waker will be called, or
  // what was taken must be written first (`holds_taken`).
  enum class Body : std::uint8_t { Data, Last, Wait, Cut };
  Body next_body(std::size_t most, std::size_t& count);
  // The next piece of what next_body() promised, at most `most` bytes.
  std::string_view take(std::size_t most);
  void written();           // all that was taken has left

  std::int32_t id = 0;      // 0 = free
  StreamWaker waker;
  Http2Request request;
  RequestHead head;
  RequestBody body;
  Transaction transaction;
  Http2ResponseHead response;

  HeadFault fault;          // of the body, before the answer has begun
  bool head_complete = false;
  bool remote_ended = false;   // END_STREAM has come
  bool touched = false;        // is on the connection's list of streams to look at
  bool begun = false;
  bool continued = false;      // 100 (Continue) was sent
  bool responded = false;
  bool deferred = false;       // the library waits for resume_data
  bool cut = false;
  bool end_sent = false;
  bool reset_by_client = false;
  bool closed = false;         // the library has let go of it
  std::uint64_t granted = 0;   // of the request body, window given back
  std::uint64_t sent = 0;      // of the response body, written
  std::size_t taken = 0;       // …, on its way
  Ticks wait_deadline = kNever;
  Ticks body_deadline = kNever;
  Ticks progress = kNever;     // when the client last took something; kNever = not waiting for it

 private:
  std::array<std::string_view, kMaxViews> views_;
  std::size_t view_ = 0, views_count_ = 0, shown_ = 0;  // shown_: bytes in views_ that were not taken
};

}  // namespace brink::edge
