#pragma once
// An HTTP/2 connection (RFC 9113) after its TLS handshake or its first bytes: many requests at once through the same flow as
// HTTP/1.1's. libnghttp2 does frames, HPACK, flow control and the order of streams (RFC 9218).

#include <string>

#include "edge/client_address.h"
#include "edge/http1_session.h"

namespace brink::edge {

// Completes when the connection has ended and is closed. `shard`, `stream` and `client_address` outlive it.
Awaitable<void> http2_session(Shard& shard, ClientStream& stream, const ClientAddress& client_address, Handover start);

}  // namespace brink::edge
