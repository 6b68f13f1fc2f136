#include "edge/proxy_greeting.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace brink::edge {
namespace {

// What has arrived, without taking it; 0 at the end of the connection, -1 when there is nothing yet.
ssize_t peek(Socket& socket, char* into, std::size_t size) {
  ssize_t n = 0;
  do {
    n = ::recv(socket.native_handle(), into, size, MSG_PEEK | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  return n < 0 && errno != EAGAIN && errno != EWOULDBLOCK ? 0 : n;
}

// Takes what peek() has shown already.
bool take(Socket& socket, char* into, std::size_t size) {
  return size == 0 || ::recv(socket.native_handle(), into, size, MSG_DONTWAIT) == static_cast<ssize_t>(size);
}

}  // namespace

Awaitable<ProxyHeader> read_proxy_header(Socket& socket) {
  std::array<char, kProxyHeaderBytes> buffer;
  for (std::size_t taken = 0;;) {
    const auto [error] = co_await socket.async_wait(Socket::wait_read, kAwait);
    if (error) co_return ProxyHeader{};
    const ssize_t seen = peek(socket, buffer.data() + taken, buffer.size() - taken);
    if (seen == 0) co_return ProxyHeader{};
    if (seen < 0) continue;
    const std::size_t size = taken + static_cast<std::size_t>(seen);
    const ProxyHeader header = parse_proxy_header({buffer.data(), size});
    if (header.state == ProxyHeader::State::Malformed) co_return header;
    const bool whole = header.state == ProxyHeader::State::Complete;
    // All that is there belongs to a header that goes on.
    if (!take(socket, buffer.data() + taken, (whole ? header.bytes : size) - taken)) co_return ProxyHeader{};
    if (whole) co_return header;
    taken = size;
  }
}

}  // namespace brink::edge
