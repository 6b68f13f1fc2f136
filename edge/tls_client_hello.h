#pragma once
// What a ClientHello asks for, before OpenSSL has looked at it.

#include <openssl/ssl.h>

#include <string_view>

namespace brink::edge {

// The host name of server_name (RFC 6066 §3); empty when there is none or it is malformed.
// REQUIRES: inside the ClientHello callback; the view ends with it.
inline std::string_view host_of_client_hello(SSL* ssl) {
  constexpr std::size_t kHead = 5;  // length of the list, type, length of the name
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1 || size < kHead)
    return {};
  const auto number = [&](std::size_t at) {
    return static_cast<std::size_t>(bytes[at] << 8U | bytes[at + 1]);
  };
  const std::size_t length = number(3);
  if (number(0) + 2 != size || bytes[2] != TLSEXT_NAMETYPE_host_name || length > size - kHead)
    return {};
  return {reinterpret_cast<const char*>(bytes) + kHead, length};
}

}  // namespace brink::edge
