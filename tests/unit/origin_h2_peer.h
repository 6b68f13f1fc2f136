#pragma once
// Just enough of an HTTP/2 server to answer libcurl, frame by frame (RFC 9113 §4, §6).

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "tests/unit/origin_scripted_server.h"

namespace brink::test {

class H2Peer {
 public:
  enum Type : std::uint8_t {
    kData = 0,
    kHeaders = 1,
    kReset = 3,
    kSettings = 4,
    kPing = 6,
    kGoAway = 7
  };
  static constexpr std::uint8_t kEndStream = 1;
  static constexpr std::uint8_t kEndHeaders = 4;

  explicit H2Peer(Connection& connection) : c_(connection) {}

  // The preface and our settings.
  bool begin() {
    if (c_.read_exactly(24) != "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") return false;
    return frame(kSettings, 0, 0, "");
  }

  // The stream of the next request that is complete, its body in body(); 0 at the end of the
  // connection.
  std::uint32_t next_request() {
    body_.clear();
    for (;;) {
      const std::string head = c_.read_exactly(9);
      if (head.empty()) return 0;
      const std::uint32_t size = number(head, 0, 3);
      const auto type = static_cast<std::uint8_t>(head[3]);
      const auto flags = static_cast<std::uint8_t>(head[4]);
      const std::uint32_t stream = number(head, 5, 4) & 0x7fffffffU;
      const std::string payload = c_.read_exactly(size);
      if (type == kSettings && !(flags & 1)) frame(kSettings, 1, 0, "");
      if (type == kPing && !(flags & 1)) frame(kPing, 1, 0, payload);
      if (type == kData) body_ += payload;
      if ((type == kHeaders || type == kData) && (flags & kEndStream)) return stream;
    }
  }
  const std::string& body() const { return body_; }

  bool headers(std::uint32_t stream, int status, bool end,
               std::initializer_list<std::pair<std::string_view, std::string_view>> fields = {}) {
    std::string block;
    literal(block, ":status", std::to_string(status));
    for (const auto& [name, value] : fields)
      literal(block, name, value);
    return frame(kHeaders, static_cast<std::uint8_t>(kEndHeaders | (end ? kEndStream : 0)), stream,
                 block);
  }
  bool trailers(std::uint32_t stream) {
    std::string block;
    literal(block, "x-late", "1");
    return frame(kHeaders, kEndHeaders | kEndStream, stream, block);
  }
  bool data(std::uint32_t stream, std::string_view bytes, bool end) {
    while (bytes.size() > 16'384) {
      if (!frame(kData, 0, stream, bytes.substr(0, 16'384))) return false;
      bytes.remove_prefix(16'384);
    }
    return frame(kData, end ? kEndStream : 0, stream, bytes);
  }
  bool reset(std::uint32_t stream, std::uint8_t code) {
    return frame(kReset, 0, stream, std::string(3, '\0') + static_cast<char>(code));
  }
  bool go_away(std::uint8_t last_stream) {
    return frame(kGoAway, 0, 0,
                 std::string(3, '\0') + static_cast<char>(last_stream) + std::string(4, '\0'));
  }
  bool answer(std::uint32_t stream, std::string_view body) {
    return headers(stream, 200, false, {{"content-length", std::to_string(body.size())}}) &&
           data(stream, body, true);
  }
  // Answers as many requests as come, each with this.
  void answer_all(std::string_view body) {
    if (!begin()) return;
    while (const std::uint32_t stream = next_request()) {
      if (!answer(stream, body)) return;
    }
  }

 private:
  static std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t n = 0;
    for (const char c : bytes.substr(at, size))
      n = n << 8U | static_cast<unsigned char>(c);
    return n;
  }
  // Literal field without indexing, not Huffman-coded (RFC 7541 §6.2.2).
  static void literal(std::string& block, std::string_view name, std::string_view value) {
    block.push_back('\0');
    block.push_back(static_cast<char>(name.size()));
    block.append(name).push_back(static_cast<char>(value.size()));
    block.append(value);
  }
  bool frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
             std::string_view payload) {
    std::string bytes;
    for (const unsigned shift : {16U, 8U, 0U})
      bytes.push_back(static_cast<char>(payload.size() >> shift & 0xffU));
    bytes.push_back(static_cast<char>(type));
    bytes.push_back(static_cast<char>(flags));
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      bytes.push_back(static_cast<char>(stream >> shift & 0xffU));
    return c_.write(bytes.append(payload));
  }

  Connection& c_;
  std::string body_;
};

}  // namespace brink::test
