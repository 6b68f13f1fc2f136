#pragma once
// Reads HTTP/1 messages from a connection, piece by piece where a test wants to look in between.

#include <string>

#include "tests/support/http_message.h"
#include "tests/support/transport.h"

namespace brink::tests {

enum class Read : std::uint8_t {
  Ok,
  Closed,  // the connection ended before the first byte
  Broken,  // it ended, or broke, in the middle
  TimedOut,
  Malformed,  // not HTTP/1
};
std::string_view to_string(Read read);

class HttpReader {
 public:
  static constexpr std::size_t kMaxHeadBytes = 1U << 20U;

  // The connection outlives the reader.
  HttpReader(Transport& connection, Millis limit) : connection_(connection), limit_(limit) {}

  // The next head into `message` (made anew). `why` of the last failure is in error().
  Read request_head(HttpMessage& message);
  // `method` is that of the request that is answered: it decides whether a body follows.
  Read response_head(HttpMessage& message, std::string_view method);
  // More of the body of the message whose head was read last, until it is complete or `at_least`
  // bytes are there. A cut body leaves message.complete false and is Ok: the test decides whether
  // it may be.
  Read body(HttpMessage& message, std::size_t at_least = SIZE_MAX);
  // Exactly `count` bytes behind the last message (of a tunnel).
  Read bytes(std::size_t count, std::string& out);
  // Bytes behind the last message that were read already, or arrive within the limit.
  Read rest_until_close(std::string& rest);
  // Bytes that were read already, of the next message.
  bool has_buffered() const { return !buffer_.empty(); }
  const std::string& error() const { return error_; }

 private:
  enum class Framing : std::uint8_t { None, Length, Chunked, UntilClose };
  enum class Step : std::uint8_t { More, Done, Bad };
  Read head(HttpMessage& message);
  Read framing(HttpMessage& message, bool response);
  Read bad(std::string why);
  Step take(HttpMessage& message);
  Step take_chunk(HttpMessage& message);
  Step take_trailers(HttpMessage& message);

  Transport& connection_;
  Millis limit_;
  std::string buffer_;
  std::string error_;
  Framing framing_ = Framing::None;
  std::uint64_t left_ = 0;  // of the length or of the chunk
  bool in_chunk_ = false;
  bool last_chunk_ = false;
};

}  // namespace brink::tests
