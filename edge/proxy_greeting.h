#pragma once
// Reads the PROXY header that a load balancer in front begins a connection with (config listen[].proxy_protocol).

#include "edge/asio.h"
#include "edge/proxy_protocol.h"

namespace brink::edge {

// Takes the header and not a byte more from `socket`, so that a TLS handshake can follow. NeedMore: the connection ended, or
// was cancelled, before the header did. The time is the caller's to watch.
Awaitable<ProxyHeader> read_proxy_header(Socket& socket);

}  // namespace brink::edge
