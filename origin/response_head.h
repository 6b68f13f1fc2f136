#pragma once
// A response head, line by line: what is let in from an upstream and what is not (RFC 9112 §2-§6,
// RFC 9110 §5).
//
// libcurl frames the message but is lenient about what it finds; this is the strict reading that
// decides. Sans I/O. Refused as malformed: a line without a token and a colon, white space before
// the colon, obs-fold (§5.2), control characters (bare CR and NUL among them), Content-Length that
// is no number or differs, Content-Length beside Transfer-Encoding, Transfer-Encoding other than
// one `chunked` or on HTTP/1.0 (§6.1), 101 (we never ask for it), a status outside 100 … 599, more
// than kMaxInterim interim responses.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/fields.h"

namespace brink::origin {

class ResponseHeadReader {
 public:
  static constexpr std::uint32_t kMaxInterim = 32;

  enum class Event : std::uint8_t {
    More,       // go on
    Interim,    // a 1xx block is complete: status(), fields()
    Final,      // the head is complete: status(), fields(), content_length()
    Malformed,  // give the response up
    TooLarge,   // more than `limit_bytes` in one block
  };

  void reset(std::uint32_t limit_bytes);
  // Gives back the memory of an unusually large head.
  void shrink();
  // One line with its line end, as libcurl hands it out (HTTP/2 heads come in the same form).
  // REQUIRES: neither Final, Malformed nor TooLarge was returned since reset().
  Event line(std::string_view line);

  int status() const { return status_; }
  bool http2() const { return version_ == Version::Http2; }
  // Only the end of the connection ends the body, unless there is none (RFC 9112 §6.3).
  bool ends_with_connection() const {
    return !http2() && !transfer_encoding_ && !content_length_ && status_ != 204 && status_ != 304;
  }
  // Views into this reader, valid until the next line() or reset(). Of equal Content-Length lines,
  // one.
  Fields fields() const { return fields_; }
  std::optional<std::uint64_t> content_length() const { return content_length_; }

 private:
  enum class Version : std::uint8_t { Http10, Http11, Http2 };
  struct Span {
    std::uint32_t name, name_size, value, value_size;
  };

  void begin_block();
  bool status_line(std::string_view line);
  bool field_line(std::string_view line);
  bool framing(std::string_view name, std::string_view value, bool& keep);
  Event end_of_block();

  std::uint32_t limit_bytes_ = 0;
  std::uint32_t block_bytes_ = 0;
  std::uint32_t interim_ = 0;
  bool in_block_ = false;
  int status_ = 0;
  Version version_ = Version::Http11;
  bool transfer_encoding_ = false;
  std::optional<std::uint64_t> content_length_;
  std::string text_;         // the field lines, one after the other
  std::vector<Span> spans_;  // into text_, which may still move
  std::vector<Field> fields_;
};

}  // namespace brink::origin
