#pragma once
// A client's connection from accept to its end: the TLS handshake, then HTTP/1.1 or HTTP/2, as ALPN, the first bytes or an Upgrade say.

#include <memory>
#include <string>

#include "edge/http1_session.h"

namespace brink::edge {

// Completes when the connection has ended. It was admitted by ConnectionLimits under `client_address`, and is let go of at the end.
// `shard` outlives it.
Awaitable<void> client_session(Shard& shard, std::unique_ptr<ClientStream> stream, std::string client_address,
                               Protocols allowed);

}  // namespace brink::edge
