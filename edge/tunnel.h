#pragma once
// Upgrade (RFC 9110 §7.8): a connection of its own to upstream, then bytes both ways (WebSocket).

#include <functional>
#include <string_view>

#include "edge/client_stream.h"
#include "edge/request.h"
#include "edge/transaction.h"

namespace brink::edge {

class Shard;

// `early` are bytes the client sent behind the head. Client bytes flow upstream only after a 101, so that no second request can
// hide behind one that was not upgraded. A server that answers anything else is asked again in the ordinary way.
// A tunnel that is silent for limits.idle_timeout ends. `interrupt` is set while there is something to interrupt.
// True: the connection is used up. False: no tunnel; `transaction` goes on and answers.
Awaitable<bool> run_tunnel(Shard& shard, ClientStream& client, const RequestHead& head, std::string_view early,
                           Transaction& transaction, std::function<void()>& interrupt);

}  // namespace brink::edge
