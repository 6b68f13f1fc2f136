#include "edge/proxy_protocol.h"

#include <arpa/inet.h>

#include <array>
#include <boost/crc.hpp>
#include <charconv>
#include <cstring>
#include <optional>

namespace brink::edge {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kText = "PROXY "sv;
constexpr std::string_view kBinary = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kTextBytes = 107;   // §2.1, CRLF included
constexpr std::size_t kFixedBytes = 16;   // §2.2: signature, version and command, family, length
constexpr std::size_t kTlvHeadBytes = 3;  // type, length
constexpr unsigned kTlvChecksum = 3;      // PP2_TYPE_CRC32C
constexpr std::size_t kChecksumBytes = 4;

using Crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

ProxyHeader malformed(ProxyFault fault) {
  ProxyHeader header;
  header.state = ProxyHeader::State::Malformed;
  header.fault = fault;
  return header;
}

ProxyHeader complete(std::size_t bytes) {
  ProxyHeader header;
  header.state = ProxyHeader::State::Complete;
  header.bytes = bytes;
  return header;
}

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

// Whether `bytes` is a beginning of `whole`, or begins with it.
bool may_become(std::string_view bytes, std::string_view whole) {
  const std::size_t size = std::min(bytes.size(), whole.size());
  return bytes.substr(0, size) == whole.substr(0, size);
}

std::string address_text(int family, const void* network) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, network, text.data(), text.size()) ? std::string(text.data())
                                                              : std::string();
}

// The text anew, in the one form that the rest of the node compares; nothing when it is none of
// this family.
std::optional<std::string> address_from_text(int family, std::string_view text) {
  std::array<unsigned char, 16> network{};
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  if (inet_pton(family, std::string(text).c_str(), network.data()) != 1) return std::nullopt;
  return address_text(family, network.data());
}

std::optional<std::uint16_t> port_from_text(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && (text.size() == 1 || text.front() != '0') ? std::optional(port) : std::nullopt;
}

// Up to the next single space, which goes too.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line = end == std::string_view::npos ? std::string_view{} : line.substr(end + 1);
  return word;
}

ProxyHeader parse_line(std::string_view line, std::size_t bytes) {
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return complete(bytes);  // whatever follows means nothing (§2.1)
  if (protocol != "TCP4" && protocol != "TCP6") return malformed(ProxyFault::Family);
  const int family = protocol == "TCP4" ? AF_INET : AF_INET6;
  const auto client = address_from_text(family, take_word(line));
  const auto server = address_from_text(family, take_word(line));
  const auto client_port = port_from_text(take_word(line));
  const auto server_port = port_from_text(line);
  if (!client || !server || !client_port || !server_port) return malformed(ProxyFault::Address);
  ProxyHeader header = complete(bytes);
  header.client = *client;
  header.client_port = *client_port;
  return header;
}

ProxyHeader parse_text(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kTextBytes).find('\r');
  if (end == std::string_view::npos)
    return bytes.size() >= kTextBytes ? malformed(ProxyFault::Line) : ProxyHeader{};
  if (end + 2 > kTextBytes) return malformed(ProxyFault::Line);
  if (end + 1 == bytes.size()) return {};
  if (bytes[end + 1] != '\n') return malformed(ProxyFault::Line);
  return parse_line(bytes.substr(kText.size(), end - kText.size()), end + 2);
}

bool checksum_holds(std::string_view header, std::size_t at) {
  const std::uint32_t sent =
      std::uint32_t{number_at(header, at)} << 16U | number_at(header, at + 2);
  static constexpr char kZeros[kChecksumBytes] = {};
  Crc32c crc;
  crc.process_bytes(header.data(), at);
  crc.process_bytes(kZeros, kChecksumBytes);
  crc.process_bytes(header.data() + at + kChecksumBytes, header.size() - at - kChecksumBytes);
  return crc.checksum() == sent;
}

ProxyFault check_extensions(std::string_view header, std::size_t at) {
  while (at < header.size()) {
    if (header.size() - at < kTlvHeadBytes) return ProxyFault::Extension;
    const unsigned type = byte_at(header, at);
    const std::size_t length = number_at(header, at + 1);
    at += kTlvHeadBytes;
    if (header.size() - at < length) return ProxyFault::Extension;
    if (type == kTlvChecksum && length != kChecksumBytes) return ProxyFault::Extension;
    if (type == kTlvChecksum && !checksum_holds(header, at)) return ProxyFault::Checksum;
    at += length;
  }
  return ProxyFault::None;
}

// How an address block of version 2 is laid out (§2.2).
struct Block {
  int family = AF_UNSPEC;   // of a TCP client; otherwise there is no address for us in it
  std::size_t address = 0;  // bytes of one address
  std::size_t bytes = 0;    // of the whole block
};

std::optional<Block> block_of(unsigned family_and_transport) {
  const unsigned transport = family_and_transport & 0xfU;
  if (transport > 2) return std::nullopt;
  const bool stream = transport == 1;
  switch (family_and_transport >> 4U) {
    case 0:
      return Block{};
    case 1:
      return Block{stream ? AF_INET : AF_UNSPEC, 4, 12};
    case 2:
      return Block{stream ? AF_INET6 : AF_UNSPEC, 16, 36};
    case 3:
      return Block{AF_UNSPEC, 108, 216};
    default:
      return std::nullopt;
  }
}

ProxyHeader parse_addresses(std::string_view header) {
  const auto block = block_of(byte_at(header, 13));
  if (!block) return malformed(ProxyFault::Family);
  if (header.size() - kFixedBytes < block->bytes) return malformed(ProxyFault::Address);
  // Of an unspecified family it is not said where its TLVs begin: all of it is skipped.
  if (block->bytes > 0) {
    const ProxyFault fault = check_extensions(header, kFixedBytes + block->bytes);
    if (fault != ProxyFault::None) return malformed(fault);
  }
  ProxyHeader out = complete(header.size());
  if (block->family == AF_UNSPEC) return out;
  out.client = address_text(block->family, header.data() + kFixedBytes);
  out.client_port = number_at(header, kFixedBytes + 2 * block->address);
  return out;
}

ProxyHeader parse_binary(std::string_view bytes) {
  if (bytes.size() < 13) return {};
  const unsigned command = byte_at(bytes, 12) & 0xfU;
  if (byte_at(bytes, 12) >> 4U != 2) return malformed(ProxyFault::Version);
  if (command > 1) return malformed(ProxyFault::Command);
  if (bytes.size() < kFixedBytes) return {};
  const std::size_t size = kFixedBytes + number_at(bytes, 14);
  if (size > kProxyHeaderBytes) return malformed(ProxyFault::TooLong);
  if (bytes.size() < size) return {};
  if (command == 0) return complete(size);  // LOCAL: what is in it is to be discarded
  return parse_addresses(bytes.substr(0, size));
}

}  // namespace

std::string_view to_string(ProxyFault fault) {
  switch (fault) {
    case ProxyFault::None:
      return "none";
    case ProxyFault::Signature:
      return "signature";
    case ProxyFault::Version:
      return "version";
    case ProxyFault::Command:
      return "command";
    case ProxyFault::Family:
      return "family";
    case ProxyFault::Address:
      return "address";
    case ProxyFault::Line:
      return "line";
    case ProxyFault::TooLong:
      return "too-long";
    case ProxyFault::Extension:
      return "extension";
    case ProxyFault::Checksum:
      return "checksum";
    case ProxyFault::Count_:
      break;
  }
  return "unknown";
}

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (may_become(bytes, kText))
    return bytes.size() < kText.size() ? ProxyHeader{} : parse_text(bytes);
  if (may_become(bytes, kBinary)) return parse_binary(bytes);
  return malformed(ProxyFault::Signature);
}

}  // namespace brink::edge
