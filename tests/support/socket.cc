#include "tests/support/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace brink::tests {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool bind_to(int fd, std::uint16_t port) {
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool wait_for(int fd, short events, Millis limit) {
  pollfd watched{fd, events, 0};
  const Ticks end = SystemClock().ticks() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(end - SystemClock().ticks());
    const int n = ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

}  // namespace

std::string_view to_string(Io io) {
  switch (io) {
    case Io::Ok:
      return "ok";
    case Io::Closed:
      return "closed";
    case Io::Reset:
      return "reset";
    case Io::TimedOut:
      return "timed out";
  }
  return "?";
}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.fd_.exchange(-1);
  }
  return *this;
}

Socket Socket::connect(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return Socket();
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return Socket(fd);
}

Io Socket::read_some(std::string& into, Millis limit) {
  if (!is_open()) return Io::Closed;
  if (!wait_for(fd_, POLLIN, limit)) return Io::TimedOut;
  std::array<char, kReadBytes> buffer;
  const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n > 0) into.append(buffer.data(), static_cast<std::size_t>(n));
  if (n > 0) return Io::Ok;
  return n == 0 ? Io::Closed : Io::Reset;
}

Io Socket::write_all(std::string_view bytes, Millis limit) {
  if (!is_open()) return Io::Closed;
  while (!bytes.empty()) {
    if (!wait_for(fd_, POLLOUT, limit)) return Io::TimedOut;
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return Io::Reset;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Io::Ok;
}

bool Socket::readable(Millis limit) {
  return is_open() && wait_for(fd_, POLLIN, limit);
}

void Socket::shutdown_write() {
  if (is_open()) ::shutdown(fd_, SHUT_WR);
}

void Socket::close() {
  const std::lock_guard lock(closing_);
  const int fd = fd_.exchange(-1);
  if (fd >= 0) ::close(fd);
}

void Socket::reset() {
  const linger at_once{1, 0};
  if (is_open()) ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Socket::interrupt() {
  const std::lock_guard lock(closing_);
  if (is_open()) ::shutdown(fd_, SHUT_RDWR);
}

Listener::Listener() {
  reserved_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!bind_to(reserved_, 0)) return;
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getsockname(reserved_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
}

Listener::~Listener() {
  close();
  if (reserved_ >= 0) ::close(reserved_);
}

bool Listener::open() {
  if (fd_ >= 0) return true;
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (port_ != 0 && bind_to(fd_, port_) && ::listen(fd_, SOMAXCONN) == 0) return true;
  close();
  return false;
}

void Listener::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Listener::interrupt() {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

std::optional<Socket> Listener::accept(Millis limit) {
  if (fd_ < 0 || !wait_for(fd_, POLLIN, limit)) return std::nullopt;
  const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return std::optional<Socket>(std::in_place, fd);
}

}  // namespace brink::tests
