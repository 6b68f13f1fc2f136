#include "tests/support/tls_socket.h"

#include <openssl/err.h>

#include <array>

namespace brink::tests {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;
constexpr Millis kGoodbyeLimit{100};  // for the end of a connection that nobody may read any more

}  // namespace

TlsSocket::TlsSocket(Socket socket)
    : socket_(std::move(socket)),
      context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
      ssl_(SSL_new(context_.get()), &SSL_free),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())) {
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_connect_state(ssl_.get());
}

std::unique_ptr<TlsSocket> TlsSocket::connect(std::uint16_t port, const std::string& alpn,
                                              Millis limit, std::string& message) {
  std::unique_ptr<TlsSocket> made(new TlsSocket(Socket::connect(port)));
  if (!made->is_open()) {
    message = "nobody listens at 127.0.0.1:" + std::to_string(port);
    return nullptr;
  }
  if (!made->handshake(alpn, limit, message)) return nullptr;
  return made;
}

bool TlsSocket::handshake(const std::string& alpn, Millis limit, std::string& message) {
  const std::string offered = static_cast<char>(alpn.size()) + alpn;
  SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                      static_cast<unsigned int>(offered.size()));
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    if (done == 1) break;
    const Io io = fill(SSL_get_error(ssl_.get(), done), limit);
    if (io == Io::Ok) continue;
    const char* why = ERR_reason_error_string(ERR_peek_error());
    message = "TLS handshake: " + std::string(why != nullptr ? why : to_string(io));
    return false;
  }
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  const std::string chosen(reinterpret_cast<const char*>(name), size);
  if (chosen != alpn) message = "the server chose '" + chosen + "' by ALPN, not " + alpn;
  return chosen == alpn && flush(limit) == Io::Ok;
}

Io TlsSocket::flush(Millis limit) {
  std::array<char, kRecordBytes> buffer;
  for (;;) {
    const int n = BIO_read(out_, buffer.data(), static_cast<int>(buffer.size()));
    if (n <= 0) return Io::Ok;
    const Io io = socket_.write_all({buffer.data(), static_cast<std::size_t>(n)}, limit);
    if (io != Io::Ok) return io;
  }
}

Io TlsSocket::fill(int error, Millis limit) {
  static_cast<void>(flush(limit));
  if (error == SSL_ERROR_ZERO_RETURN) return Io::Closed;
  if (error != SSL_ERROR_WANT_READ) return Io::Reset;
  std::string bytes;
  const Io io = socket_.read_some(bytes, limit);
  if (io == Io::Ok) BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  return io == Io::Closed ? Io::Reset : io;
}

Io TlsSocket::read_some(std::string& into, Millis limit) {
  if (!is_open()) return Io::Closed;
  std::array<char, kRecordBytes> buffer;
  for (;;) {
    ERR_clear_error();
    const int n = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (n > 0) into.append(buffer.data(), static_cast<std::size_t>(n));
    if (n > 0) return Io::Ok;
    const Io io = fill(SSL_get_error(ssl_.get(), n), limit);
    if (io != Io::Ok) return io;
  }
}

Io TlsSocket::write_all(std::string_view bytes, Millis limit) {
  if (!is_open()) return Io::Closed;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kRecordBytes);
    ERR_clear_error();
    const int n = SSL_write(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    if (n <= 0) return Io::Reset;
    const Io io = flush(limit);
    if (io != Io::Ok) return io;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Io::Ok;
}

void TlsSocket::shutdown_write() {
  SSL_shutdown(ssl_.get());
  static_cast<void>(flush(kGoodbyeLimit));
}

void TlsSocket::close() {
  if (is_open()) shutdown_write();
  socket_.close();
}

}  // namespace brink::tests
