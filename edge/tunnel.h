#pragma once
// Upgrade (RFC 9110 §7.8): a connection of its own to upstream, then bytes both ways (WebSocket).

#include <string_view>

#include "edge/client_stream.h"
#include "edge/request.h"
#include "edge/transaction.h"

namespace brink::edge {

class Shard;

// `early` are bytes the client sent behind the head. Client bytes flow upstream only after a 101, so that no second request can
// hide behind one that was not upgraded; any other answer is passed on and the connection ends.
// True: the connection is used up. False: nothing was done or no server could be reached; `transaction` answers.
Awaitable<bool> run_tunnel(Shard& shard, ClientStream& client, const RequestHead& head, std::string_view early,
                           Transaction& transaction);

}  // namespace brink::edge
