#pragma once
// One request's fields as HPACK hands them out, and what they make: a RequestHead (RFC 9113 §8.3.1). Protocol only, no I/O.
//
// libnghttp2 has checked names, values, the order of pseudo-fields and connection-specific fields before.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "edge/head_fault.h"
#include "edge/request.h"

namespace brink::edge {

// Reusable: clear() keeps the memory.
class Http2Request {
 public:
  // A block that expands to more than this many times limits.header_bytes is no mistake (an HPACK bomb).
  static constexpr std::uint64_t kBombFactor = 16;

  void clear();
  // Beyond the limits nothing is kept, only counted; finish() says so then. Trailers do not come here.
  void add(std::string_view name, std::string_view value, const config::ClientLimits& limits);
  std::uint64_t bytes() const { return bytes_; }
  bool is_bomb(const config::ClientLimits& limits) const { return bytes_ > kBombFactor * limits.header_bytes; }

  // Fills `head` (client address, scheme, peer and has_body are the session's); the views stay valid until clear().
  HeadFault finish(const config::ClientLimits& limits, RequestHead& head);
  bool expects_continue() const { return expects_continue_; }
  // As the client wrote it.
  std::string_view scheme() const { return text(scheme_); }

 private:
  struct Span {
    std::uint32_t at = 0, size = 0;
  };
  std::string_view text(Span span) const { return std::string_view(text_).substr(span.at, span.size); }
  Span keep(std::string_view bytes);
  void join_cookies();
  HeadFault check_scheme_and_path(const RequestHead& head) const;

  std::string text_;
  std::vector<std::pair<Span, Span>> spans_;
  std::vector<Field> fields_;
  Span method_, scheme_, authority_, path_;
  std::uint64_t bytes_ = 0;
  std::uint32_t cookies_ = 0;
  std::uint32_t count_ = 0;
  bool expects_continue_ = false;
};

}  // namespace brink::edge
