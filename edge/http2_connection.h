#pragma once
// The state of one HTTP/2 connection: libnghttp2's session, the streams, and what is about to be written.
//
// One coroutine reads; whoever has something to say lets flush() write it at once, and a second coroutine takes over where the socket
// does not. The library's callbacks only record and submit (http2_callbacks.cc): what follows from them happens after it has returned.

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>
#include <vector>

#include "config/freer.h"
#include "edge/client_stream.h"
#include "edge/http2_guard.h"
#include "edge/http2_output.h"
#include "edge/http2_rules.h"
#include "edge/http2_session.h"
#include "edge/http2_stream.h"
#include "edge/shard.h"
#include "edge/wakeup.h"

namespace brink::edge {

class Http2Connection final : public SessionBase, public Http2StreamOwner {
 public:
  Http2Connection(Shard& shard, ClientStream& stream, const ClientAddress& client_address);
  ~Http2Connection() override;
  Awaitable<void> run(Handover start);

  void on_tick(Ticks now) override;
  void on_drain() override;
  void on_stop() override;
  void on_reload() override;
  void on_wake(Http2Stream& stream) override;

 private:
  using Session = std::unique_ptr<nghttp2_session, config::Freer<nghttp2_session_del>>;
  enum class Closing : std::uint8_t { No, Announced, Final };
  friend struct Http2Callbacks;

  // http2_connection.cc: the connection
  void open_session();
  void feed(std::string_view bytes);
  bool receive(std::string_view bytes);
  void check_late_frame(std::int32_t id, bool is_headers);
  void adopt(UpgradedRequest& upgraded);
  void end();
  bool is_over() const;
  void end_with(std::uint32_t code, Limit limit);
  void note_broken(std::uint32_t code);
  void break_off(std::uint32_t code);
  void trim();
  void close_gracefully();
  Awaitable<void> finish_streams();
  Awaitable<void> say_goodbye();
  void tick_stream(Http2Stream& stream, Ticks now);

  // http2_requests.cc: streams
  Http2Stream* acquire(std::int32_t id);
  void touch(Http2Stream& stream);
  void process();
  void begin(Http2Stream& stream);
  void advance(Http2Stream& stream);
  void start_body(Http2Stream& stream);
  void submit_interim(Http2Stream& stream, std::string_view head);
  void submit_response(Http2Stream& stream);
  void set_priority(const Http2Stream& stream);
  void take_body(Http2Stream& stream, std::string_view bytes);
  void give_window(Http2Stream& stream);
  void forget_body(Http2Stream& stream);
  void reset_stream(Http2Stream& stream, std::uint32_t code);
  void recycle_closed();

  // http2_writer.cc: writing
  void flush();
  bool gather();
  void written();
  Awaitable<void> write_loop();

  void count(Http2Event event);
  std::size_t open_streams() const { return streams_.size() - free_.size(); }
  Ticks in(Millis after) const { return shard_.coarse_now() + after; }

  static constexpr Ticks kNever = Ticks::max();
  Shard& shard_;
  FlowContext& flow_;
  ClientStream& stream_;
  const ClientAddress& client_address_;
  const bool from_peer_;
  const config::ClientLimits limits_;
  Http2Guard guard_;
  FrameScan scan_;
  ClosedStreams ended_streams_;
  std::int32_t highest_id_ = 0;    // of the client's streams
  Session session_;

  std::vector<std::unique_ptr<Http2Stream>> streams_;  // all of them, also those to be used again
  std::vector<Http2Stream*> free_;
  std::vector<Http2Stream*> touched_;                  // something has come for them
  std::vector<Http2Stream*> closed_;                   // to be let go of once nothing of them is being written
  std::uint64_t served_ = 0;

  std::vector<char> input_;
  Http2Output output_;
  std::span<iovec> rest_;      // of output_, still to be written; empty = nothing under way
  Wakeup writer_;              // there is something in rest_, or the connection is over
  Wakeup writer_done_;
  Wakeup streams_done_;        // the last stream has ended, or the connection has
  bool writing_ = false;
  bool flushing_ = false;
  bool has_writer_ = false;

  bool finishing_ = false;     // the client sends no more
  bool ended_ = false;         // no more reading, no more writing
  Closing closing_ = Closing::No;
  Ticks read_deadline_ = kNever;   // of the preface, a header block, or silence
  Limit read_limit_ = Limit::HeaderTimeout;
  Ticks write_deadline_ = kNever;
  Ticks final_goaway_ = kNever;
  bool lingers_ = false;           // the client is to see the GOAWAY
  bool says_goodbye_ = false;
  // To be acted upon after the library has returned: a bound of the guard, an error of the connection.
  std::optional<Limit> passed_;
  std::uint32_t broken_ = NGHTTP2_NO_ERROR;
  Limit broken_by_ = Limit::Framing;
};

}  // namespace brink::edge
