#pragma once
// What clients of a case speak with the node, and what of a case cannot be said in it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/cases/case_model.h"

namespace brink::tests::cases {

enum class Protocol : std::uint8_t {
  Http1,
  Tls,  // HTTP/1.1 over TLS
  H2,   // HTTP/2 over TLS
  H2c,  // HTTP/2 in clear text, with prior knowledge
};
// "http1", "tls", "h2", "h2c".
std::string_view to_string(Protocol protocol);
std::optional<Protocol> protocol_of(std::string_view word);
inline bool is_http2(Protocol protocol) {
  return protocol == Protocol::H2 || protocol == Protocol::H2c;
}
inline bool is_tls(Protocol protocol) {
  return protocol == Protocol::H2 || protocol == Protocol::Tls;
}

// Why the clients of this case can only be played over HTTP/1.1: bytes that they write themselves,
// its framing and versions, what they say about their connection; or the case says `only: http1`.
// Empty when nothing of that is in the case. In doubt there is a reason.
std::string http1_reason(const CaseFile& file);

}  // namespace brink::tests::cases
