#pragma once
// A client's connection from accept to its end: the TLS handshake, then HTTP/1.1 or HTTP/2, as ALPN, the first bytes or an Upgrade say.

#include <memory>
#include <string>

#include "edge/http1_session.h"

namespace brink::edge {

// Who opened a connection.
struct Accepted {
  std::string address;   // the socket's
  bool proxied = false;  // one of listen[].proxy_protocol: a PROXY header comes first, and says who the client is
};

// Tells a client that there is no room for it, where it can be told without waiting.
void refuse_connection(Socket& socket, bool tls);

// Completes when the connection has ended. ConnectionLimits has admitted it under its address, nameless if it is proxied; the
// session gives it its name then, and lets go of it at the end. `shard` outlives it.
Awaitable<void> client_session(Shard& shard, std::unique_ptr<ClientStream> stream, Accepted accepted, Protocols allowed);

}  // namespace brink::edge
