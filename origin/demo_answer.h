#pragma once
// From a handler's reply to the response that goes out: conditions (RFC 9110 §13), one range (§14),
// the head with its framing. Pure: no clock, no I/O.

#include <cstdint>
#include <string>
#include <string_view>

#include "origin/demo_message.h"

namespace brink::origin {

struct DemoAnswer {
  std::string head;          // status line to the empty line
  std::uint64_t first = 0;   // of the reply's body
  std::uint64_t length = 0;  // to send; 0 for HEAD, 204 and 304
  bool chunked = false;
  bool keep_alive = true;
};

// May replace the reply's status and body (304, 412, 416). `name` goes into X-Origin-Name.
DemoAnswer demo_prepare(const DemoRequest& request, DemoReply& reply, std::string_view name);

// The head of a 103 (RFC 8297).
std::string demo_early_hints(const DemoFields& fields);

}  // namespace brink::origin
