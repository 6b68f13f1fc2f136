#pragma once
// A raw HTTP/1.1 client for the demo origin's tests: sends exactly these bytes, reads what comes.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "config/runtime/fields.h"

namespace brink::origin::demo_test {

struct Response {
  int status = 0;  // 0: there was none
  std::string head;
  std::string body;       // decoded from chunks
  bool complete = false;  // the framing's end was reached
  int chunks = 0;

  // The first line's value, or empty.
  std::string field(std::string_view name) const {
    std::string_view rest = head;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find("\r\n"));
      rest.remove_prefix(std::min(rest.size(), line.size() + 2));
      const std::size_t colon = line.find(':');
      if (colon != std::string_view::npos && iequals(line.substr(0, colon), name)) {
        return std::string(trim_ows(line.substr(colon + 1)));
      }
    }
    return {};
  }
};

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{30, 0};  // a test that hangs fails instead
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  // Whether the last read ended by RST.
  bool was_reset() const { return was_reset_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // More bytes into the buffer; false at the end.
  bool more() {
    char bytes[16 * 1024];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    was_reset_ = got < 0 && errno == ECONNRESET;
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  // What was received and not read yet; more() adds to it.
  const std::string& taken() const { return buffer_; }

  // Everything until the other side closes.
  std::string rest() {
    while (more()) {
    }
    return std::exchange(buffer_, {});
  }

  // The next response; `to_head` when it has no body whatever its fields say.
  Response read(bool to_head = false) {
    Response response;
    while (buffer_.find("\r\n\r\n") == std::string::npos) {
      if (!more()) return response;
    }
    const std::size_t end = buffer_.find("\r\n\r\n") + 4;
    response.head = buffer_.substr(0, end);
    buffer_.erase(0, end);
    const std::string_view code = std::string_view(response.head).substr(9, 3);
    std::from_chars(code.data(), code.data() + code.size(), response.status);
    const bool bodiless =
        to_head || response.status < 200 || response.status == 204 || response.status == 304;
    if (bodiless) {
      response.complete = true;
    } else if (response.field("Transfer-Encoding") == "chunked") {
      read_chunks(response);
    } else {
      read_length(response);
    }
    return response;
  }

  Response get(std::string_view target, std::string_view fields = "",
               std::string_view method = "GET") {
    send(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: shop.test\r\n" +
         std::string(fields) + "\r\n");
    return read(method == "HEAD");
  }

  Response post(std::string_view target, std::string_view body, std::string_view method = "POST") {
    send(std::string(method) + " " + std::string(target) +
         " HTTP/1.1\r\nHost: shop.test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body));
    return read();
  }

 private:
  void read_length(Response& response) {
    std::size_t length = 0;
    const std::string text = response.field("Content-Length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    while (buffer_.size() < length && more()) {
    }
    response.complete = !text.empty() && buffer_.size() >= length;
    response.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
  }

  void read_chunks(Response& response) {
    while (true) {
      while (buffer_.find("\r\n") == std::string::npos) {
        if (!more()) return;
      }
      std::size_t size = 0;
      std::from_chars(buffer_.data(), buffer_.data() + buffer_.size(), size, 16);
      const std::size_t begin = buffer_.find("\r\n") + 2;
      while (buffer_.size() < begin + size + 2) {
        if (!more()) return;
      }
      response.body += buffer_.substr(begin, size);
      buffer_.erase(0, begin + size + 2);
      if (size == 0) break;
      ++response.chunks;
    }
    response.complete = true;
  }

  int socket_;
  bool connected_ = false;
  bool was_reset_ = false;
  std::string buffer_;
};

}  // namespace brink::origin::demo_test
