#pragma once
// An HTTP/1.x connection from its first byte to its last: one coroutine (a second one while a request body is read).

#include <memory>
#include <string>

#include "edge/client_stream.h"

namespace brink::edge {

class Shard;

// Completes when the connection has ended. `shard` outlives it.
Awaitable<void> http1_session(Shard& shard, std::unique_ptr<ClientStream> stream, std::string client_address);

}  // namespace brink::edge
