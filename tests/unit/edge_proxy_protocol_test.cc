// PROXY headers as proxies write them, and as nobody should.

#include <gtest/gtest.h>

#include <boost/crc.hpp>
#include <string>
#include <vector>

#include "edge/proxy_protocol.h"

namespace brink::edge {
namespace {

using namespace std::string_literals;
using State = ProxyHeader::State;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string number(std::size_t n) {
  return {static_cast<char>(n >> 8U & 0xffU), static_cast<char>(n & 0xffU)};
}

std::string binary(int version_and_command, int family, const std::string& block) {
  return kSignature + static_cast<char>(version_and_command) + static_cast<char>(family) +
         number(block.size()) + block;
}

std::string tlv(int type, const std::string& value) {
  return static_cast<char>(type) + number(value.size()) + value;
}

const std::string kV4 =
    "\xc0\x00\x02\x07\x0a\x00\x00\x01"s + number(51'000) + number(443);  // 192.0.2.7 → 10.0.0.1
const std::string kV6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x09" + "\x20\x01\x0d\xb8"s +
                        std::string(11, '\0') + "\x01" + number(51'000) + number(443);

// As PP2_TYPE_CRC32C is made: over the whole header with zeros in its place.
std::string with_checksum(std::string block, bool right) {
  std::string header = binary(0x21, 0x11, block + tlv(3, std::string(4, '\0')));
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(header.data(), header.size());
  const std::uint32_t sum = crc.checksum() ^ (right ? 0U : 1U);
  return header.substr(0, header.size() - 4) + number(sum >> 16U) + number(sum);
}

struct Good {
  std::string what;
  std::string bytes;
  std::string client;  // empty = none
  std::uint16_t port = 0;
};

const std::vector<Good>& good() {
  static const std::vector<Good> rows = {
      {"v1 IPv4", "PROXY TCP4 192.0.2.7 10.0.0.1 51000 443\r\n", "192.0.2.7", 51'000},
      {"v1 IPv6", "PROXY TCP6 2001:db8::9 2001:db8::1 51000 443\r\n", "2001:db8::9", 51'000},
      {"v1 IPv6, written long", "PROXY TCP6 2001:0DB8:0:0:0:0:0:9 ::1 0 65535\r\n", "2001:db8::9",
       0},
      {"v1 the longest",
       "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
       "65535 65535\r\n",
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65'535},
      {"v1 UNKNOWN", "PROXY UNKNOWN\r\n", ""},
      {"v1 UNKNOWN with the rest of the line", "PROXY UNKNOWN ffff::1 whatever 1 2 3\r\n", ""},
      {"v2 IPv4", binary(0x21, 0x11, kV4), "192.0.2.7", 51'000},
      {"v2 IPv6", binary(0x21, 0x21, kV6), "2001:db8::9", 51'000},
      {"v2 LOCAL", binary(0x20, 0x00, ""), ""},
      {"v2 LOCAL with addresses, which are to be discarded", binary(0x20, 0x11, kV4), ""},
      {"v2 LOCAL with anything", binary(0x20, 0xff, "anything"), ""},
      {"v2 UNSPEC", binary(0x21, 0x00, ""), ""},
      {"v2 UNSPEC with bytes of its own", binary(0x21, 0x00, "mine"), ""},
      {"v2 UNIX", binary(0x21, 0x31, std::string(216, '/')), ""},
      {"v2 UDP over IPv4", binary(0x21, 0x12, kV4), ""},
      {"v2 with extensions",
       binary(0x21, 0x11, kV4 + tlv(4, "nothing") + tlv(0xe0, "") + tlv(2, "shop.example")),
       "192.0.2.7", 51'000},
      {"v2 with a checksum", with_checksum(kV4 + tlv(4, "pad"), true), "192.0.2.7", 51'000},
      {"v2 as long as it may be",
       binary(0x21, 0x11, kV4 + tlv(4, std::string(kProxyHeaderBytes - 16 - 12 - 3, 'x'))),
       "192.0.2.7", 51'000},
  };
  return rows;
}

TEST(ProxyProtocol, WhatItSaysOfTheClient) {
  for (const Good& row : good()) {
    const ProxyHeader header = parse_proxy_header(row.bytes + "GET / HTTP/1.1\r\n");
    ASSERT_EQ(header.state, State::Complete) << row.what << ": " << to_string(header.fault);
    EXPECT_EQ(header.bytes, row.bytes.size()) << row.what;
    EXPECT_EQ(header.client, row.client) << row.what;
    EXPECT_EQ(header.client_port, row.port) << row.what;
  }
}

TEST(ProxyProtocol, EveryBeginningOfAHeaderNeedsMore) {
  for (const Good& row : good()) {
    for (std::size_t size = 0; size < row.bytes.size(); ++size) {
      EXPECT_EQ(parse_proxy_header(row.bytes.substr(0, size)).state, State::NeedMore)
          << row.what << " cut at " << size;
    }
  }
}

TEST(ProxyProtocol, WhatIsNone) {
  struct Bad {
    std::string bytes;
    ProxyFault fault;
  };
  const std::vector<Bad> rows = {
      {"GET / HTTP/1.1\r\n\r\n", ProxyFault::Signature},
      {"G", ProxyFault::Signature},
      {"PROXYTCP4", ProxyFault::Signature},
      {"proxy TCP4 192.0.2.7 10.0.0.1 51000 443\r\n", ProxyFault::Signature},
      {"\x16\x03\x01", ProxyFault::Signature},
      {"\r\n\r\nGET /", ProxyFault::Signature},
      {"PROXY TCP5 192.0.2.7 10.0.0.1 51000 443\r\n", ProxyFault::Family},
      {"PROXY tcp4 192.0.2.7 10.0.0.1 51000 443\r\n", ProxyFault::Family},
      {"PROXY UNKNOWNS\r\n", ProxyFault::Family},
      {"PROXY \r\n", ProxyFault::Family},
      {"PROXY  TCP4 192.0.2.7 10.0.0.1 51000 443\r\n", ProxyFault::Family},
      {"PROXY TCP4 2001:db8::9 10.0.0.1 51000 443\r\n", ProxyFault::Address},
      {"PROXY TCP6 192.0.2.7 ::1 51000 443\r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.256 10.0.0.1 51000 443\r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.07 10.0.0.1 51000 443\r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.7  10.0.0.1 51000 443\r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.7 10.0.0.1 051000 443\r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.7 10.0.0.1 65536 443\r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.7 10.0.0.1 -1 443\r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.7 10.0.0.1 51000 443 \r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.7 10.0.0.1 51000\r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.7\r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.7 evil 51000 443\r\n", ProxyFault::Address},
      {"PROXY TCP4 192.0.2.7\0 10.0.0.1 51000 443\r\n"s, ProxyFault::Address},
      {"PROXY TCP4 192.0.2.7 10.0.0.1 51000 443\n" + std::string(80, 'x'), ProxyFault::Line},
      {"PROXY TCP4 192.0.2.7 10.0.0.1 51000 443\rX", ProxyFault::Line},
      {"PROXY UNKNOWN " + std::string(91, 'x') + "\r\n" + "x",
       ProxyFault::None},  // 107 bytes: still one
      {"PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", ProxyFault::Line},
      {"PROXY " + std::string(101, 'x'), ProxyFault::Line},
      {binary(0x11, 0x11, kV4), ProxyFault::Version},
      {kSignature + "\x31", ProxyFault::Version},
      {binary(0x22, 0x11, kV4), ProxyFault::Command},
      {binary(0x21, 0x41, kV4), ProxyFault::Family},
      {binary(0x21, 0x13, kV4), ProxyFault::Family},
      {binary(0x21, 0x11, kV4.substr(1)), ProxyFault::Address},
      {binary(0x21, 0x21, kV4), ProxyFault::Address},
      {binary(0x21, 0x31, kV4), ProxyFault::Address},
      {kSignature + "\x21\x11" + number(kProxyHeaderBytes - 15), ProxyFault::TooLong},
      {kSignature + "\x21\x11\xff\xff", ProxyFault::TooLong},
      {binary(0x21, 0x11, kV4 + "\x04"), ProxyFault::Extension},
      {binary(0x21, 0x11, kV4 + "\x04\x00"s), ProxyFault::Extension},
      {binary(0x21, 0x11, kV4 + "\x04\x00\x05"s + "four"), ProxyFault::Extension},
      {binary(0x21, 0x11, kV4 + tlv(3, "abc")), ProxyFault::Extension},
      {binary(0x21, 0x11, kV4 + tlv(3, "abcd")), ProxyFault::Checksum},
      {with_checksum(kV4, false), ProxyFault::Checksum},
  };
  for (const Bad& row : rows) {
    const ProxyHeader header = parse_proxy_header(row.bytes);
    EXPECT_EQ(header.state, row.fault == ProxyFault::None ? State::Complete : State::Malformed)
        << row.bytes;
    EXPECT_EQ(to_string(header.fault), to_string(row.fault)) << row.bytes;
    EXPECT_EQ(header.client, "") << row.bytes;
  }
}

}  // namespace
}  // namespace brink::edge
