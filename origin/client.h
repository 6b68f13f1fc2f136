#pragma once
// The upstream port over libcurl's multi interface, driven by a shard's io_context.

#include <boost/asio/io_context.hpp>
#include <memory>

#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "origin/upstream.h"

namespace brink::origin {

// Asks Request::origin's servers. REQUIRES: used on `io`'s thread only; destroyed after all its calls.
std::unique_ptr<Upstream> make_origin_upstream(boost::asio::io_context& io, const Clock& clock,
                                               MetricsRegistry& metrics);

}  // namespace brink::origin
