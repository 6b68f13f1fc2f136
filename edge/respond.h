#pragma once
// What goes out to a client: a head made of stored lines and of this node's own, and which part of the body.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "config/runtime/error.h"
#include "edge/cache/byte_range.h"
#include "edge/store/stored_response.h"

namespace brink::edge {

// Protocol-neutral; the session adds framing (Content-Length or chunked, Connection). Views stay valid until the transaction
// begins anew.
struct ResponsePlan {
  int status = 0;
  std::string_view head;                 // "HTTP/1.1 200 OK\r\n" and field lines
  std::string_view extra;                // more field lines, made for this request
  std::optional<std::uint64_t> length;   // of the body that follows, or would for HEAD; none = known only at its end
  bool send_body = true;                 // false: HEAD, 204, 304
  bool announce_length = true;           // false: 204, 304
  bool close = false;                    // the connection must not be used again
};

enum class HeadKind : std::uint8_t {
  Whole,        // the stored status line and every line
  Partial,      // 206 with one range
  Multipart,    // 206, Content-Type left out
  NotModified,  // 304 with the lines that belong there
};

// Which of the fields that are meant for caches go out.
enum class Shown : std::uint8_t {
  Everything,    // to a child tier, or the site shows them
  NotTargeted,   // cache::hidden_from_clients()
  NorSurrogate,  // the same, of a site that reads Surrogate-Control
};

// Can the stored block go out as it is?
bool head_is_verbatim(const store::StoredResponse& response, HeadKind kind, Shown shown);

// Writes the head of `kind` into `out` (cleared), without the lines that are not shown.
void write_head(const store::StoredResponse& response, HeadKind kind, Shown shown, std::string& out);

// The head and a short text for an answer of our own: Content-Type, Date, Cache-Control: no-store. `out` is cleared.
void write_error_head(int status, TimePoint now, std::string& out);
// One line for a person: "502 Bad Gateway: the origin refused the connection".
void write_error_text(int status, std::string_view what, std::string& out);

void append_content_range(std::string& out, cache::ByteRange range, std::uint64_t complete_length);
void append_unsatisfied_range(std::string& out, std::uint64_t complete_length);
void append_age(std::string& out, std::uint32_t age_s);

}  // namespace brink::edge
