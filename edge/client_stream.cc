#include "edge/client_stream.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/ssl/stream.hpp>
#include <cstring>

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
    for (;;) {
      const ssize_t n = try_write(parts);
      if (n >= 0) co_return IoResult{{}, static_cast<std::size_t>(n)};
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        co_return IoResult{error_code(errno, boost::system::system_category()), 0};
      }
      auto [error] = co_await socket_.async_wait(Socket::wait_write, kAwait);
      if (error) co_return IoResult{error, 0};
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

  Socket& socket() override { return socket_; }
  bool is_tls() const override { return false; }

 private:
  Socket socket_;
};

class TlsStream final : public ClientStream {
 public:
  TlsStream(Socket socket, std::shared_ptr<net::ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {}

  Awaitable<IoResult> handshake() override {
    auto [error] = co_await stream_.async_handshake(net::ssl::stream_base::server, kAwait);
    co_return IoResult{error, 0};
  }

  Awaitable<IoResult> read_some(char* into, std::size_t size) override {
    auto [error, n] = co_await stream_.async_read_some(net::buffer(into, size), kAwait);
    co_return IoResult{error, n};
  }

  // Small parts are put together: one TLS record for head and body of a small response.
  Awaitable<IoResult> write_some(std::span<const iovec> parts) override {
    net::const_buffer first(parts[0].iov_base, parts[0].iov_len);
    if (parts[0].iov_len < record_.size() && parts.size() > 1) {
      std::size_t size = 0;
      for (const iovec& part : parts) {
        const std::size_t n = std::min(part.iov_len, record_.size() - size);
        std::memcpy(record_.data() + size, part.iov_base, n);
        size += n;
      }
      first = net::buffer(record_.data(), size);
    }
    auto [error, n] = co_await stream_.async_write_some(first, kAwait);
    co_return IoResult{error, n};
  }

  ssize_t try_write(std::span<const iovec>) noexcept override {
    errno = EAGAIN;
    return -1;
  }

  Socket& socket() override { return stream_.next_layer(); }
  bool is_tls() const override { return true; }

 private:
  std::shared_ptr<net::ssl::context> context_;
  net::ssl::stream<Socket> stream_;
  std::array<char, 16 * 1024> record_;
};

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                unsigned int in_length, void*) noexcept {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  const int found = SSL_select_next_proto(const_cast<unsigned char**>(out), out_length, kHttp11, sizeof kHttp11, in,
                                          in_length);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

void ClientStream::cancel() {
  error_code ignored;
  socket().cancel(ignored);
}

void ClientStream::close(bool reset) {
  error_code ignored;
  if (reset) {
    socket().set_option(net::socket_base::linger(true, 0), ignored);
  } else {
    socket().shutdown(Socket::shutdown_both, ignored);
  }
  socket().close(ignored);
}

std::unique_ptr<ClientStream> make_plain_stream(Socket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

std::unique_ptr<ClientStream> make_tls_stream(Socket socket, std::shared_ptr<net::ssl::context> context) {
  return std::make_unique<TlsStream>(std::move(socket), std::move(context));
}

std::shared_ptr<net::ssl::context> make_tls_context(const config::TlsOptions& options, std::string& message) {
  auto context = std::make_shared<net::ssl::context>(net::ssl::context::tls_server);
  SSL_CTX* raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_alpn_select_cb(raw, select_alpn, nullptr);
  error_code error;
  context->use_certificate_chain_file(options.certificate, error);
  if (error) {
    message = "cannot use the certificate " + options.certificate + ": " + error.message();
    return nullptr;
  }
  context->use_private_key_file(options.key, net::ssl::context::pem, error);
  if (error) {
    message = "cannot use the key " + options.key + ": " + error.message();
    return nullptr;
  }
  return context;
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
