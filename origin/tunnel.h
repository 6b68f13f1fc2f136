#pragma once
// A raw connection to a server for Upgrade (RFC 9110 §7.8): connect, then bytes both ways. No
// pooling.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string_view>

#include "config/runtime/clock.h"
#include "config/runtime/error.h"
#include "origin/server_group.h"

namespace brink::origin {

// One connected byte stream, plain or TLS. One reader and one writer at a time. Destroyed only when
// neither is under way: close() first and let both come back.
class RawStream {
 public:
  virtual ~RawStream() = default;
  // 0 at the peer's end.
  virtual boost::asio::awaitable<Result<std::size_t>> read_some(char* into, std::size_t size) = 0;
  virtual boost::asio::awaitable<Result<std::size_t>> write_all(std::string_view bytes) = 0;
  virtual void close() = 0;  // wakes both sides
};

// Connects to a server of the group (next ones where one fails), within its connect_timeout;
// resolving a name takes as long as the system's resolver lets it. Over TLS only HTTP/1.1 is
// offered. An http+h2c server is spoken to in the clear.
boost::asio::awaitable<Result<std::unique_ptr<RawStream>>> connect_raw(
    std::shared_ptr<ServerGroup> group, const Clock& clock);

}  // namespace brink::origin
