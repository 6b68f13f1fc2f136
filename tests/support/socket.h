#pragma once
// Loopback TCP with a time limit on every wait: what test clients and scripted servers are made of.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/transport.h"

namespace brink::tests {

// One connection. Used by one thread; only interrupt() may come from another.
class Socket final : public Transport {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(other.fd_.exchange(-1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() override { close(); }

  // To 127.0.0.1. An unopened socket when nobody listens there.
  static Socket connect(std::uint16_t port);

  bool is_open() const override { return fd_.load() >= 0; }
  Io read_some(std::string& into, Millis limit) override;
  Io write_all(std::string_view bytes, Millis limit) override;
  // Is there something to read (or an end to be seen) within `limit`?
  bool readable(Millis limit);
  void shutdown_write() override;
  void close() override;
  void reset() override;
  // Wakes a thread that waits in read_some() or write_all(): they see the end of the connection.
  void interrupt();

 private:
  std::atomic<int> fd_{-1};
  std::mutex
      closing_;  // so that interrupt() never touches a number that was given to somebody else
};

// A listening port of 127.0.0.1. The port stays reserved while closed, so that connecting is
// refused and the same port can be opened again.
class Listener {
 public:
  Listener();
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return port_; }
  // False when the port cannot be had.
  bool open();
  // Connections that wait unaccepted are refused too. REQUIRES: no thread is in accept().
  void close();
  // Empty after `limit`, or when closed or interrupted.
  std::optional<Socket> accept(Millis limit);
  // Wakes the thread in accept(); from now on connecting is refused. close() must follow.
  void interrupt();

 private:
  int reserved_ = -1;
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace brink::tests
