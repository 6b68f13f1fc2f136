#pragma once
// The client's side of one HTTP/2 connection, read piece by piece where a test wants to look in
// between.
//
// Frames are libnghttp2's business; what they say is made into the same HttpMessage that HTTP/1
// gives. Nothing is read from the connection but by a call that waits for something, and window is
// given back only for body bytes that a call has asked for: a test that does not read stops the
// server.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/transport.h"

namespace brink::tests {

class Http2Client {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  // The connection outlives the client; `limit` holds for every wait.
  Http2Client(Transport& connection, Millis limit);
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  // Pseudo-fields first, names in lower case. A stream that `ends` has no body. The stream's
  // number, negative when the connection takes no more.
  std::int32_t request(const Fields& fields, bool ends);
  // Closed when the server has ended the stream, which it may before it has the whole body.
  Io write_body(std::int32_t id, std::string_view bytes);
  Io end_body(std::int32_t id, const Fields& trailers);
  // RST_STREAM(CANCEL).
  void cancel(std::int32_t id);
  // GOAWAY(NO_ERROR), as far as it can still be said.
  void say_goodbye();

  // The next head of the stream, interim or final, into `message` (made anew). "HTTP/2 200", then
  // field lines with the names as received.
  Read head(std::int32_t id, HttpMessage& message);
  // As HttpReader::body(): a body whose stream was reset, or ended with its connection, is cut.
  Read body(std::int32_t id, HttpMessage& message, std::size_t at_least = SIZE_MAX);
  // Until the server ends the connection, or the stream (0 = no stream).
  Read until_ended(std::int32_t id);
  // The server takes no more requests here.
  bool was_told_to_go() const { return goaway_; }
  const std::string& error() const { return error_; }

 private:
  struct Stream {
    std::vector<HttpMessage> heads;  // complete, not taken yet
    HttpMessage building;
    bool has_final = false;
    std::string data;  // not taken yet
    Fields trailers;
    bool ended = false;      // END_STREAM came
    bool was_reset = false;  // by the server's frame, or by cancel()
    bool closed = false;
    std::uint32_t code = 0;
    std::string outgoing;
    Fields outgoing_trailers;
    bool outgoing_ends = false;
  };
  struct Callbacks;
  friend struct Callbacks;

  Io flush();
  // Writes what there is to say, then waits for the server to say something.
  Io step();
  bool done(const Stream& stream) const { return stream.ended || stream.closed; }
  void take(std::int32_t id, Stream& stream, HttpMessage& message);
  Read bad(Io io) const;

  Transport& connection_;
  const Millis limit_;
  std::unique_ptr<nghttp2_session, decltype(&nghttp2_session_del)> session_;
  std::map<std::int32_t, Stream> streams_;
  bool goaway_ = false;
  bool violated_ = false;  // the server broke the protocol
  std::string error_;
};

}  // namespace brink::tests
