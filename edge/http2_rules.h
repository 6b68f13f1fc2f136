#pragma once
// What RFC 9113 asks of frames that libnghttp2 lets pass: the library forgets streams as they close, and looks at no PRIORITY frame once
// it was told that nobody goes by them. Pure; sees frames in their order.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace brink::edge {

// How a stream came to its end.
enum class StreamEnd : std::uint8_t { Unknown, Forgotten, Whole, ResetByClient, ResetByUs };

// The latest closed streams of a connection (RFC 9113 §5.1 "closed").
class ClosedStreams {
 public:
  static constexpr std::size_t kRemembered = 128;
  void add(std::int32_t id, StreamEnd how) { ring_[next_++ % kRemembered] = {id, how}; }
  // Unknown: it was never open. Forgotten: it may have been.
  StreamEnd how(std::int32_t id) const;

 private:
  struct Entry {
    std::int32_t id = 0;
    StreamEnd how = StreamEnd::Unknown;
  };
  std::array<Entry, kRemembered> ring_{};
  std::size_t next_ = 0;
};

// What is to be done about a HEADERS or DATA frame on a stream that has ended, or was passed over.
enum class LateFrame : std::uint8_t {
  Ignore,           // it may have been under way when this node reset the stream
  ResetStream,      // STREAM_CLOSED on the stream
  StreamClosed,     // STREAM_CLOSED on the connection
  ProtocolError,    // a stream whose number is lower than one that was opened (§5.1.1)
};
LateFrame judge_late_frame(StreamEnd how, bool is_headers);

// Follows the frames of a connection's bytes, the preface included.
class FrameScan {
 public:
  static constexpr std::size_t kHead = 9;  // RFC 9113 §4.1
  enum class Seen : std::uint8_t {
    Nothing,         // up to the end of the bytes
    DataHead,        // the last byte completes the head of a DATA frame, of stream id()
    SelfDependency,  // … a PRIORITY frame that makes a stream depend on itself (RFC 7540 §5.3.1)
  };
  // Looks at bytes until something is seen; `used` says how many.
  Seen pass(std::string_view bytes, std::size_t& used);
  std::int32_t id() const;

 private:
  static constexpr std::size_t kDependency = 4;
  Seen head_complete();

  std::size_t preface_left_ = 24;  // RFC 9113 §3.4
  std::array<unsigned char, kHead + kDependency> start_{};
  std::size_t have_ = 0;           // of start_
  std::size_t wanted_ = kHead;
  std::size_t payload_left_ = 0;   // behind start_
};

}  // namespace brink::edge
