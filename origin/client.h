#pragma once
// The upstream port over libcurl's multi interface, driven by a shard's io_context.

#include <boost/asio/io_context.hpp>
#include <memory>

#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "origin/candidates.h"
#include "origin/upstream.h"

namespace brink::origin {

// Asks Request::origin's servers. REQUIRES: used on `io`'s thread only. Normally destroyed after
// all its calls; a call that is left then is cut off without a callback, and may be destroyed
// later.
//
// Retries. An attempt that failed before the handler saw anything is repeated on the next server if
// nothing of the request was sent, or if the request may be repeated (Request::may_retry) and
// nothing of its body was taken. The same server is asked again only where there is no other and it
// had cut the connection. A request that met a dead idle connection goes out once more on a new
// one, which counts neither as an attempt nor against the server. Time-outs are UpstreamOptions';
// no time runs while the handler has paused or the request's body is waited for.
std::unique_ptr<Upstream> make_origin_upstream(boost::asio::io_context& io, const Clock& clock,
                                               MetricsRegistry& metrics);

// The same client, asking whom `source` names.
std::unique_ptr<Upstream> make_upstream(boost::asio::io_context& io, const Clock& clock,
                                        MetricsRegistry& metrics,
                                        std::unique_ptr<CandidateSource> source);

}  // namespace brink::origin
