#include "tests/cases/client_exchange.h"

#include <fmt/core.h>

#include "tests/support/socket.h"
#include "tests/support/tls_socket.h"

namespace brink::tests::cases {
namespace {

std::unique_ptr<Transport> connect(const Door& door, std::string& message) {
  if (is_tls(door.protocol)) {
    const std::string alpn = is_http2(door.protocol) ? "h2" : "http/1.1";
    return TlsSocket::connect(door.port, alpn, kWaitLimit, message);
  }
  auto socket = std::make_unique<Socket>(Socket::connect(door.port));
  if (socket->is_open()) return socket;
  message = fmt::format("nobody listens at 127.0.0.1:{}", door.port);
  return nullptr;
}

}  // namespace

std::unique_ptr<ClientExchange> open_exchange(const Door& door, Stage& stage,
                                              const std::string& who, std::string& message) {
  std::unique_ptr<Transport> connection = connect(door, message);
  if (!connection) return nullptr;
  if (!is_http2(door.protocol)) return make_http1_exchange(std::move(connection), stage, who);
  return make_http2_exchange(std::move(connection), stage, who, is_tls(door.protocol));
}

}  // namespace brink::tests::cases
