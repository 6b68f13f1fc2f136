#pragma once
// The state of one HTTP/1.x connection: read buffer, parser, transaction, and what is left to write.
//
// The read buffer holds [begin, end): the current request's head stays where it is, with views into it, until its
// transaction is released; body bytes and pipelined requests follow it.

#include <sys/uio.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/client_stream.h"
#include "edge/http1_session.h"
#include "edge/request_body.h"
#include "edge/request_parser.h"
#include "edge/shard.h"
#include "edge/transaction.h"
#include "edge/wakeup.h"

namespace brink::edge {

class Http1Connection final : public SessionBase {
 public:
  Http1Connection(Shard& shard, ClientStream& stream, const ClientAddress& client_address, Protocols allowed);
  ~Http1Connection() override;
  Awaitable<Handover> run();

  void on_tick(Ticks now) override;
  void on_drain() override;
  void on_stop() override;

 private:
  enum class Head : std::uint8_t { NeedMore, Complete, Refused, Http2 };
  enum class Gather : std::uint8_t { More, Wait, Last, Cut };

  // http1_connection.cc: reading heads, the loop
  Head take_head();
  Head refuse(const HeadFault& fault);
  Awaitable<bool> read_more();
  void begin_request();
  Awaitable<bool> serve();
  Awaitable<void> linger();
  bool begins_http2() const;
  Awaitable<bool> upgrade_to_http2(Handover& handover);
  void prepare_space(std::size_t bytes);
  std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }

  // http1_response.cc: writing
  void frame_response();
  Gather gather();
  bool write_at_once();                    // the whole response without waiting; false: nothing or a part was written
  Awaitable<bool> write_parts();
  Awaitable<bool> write_response();
  Awaitable<bool> write_text(std::string_view text);
  bool finish_request(bool cut);

  // http1_body.cc: the request body
  Awaitable<void> read_body();
  Awaitable<void> end_body();
  bool parse_some_body();
  void fail_body(int status, std::string_view what, Limit limit);
  void start_body();

  void arm(Ticks& deadline, Millis after) { deadline = shard_.coarse_now() + after; }

  static constexpr Ticks kNever = Ticks::max();
  Shard& shard_;
  FlowContext& flow_;
  const ClientAddress& client_address_;
  const Protocols allowed_;
  const bool from_peer_;
  ClientStream& stream_;
  Wakeup wakeup_;
  config::ClientLimits limits_;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;   // the first byte not yet taken
  std::size_t end_ = 0;
  std::size_t body_floor_ = 0;  // where the current request's head ends
  std::size_t scanned_ = 0; // of the unread bytes, already searched for the end of a head
  std::vector<Field> fields_;
  std::optional<RequestParser> parser_;
  RequestHead head_;
  RequestBody body_;
  Transaction transaction_;
  bool keep_alive_ = true;
  bool idle_ = true;        // between two requests
  std::uint32_t served_ = 0;

  std::function<void()> interrupt_tunnel_;  // set while there is one

  bool reading_body_ = false;
  HeadFault body_fault_;
  std::string_view body_what_;
  Wakeup body_room_;

  std::array<iovec, 24> parts_{};
  std::size_t part_count_ = 0;
  std::size_t body_in_parts_ = 0;
  bool head_sent_ = false;
  bool chunked_ = false;
  std::string framing_text_;
  char chunk_head_[24];
  std::uint64_t body_sent_ = 0;

  Ticks read_deadline_ = kNever;
  Ticks write_deadline_ = kNever;
  Ticks wait_deadline_ = kNever;
  Limit read_limit_ = Limit::IdleTimeout;
  bool expired_ = false;
  bool wait_expired_ = false;
};

}  // namespace brink::edge
