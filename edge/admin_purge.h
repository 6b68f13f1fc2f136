#pragma once
// The routes of the purge API (DESIGN.md section 6) on the admin listener.

#include "edge/admin_router.h"
#include "purge/api.h"

namespace brink::edge {

// Calls that wait for receipts at once; more → 503, so that the other routes always have
// connections left.
inline constexpr std::size_t kPurgeCallsWaiting = 192;

// `api` outlives the router.
void add_purge_routes(AdminRouter& router, purge::Api& api);

}  // namespace brink::edge
