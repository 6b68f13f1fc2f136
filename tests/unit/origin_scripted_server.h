#pragma once
// An upstream that does what a test says, byte by byte: each accepted connection runs the script on
// a thread of its own.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "config/runtime/error.h"

namespace brink::test {

// The server's end of one connection. Everything fails quietly once the peer or the server has
// gone.
class Connection {
 public:
  Connection(int fd, int index) : fd_(fd), index_(index) {}
  ~Connection() {
    SSL_free(ssl_);
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::close(fd_);
  }
  int index() const { return index_; }  // 0 = the first that was accepted
  int fd() const { return fd_; }

  // The server's side of a TLS handshake; everything after it is inside. False when it failed.
  bool start_tls(SSL_CTX* context) {
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    return SSL_accept(ssl_) == 1;
  }
  std::string server_name() const {  // from the handshake
    const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name ? name : "";
  }

  // A request head with its empty line; empty when the peer closed instead.
  std::string read_head() { return read_until("\r\n\r\n"); }
  std::string read_until(std::string_view mark) {
    for (;;) {
      if (const auto at = kept_.find(mark); at != std::string::npos) return take(at + mark.size());
      if (!fill()) return {};
    }
  }
  std::string read_exactly(std::size_t size) {
    while (kept_.size() < size) {
      if (!fill()) return {};
    }
    return take(size);
  }
  // The peer's half is read to its end.
  void read_to_end() {
    while (fill())
      kept_.clear();
  }
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void close_tls() {  // orderly, with an alert
    if (ssl_) SSL_shutdown(ssl_);
  }
  // Answers as many requests as come, each with this.
  void answer_all(std::string_view response) {
    while (!read_head().empty()) {
      if (!write(response)) return;
    }
  }
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    const std::lock_guard lock(mutex_);
    ::close(fd_);
    fd_ = -1;
  }
  void cut() {  // from another thread: the script's reads and writes end
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  }

 private:
  bool fill() {
    char bytes[16 * 1024];
    const ssize_t n =
        ssl_ ? SSL_read(ssl_, bytes, sizeof bytes) : ::recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    kept_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  std::string take(std::size_t size) {
    std::string taken = kept_.substr(0, size);
    kept_.erase(0, size);
    return taken;
  }

  std::mutex mutex_;  // closing against cut()
  int fd_;
  const int index_;
  SSL* ssl_ = nullptr;
  std::string kept_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Connection&)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to whoever has gone
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(::listen(listener_, 256) == 0);
    CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  // Answers every request with `response`.
  explicit ScriptedServer(std::string response)
      : ScriptedServer([response](Connection& c) { c.answer_all(response); }) {}
  ~ScriptedServer() { stop(); }

  // Cuts every connection and refuses new ones.
  void stop() {
    if (stopped_.exchange(true)) return;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (const auto& connection : connections_)
      connection->cut();
    for (std::thread& thread : threads_)
      thread.join();
  }
  int accepted() const { return accepted_; }
  std::uint16_t port() const { return port_; }
  std::string url(std::string_view scheme = "http") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_);
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      if (stopped_) {
        ::close(fd);
        return;
      }
      const int one = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      auto& connection = connections_.emplace_back(std::make_unique<Connection>(fd, accepted_++));
      threads_.emplace_back([this, c = connection.get()] {
        script_(*c);
        c->cut();
      });
    }
  }

  const Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopped_{false};
  std::atomic<int> accepted_{0};
  std::vector<std::unique_ptr<Connection>> connections_;  // the acceptor's, then stop()'s
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A URL that nobody listens on: the port was free a moment ago.
inline std::string refused_url() {
  ScriptedServer gone("");
  return gone.url();
}

inline std::string ok(std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace brink::test
