#pragma once
// The byte stream of one client connection: TCP, or TLS over it.

#include <sys/uio.h>

#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/options.h"
#include "edge/asio.h"

namespace brink::edge {

struct IoResult {
  error_code error;
  std::size_t bytes = 0;
};

// One reader and one writer at a time. cancel() makes both end with operation_aborted.
class ClientStream {
 public:
  virtual ~ClientStream() = default;
  virtual Awaitable<IoResult> handshake() = 0;  // nothing on TCP
  virtual std::string_view alpn() const = 0;    // the protocol agreed on; empty = none
  virtual Awaitable<IoResult> read_some(char* into, std::size_t size) = 0;
  // Some bytes of `parts`, at least one.
  virtual Awaitable<IoResult> write_some(std::span<const iovec> parts) = 0;
  // What can be written without waiting: the bytes taken, or -1 for "not now". Who is told less than he has must come with the
  // rest of the same bytes to write_some(): over TLS they may be encrypted already.
  virtual ssize_t try_write(std::span<const iovec> parts) noexcept = 0;
  // No more will be written; the client may go on sending.
  virtual void end_writing() = 0;
  // The same, and reads on for a while: closing now would reset the connection under what was written (RFC 9112 §9.6). Until the
  // client ends, `most` bytes have come, or cancel().
  Awaitable<void> linger(std::size_t most);
  virtual Socket& socket() = 0;
  virtual bool is_tls() const = 0;
  void cancel();
  // Ends the connection; with `reset`, the client can tell that the response was not whole.
  void close(bool reset);

 protected:
  // How often cancel() was called: an operation of several steps ends if that has changed between two of them.
  std::uint32_t cancels_ = 0;
};

std::unique_ptr<ClientStream> make_plain_stream(Socket socket);
std::unique_ptr<ClientStream> make_tls_stream(Socket socket, std::shared_ptr<net::ssl::context> context);

// Drops the first `bytes` of a list of parts; returns what is left of it.
std::span<iovec> skip_bytes(std::span<iovec> parts, std::size_t bytes);

}  // namespace brink::edge
