// TLS over a client's socket. OpenSSL works on memory here: what it has to say collects in one buffer, so that many records leave in
// one system call, and a write that need not wait is no suspension.

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "config/freer.h"
#include "edge/client_stream.h"
#include "edge/tls_context.h"

namespace brink::edge {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;   // RFC 8446 §5.1
constexpr std::size_t kBatchBytes = 128 * 1024;   // of plain text before the socket gets it
constexpr std::size_t kKeptBytes = 32 * 1024;     // of an empty buffer

class TlsStream final : public ClientStream {
 public:
  TlsStream(Socket socket, std::shared_ptr<net::ssl::context> context);
  Awaitable<IoResult> handshake() override;
  Awaitable<IoResult> read_some(char* into, std::size_t size) override;
  Awaitable<IoResult> write_some(std::span<const iovec> parts) override;
  ssize_t try_write(std::span<const iovec> parts) noexcept override;
  void end_writing() override;
  std::string_view alpn() const override;
  Socket& socket() override { return socket_; }
  bool is_tls() const override { return true; }

 private:
  static const BIO_METHOD* method();
  static int bio_read(BIO* bio, char* into, int size) noexcept;
  static int bio_write(BIO* bio, const char* bytes, int size) noexcept;
  static long bio_control(BIO*, int command, long, void*) noexcept { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  ssize_t encrypt(std::span<const iovec> parts) noexcept;
  bool send_some() noexcept;
  Awaitable<IoResult> flush();
  Awaitable<IoResult> wait_readable();

  std::shared_ptr<net::ssl::context> context_;
  Socket socket_;
  std::unique_ptr<SSL, config::Freer<SSL_free>> ssl_;
  std::string out_;            // ciphertext, sent up to …
  std::size_t out_sent_ = 0;
  std::size_t owed_ = 0;       // plain bytes that were encrypted, and not reported as taken yet
};

TlsStream::TlsStream(Socket socket, std::shared_ptr<net::ssl::context> context)
    : context_(std::move(context)), socket_(std::move(socket)), ssl_(SSL_new(context_->native_handle())) {
  BIO* bio = BIO_new(method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_read_ahead(ssl_.get(), 1);
  SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_set_accept_state(ssl_.get());
}

const BIO_METHOD* TlsStream::method() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "client socket");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return kMethod;
}

int TlsStream::bio_read(BIO* bio, char* into, int size) noexcept {
  auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  ssize_t n = 0;
  do {
    n = ::recv(self->socket_.native_handle(), into, static_cast<std::size_t>(size), MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_read(bio);
  return static_cast<int>(n);
}

int TlsStream::bio_write(BIO* bio, const char* bytes, int size) noexcept {
  auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self->out_.append(bytes, static_cast<std::size_t>(size));
  return size;
}

// Hands ciphertext to the socket as far as it takes it. False: the connection is gone.
bool TlsStream::send_some() noexcept {
  while (out_sent_ < out_.size()) {
    const ssize_t n = ::send(socket_.native_handle(), out_.data() + out_sent_, out_.size() - out_sent_,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    out_sent_ += static_cast<std::size_t>(n);
  }
  out_.clear();
  out_sent_ = 0;
  if (out_.capacity() > kKeptBytes) out_.shrink_to_fit();
  return true;
}

// Reader and writer may both be here: no pointer is kept over a wait.
Awaitable<IoResult> TlsStream::flush() {
  for (const std::uint32_t before = cancels_;;) {
    if (cancels_ != before) co_return IoResult{net::error::operation_aborted, 0};
    if (!send_some()) co_return IoResult{net::error::connection_reset, 0};
    if (out_.empty()) co_return IoResult{};
    auto [error] = co_await socket_.async_wait(Socket::wait_write, kAwait);
    if (error) co_return IoResult{error, 0};
  }
}

// What OpenSSL has to say comes first: the client may be waiting for it.
Awaitable<IoResult> TlsStream::wait_readable() {
  const IoResult flushed = co_await flush();
  if (flushed.error) co_return flushed;
  auto [error] = co_await socket_.async_wait(Socket::wait_read, kAwait);
  co_return IoResult{error, 0};
}

Awaitable<IoResult> TlsStream::handshake() {
  for (const std::uint32_t before = cancels_;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    if (done == 1) break;
    const int why = SSL_get_error(ssl_.get(), done);
    const TlsFailure failure = why == SSL_ERROR_SSL ? tls_failure_of(ERR_peek_error()) : TlsFailure::ClientLeft;
    const IoResult waited = why == SSL_ERROR_WANT_READ ? co_await wait_readable() : co_await flush();  // … an alert
    const bool is_late = waited.error == net::error::operation_aborted || cancels_ != before;
    if (why == SSL_ERROR_WANT_READ && !waited.error && !is_late) continue;
    count_handshake_failed(ssl_.get(), is_late ? TlsFailure::Timeout : failure);
    co_return IoResult{net::error::connection_aborted, 0};
  }
  count_handshake_done(ssl_.get());
  co_return co_await flush();
}

Awaitable<IoResult> TlsStream::read_some(char* into, std::size_t size) {
  for (const std::uint32_t before = cancels_;;) {
    if (cancels_ != before) co_return IoResult{net::error::operation_aborted, 0};
    ERR_clear_error();
    std::size_t n = 0;
    const int done = SSL_read_ex(ssl_.get(), into, size, &n);
    if (done == 1) co_return IoResult{{}, n};
    const int why = SSL_get_error(ssl_.get(), done);
    if (why == SSL_ERROR_ZERO_RETURN) co_return IoResult{net::error::eof, 0};
    if (why != SSL_ERROR_WANT_READ) {
      send_some();
      co_return IoResult{net::error::connection_reset, 0};
    }
    const IoResult waited = co_await wait_readable();
    if (waited.error) co_return waited;
  }
}

// Records of up to 16 KiB; small parts are put together, so that head and body of a small response are one. Returns the plain bytes
// taken, at most a batch; -1: the connection cannot go on.
ssize_t TlsStream::encrypt(std::span<const iovec> parts) noexcept {
  static thread_local char record[kRecordBytes];
  std::size_t taken = 0, filled = 0;
  const auto seal = [&](const char* bytes, std::size_t size) {
    std::size_t n = 0;
    ERR_clear_error();
    return SSL_write_ex(ssl_.get(), bytes, size, &n) == 1;
  };
  for (const iovec& part : parts) {
    const char* at = static_cast<const char*>(part.iov_base);
    for (std::size_t left = part.iov_len; left > 0;) {
      if (filled == 0 && left >= kRecordBytes) {
        if (!seal(at, kRecordBytes)) return -1;
        at += kRecordBytes, left -= kRecordBytes, taken += kRecordBytes;
      } else {
        const std::size_t n = std::min(left, kRecordBytes - filled);
        std::memcpy(record + filled, at, n);
        at += n, left -= n, taken += n, filled += n;
        if (filled == kRecordBytes && !seal(record, std::exchange(filled, 0))) return -1;
      }
      if (taken >= kBatchBytes) break;
    }
    if (taken >= kBatchBytes) break;
  }
  if (filled > 0 && !seal(record, filled)) return -1;
  return static_cast<ssize_t>(taken);
}

Awaitable<IoResult> TlsStream::write_some(std::span<const iovec> parts) {
  std::size_t taken = std::exchange(owed_, 0);
  if (taken == 0) {
    const ssize_t n = encrypt(parts);
    if (n < 0) co_return IoResult{net::error::connection_aborted, 0};
    taken = static_cast<std::size_t>(n);
  }
  IoResult flushed = co_await flush();
  flushed.bytes = taken;
  co_return flushed;
}

ssize_t TlsStream::try_write(std::span<const iovec> parts) noexcept {
  errno = EAGAIN;
  if (!out_.empty() || owed_ > 0) return -1;
  const ssize_t taken = encrypt(parts);
  if (taken < 0) {
    errno = ECONNABORTED;
    return -1;
  }
  if (send_some() && out_.empty()) return taken;
  owed_ = static_cast<std::size_t>(taken);
  return 0;
}

// As far as it goes without waiting: nobody waits for a close_notify.
void TlsStream::end_writing() {
  if (SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    send_some();
  }
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

std::string_view TlsStream::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

}  // namespace

std::unique_ptr<ClientStream> make_tls_stream(Socket socket, std::shared_ptr<net::ssl::context> context) {
  return std::make_unique<TlsStream>(std::move(socket), std::move(context));
}

}  // namespace brink::edge
