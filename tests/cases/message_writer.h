#pragma once
// Puts a scripted message on the wire, piece by piece, the way the case says, right or wrong.

#include <string>

#include "tests/cases/stage.h"
#include "tests/support/socket.h"

namespace brink::tests::cases {

enum class Written : std::uint8_t {
  Whole,
  Ended,   // the script closed or reset the connection, or the message is framed by its end
  Failed,  // the peer did, or the case is over
};

struct Writing {
  Socket& socket;
  Stage& stage;
  std::string who;                   // for the transcript
  std::string answered_method = {};  // responses: HEAD gets no body
};

Written write_request(const Message& message, Writing& writing);
Written write_response(const Message& message, Writing& writing);

}  // namespace brink::tests::cases
