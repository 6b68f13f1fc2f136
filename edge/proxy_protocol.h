#pragma once
// The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt): what a proxy in front
// writes before the first byte of its client, so that the client's address is known behind it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace brink::edge {

// A longer header of version 2 is refused before it is read; version 1 ends after 107 bytes by
// itself (§2.1).
inline constexpr std::size_t kProxyHeaderBytes = 4096;

enum class ProxyFault : std::uint8_t {
  None,
  Signature,  // neither "PROXY " nor the signature of version 2: no header at all
  Version,    // of a binary header: not 2
  Command,    // neither LOCAL nor PROXY
  Family,     // an address family or transport that does not exist
  Address,  // text that is no address or port of the family named; a binary block too short for it
  Line,     // version 1: no CRLF within 107 bytes, or not the words there should be
  TooLong,  // more than kProxyHeaderBytes
  Extension,  // version 2: a TLV that is cut off, or a checksum of another size than 4
  Checksum,   // version 2: the header is not what was sent
  Count_,
};
std::string_view to_string(ProxyFault fault);  // lower case, for logs and metrics

struct ProxyHeader {
  enum class State : std::uint8_t { NeedMore, Complete, Malformed };
  State state = State::NeedMore;
  ProxyFault fault = ProxyFault::None;
  std::size_t bytes = 0;  // of the header; what follows is the client's
  // The client's address as text; empty when the proxy names none: LOCAL (its own connection, such
  // as a health check), UNKNOWN, and families without an address that is a TCP client's (UNSPEC,
  // UNIX, datagrams).
  std::string client;
  std::uint16_t client_port = 0;
};

// Judges the first bytes of a connection. NeedMore: all of `bytes` belong to the header, and it
// goes on. Malformed is said as soon as it is certain. TLVs are skipped; a CRC32C among them must
// be right. Pure.
ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace brink::edge
