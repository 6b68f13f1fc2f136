#pragma once
// TLS over a Socket, as a client that trusts whom it meets: what is tested is what is said inside.

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "tests/support/socket.h"

namespace brink::tests {

class TlsSocket final : public Transport {
 public:
  // To 127.0.0.1. Null, and why, when nobody listens there, the handshake fails, or the server does
  // not choose `alpn` ("h2", "http/1.1"), the one protocol that is offered.
  static std::unique_ptr<TlsSocket> connect(std::uint16_t port, const std::string& alpn,
                                            Millis limit, std::string& message);
  ~TlsSocket() override { close(); }

  bool is_open() const override { return socket_.is_open(); }
  // An end without TLS's own (close_notify) is a Reset.
  Io read_some(std::string& into, Millis limit) override;
  Io write_all(std::string_view bytes, Millis limit) override;
  void shutdown_write() override;
  void close() override;
  void reset() override { socket_.reset(); }

 private:
  explicit TlsSocket(Socket socket);
  bool handshake(const std::string& alpn, Millis limit, std::string& message);
  // What TLS has to say goes out …
  Io flush(Millis limit);
  // … and more comes in, after SSL_get_error() said `error`.
  Io fill(int error, Millis limit);

  Socket socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  BIO* in_;   // ssl_'s
  BIO* out_;  // ssl_'s
};

}  // namespace brink::tests
