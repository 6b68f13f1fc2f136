#pragma once
// One request of warming: a client's request without a client, through the flow of its shard. So it
// has the same key, collapses with others, asks the same tier, and stores what a client's request
// would have stored, under the same purges. It counts as no client's: neither in the access log nor
// among the requests and bytes of the metrics.

#include <functional>

#include "edge/asio.h"
#include "edge/warm_ask.h"

namespace brink::edge {

class Shard;

// Completes when `done` has been called, on the shard's thread. `shard` outlives it. It sends what
// a browser sends in Accept-Encoding; where a body is wanted, "gzip" alone.
Awaitable<void> warm_session(Shard& shard, WarmAsk ask,
                             std::function<void(const WarmAsk&, const WarmFound&)> done);

}  // namespace brink::edge
