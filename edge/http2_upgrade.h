#pragma once
// HTTP/1.1 requests that ask for HTTP/2 without TLS (RFC 7540 §3.2; RFC 9113 has given it up, clients have not).

#include <optional>
#include <string>

#include "config/runtime/fields.h"

namespace brink::edge {

// Does Upgrade name h2c?
bool asks_for_h2c(Fields fields);

// The payload of the SETTINGS frame that its one HTTP2-Settings field holds; none when it is missing, repeated, no base64url, or
// not announced by Connection.
std::optional<std::string> http2_settings_of(Fields fields);

}  // namespace brink::edge
