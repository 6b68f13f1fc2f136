#pragma once
// An HTTP/1.x connection from its first byte to its last: one coroutine (a second one while a request body is read).

#include <optional>
#include <string>

#include "edge/client_address.h"
#include "edge/client_stream.h"
#include "edge/request.h"

namespace brink::edge {

class Shard;

// What a listener lets its clients speak.
struct Protocols {
  bool http2 = true;         // with ALPN or prior knowledge
  bool h2c_upgrade = false;  // also by Upgrade: h2c, without TLS
};

// The HTTP/1.1 request that asked for HTTP/2, which becomes the first stream (RFC 7540 §3.2).
struct UpgradedRequest {
  std::string settings;  // payload of the SETTINGS frame in its HTTP2-Settings
  std::string method, target, host;
  OwnedFields fields;
};

// How an HTTP/1.x session ended.
struct Handover {
  bool to_http2 = false;
  std::string early;     // bytes of HTTP/2 that were read already
  std::optional<UpgradedRequest> upgraded;
};

// Completes when the connection has ended (and is closed), or is to go on as HTTP/2. `shard`, `stream` and `client_address` outlive it.
Awaitable<Handover> http1_session(Shard& shard, ClientStream& stream, const ClientAddress& client_address, Protocols allowed);

}  // namespace brink::edge
