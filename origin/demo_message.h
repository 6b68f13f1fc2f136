#pragma once
// What the demo origin's handlers see and what they answer with: plain data. A handler only
// describes an answer; conditions and ranges are applied by demo_answer.h, and demo_session.h sends
// it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/runtime/clock.h"

namespace brink::origin {

using DemoFields = std::vector<std::pair<std::string, std::string>>;

struct DemoRequest {
  std::string method;
  std::string target;  // origin-form: path and query as they came
  std::string path;    // still percent-encoded
  std::string query;   // without '?'
  DemoFields fields;
  std::string body;                   // its first kDemoBodyKeptBytes
  std::vector<std::string> captures;  // what the route's {…} matched, decoded
  bool http_1_0 = false;
  bool keep_alive = true;   // the client allows another request
  TimePoint now;            // when the head was complete
  std::uint64_t asked = 0;  // how often this URL was asked, this time included; 0 = not counted

  // The first line's value, or empty.
  std::string_view field(std::string_view name) const;
  // All lines, joined with ", " (RFC 9110 §5.3).
  std::string joined_field(std::string_view name) const;
  // The query parameter (or the form field of a body) of this name, decoded.
  std::optional<std::string> parameter(std::string_view name) const;
  // The same as a decimal number; `fallback` when absent, nothing when it is no number or above
  // `most`.
  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t fallback,
                                      std::uint64_t most) const;
};
inline constexpr std::size_t kDemoBodyKeptBytes = 64 * 1024;

// An open file, or none (-1); closed with its last body.
class DemoFile {
 public:
  explicit DemoFile(int descriptor) : descriptor_(descriptor) {}
  ~DemoFile();
  DemoFile(const DemoFile&) = delete;
  DemoFile& operator=(const DemoFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// A response body: text in memory, or a description of bytes that are produced while they are sent.
class DemoBody {
 public:
  DemoBody() = default;
  DemoBody(std::string text) : content_(std::move(text)) {}  // NOLINT: a page is a body
  // REQUIRES: not null.
  explicit DemoBody(std::shared_ptr<const std::string> shared) : content_(std::move(shared)) {}
  // `size` bytes of demo_byte().
  static DemoBody pattern(std::uint64_t size);
  static DemoBody file(std::shared_ptr<DemoFile> file, std::uint64_t size);

  std::uint64_t size() const;
  // The whole text; nothing when the body is produced by read().
  std::optional<std::string_view> text() const;
  // Fills `into`. False when a file became shorter meanwhile or cannot be read.
  // REQUIRES: offset + count <= size().
  bool read(std::uint64_t offset, char* into, std::size_t count) const;

 private:
  struct Pattern {
    std::uint64_t size;
  };
  struct Stored {
    std::shared_ptr<DemoFile> file;
    std::uint64_t size;
  };
  std::variant<std::string, std::shared_ptr<const std::string>, Pattern, Stored> content_;
};

enum class DemoAct : std::uint8_t {
  Answer,  // a response with `body`
  Raw,     // the bytes of `body` as they are, then the connection closes
  Reset,   // no byte; the connection is reset
  Echo,    // a response with the request's body, while that arrives
  Tunnel,  // 101, then every byte comes back
};

// How an answer goes out. The defaults are a well-behaved origin.
struct DemoDelivery {
  DemoAct act = DemoAct::Answer;
  Millis delay{0};                         // before the first byte
  DemoFields early_hints;                  // a 103 with these before the response, unless empty
  bool chunked = false;                    // otherwise Content-Length
  std::uint64_t piece_bytes = 0;           // 0 = as fast as the client takes it
  Millis pause{0};                         // between two pieces
  std::optional<std::uint64_t> cut_after;  // close after so many bytes of the body
};

struct DemoReply {
  int status = 200;
  DemoFields fields;  // no Date, framing, ETag or Last-Modified: those are added when it is sent
  std::string etag;   // with its quotes; empty = none
  std::optional<TimePoint> last_modified;
  DemoBody body;
  DemoDelivery delivery;

  DemoReply& set(std::string_view name, std::string value);  // replaces or adds
  DemoReply& add(std::string_view name, std::string value);  // another line
};

}  // namespace brink::origin
