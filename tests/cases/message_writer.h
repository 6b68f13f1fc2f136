#pragma once
// Puts a scripted message on the wire, piece by piece, the way the case says, right or wrong.

#include <string>
#include <vector>

#include "tests/cases/stage.h"
#include "tests/support/transport.h"

namespace brink::tests::cases {

enum class Written : std::uint8_t {
  Whole,
  Ended,   // the script closed or reset the connection, or the message is framed by its end
  Failed,  // the peer did, or the case is over
};

struct Writing {
  Transport& connection;
  Stage& stage;
  std::string who;                   // for the transcript
  std::string answered_method = {};  // responses: HEAD gets no body
};

// Does a body follow the request's head?
bool has_body(const Message& message);
// The field lines of a request, with the Host and the framing that it gets unless it has its own.
std::vector<std::string> request_lines(const Message& message, Stage& stage);

Written write_request(const Message& message, Writing& writing);
Written write_response(const Message& message, Writing& writing);

}  // namespace brink::tests::cases
