#include "edge/client_stream.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace brink::edge {
namespace {

class PlainStream final : public ClientStream {
 public:
  explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}

  Awaitable<IoResult> handshake() override { co_return IoResult{}; }

  Awaitable<IoResult> read_some(char* into, std::size_t size) override {
    auto [error, n] = co_await socket_.async_read_some(net::buffer(into, size), kAwait);
    co_return IoResult{error, n};
  }

  Awaitable<IoResult> write_some(std::span<const iovec> parts) override {
    for (const std::uint32_t before = cancels_;;) {
      const ssize_t n = try_write(parts);
      if (n >= 0) co_return IoResult{{}, static_cast<std::size_t>(n)};
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        co_return IoResult{error_code(errno, boost::system::system_category()), 0};
      }
      auto [error] = co_await socket_.async_wait(Socket::wait_write, kAwait);
      if (error) co_return IoResult{error, 0};
      if (cancels_ != before) co_return IoResult{net::error::operation_aborted, 0};
    }
  }

  ssize_t try_write(std::span<const iovec> parts) noexcept override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg does not write to it
    message.msg_iovlen = parts.size();
    ssize_t n = 0;
    do {
      n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return n;
  }

  void end_writing() override {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }

  std::string_view alpn() const override { return {}; }
  Socket& socket() override { return socket_; }
  bool is_tls() const override { return false; }

 private:
  Socket socket_;
};

}  // namespace

void ClientStream::cancel() {
  ++cancels_;
  error_code ignored;
  socket().cancel(ignored);
}

Awaitable<void> ClientStream::linger(std::size_t most) {
  end_writing();
  std::array<char, 4096> ignored;
  for (std::size_t total = 0; total < most;) {
    auto [error, n] = co_await socket().async_read_some(net::buffer(ignored), kAwait);
    if (error) co_return;
    total += n;
  }
}

void ClientStream::close(bool reset) {
  error_code ignored;
  if (reset) {
    socket().set_option(net::socket_base::linger(true, 0), ignored);
  } else {
    end_writing();
    socket().shutdown(Socket::shutdown_both, ignored);
  }
  socket().close(ignored);
}

std::unique_ptr<ClientStream> make_plain_stream(Socket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

std::span<iovec> skip_bytes(std::span<iovec> parts, std::size_t bytes) {
  while (!parts.empty() && bytes >= parts.front().iov_len) {
    bytes -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (!parts.empty()) {
    parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + bytes;
    parts.front().iov_len -= bytes;
  }
  return parts;
}

}  // namespace brink::edge
