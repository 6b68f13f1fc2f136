#pragma once
// The framing gate (RFC 9112 §2.2, §3.2, §5, §6): a request is framed in exactly one way, or it is refused.
//
// Runs before and beside Beast's parser, which is laxer (STYLE.md C5). Whatever is refused here is answered with 400
// and the connection is closed. Pure; no allocation.

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/runtime/fields.h"

namespace brink::edge {

enum class FramingFault : std::uint8_t {
  None,
  BareCarriageReturn,       // CR that is not followed by LF
  BareLineFeed,
  ControlCharacter,         // other than HTAB in a field line, NUL included
  ObsFold,                  // a line that begins with white space
  SpaceBeforeColon,
  BadFieldName,             // empty, no colon, or not a token
  BadRequestLine,
  HostMissing,
  HostRepeated,
  HostInvalid,
  ContentLengthRepeated,
  ContentLengthInvalid,
  ContentLengthWithTransferEncoding,
  TransferEncodingUnknown,  // anything but exactly "chunked"
  TransferEncodingOnHttp10,
  FramingFieldInTrailer,
  Chunk,                    // chunk size, extension or end that does not parse
};
std::string_view to_string(FramingFault fault);

// The raw head, from the request line to the empty line, both included. REQUIRES: `block` ends with CRLF CRLF.
FramingFault check_head_block(std::string_view block);

// What a request's fields say about its framing and its connection.
struct MessageFraming {
  FramingFault fault = FramingFault::None;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;            // Connection: close
  bool keep_alive = false;       // Connection: keep-alive (HTTP/1.0)
  bool upgrade = false;          // Connection: upgrade, and an Upgrade field
  bool expect_continue = false;
  bool expect_other = false;     // → 417
  std::string_view host;         // empty only on HTTP/1.0 without Host
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};
// `minor` is the HTTP/1 minor version: 0 or 1.
MessageFraming check_fields(int minor, Fields fields);

// host [":" port] as RFC 9110 §4.2 allows it, or the empty string.
bool valid_host(std::string_view host);

// A field that must not come in a trailer (RFC 9110 §6.5.1).
bool forbidden_in_trailer(std::string_view name);

}  // namespace brink::edge
