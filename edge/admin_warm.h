#pragma once
// The routes of warming on the admin listener (DESIGN.md section 6): POST and GET /v1/warm, GET and
// DELETE /v1/warm/{id}.

#include "edge/admin_router.h"
#include "edge/warmer.h"

namespace brink::edge {

inline constexpr std::size_t kWarmUrlBytes = 16 * 1024;

// `warmer` outlives the router. `clock` is the warmer's.
void add_warm_routes(AdminRouter& router, Warmer& warmer, const Clock& clock);

}  // namespace brink::edge
