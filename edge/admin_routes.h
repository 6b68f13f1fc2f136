#pragma once
// The admin listener's own routes: health, metrics, dashboard, reload, nodes, stats (DESIGN.md
// section 6).

#include <string_view>

#include "config/runtime/metrics.h"
#include "edge/admin_listener.h"
#include "edge/admin_router.h"

namespace brink::edge {

// `metrics` outlives the router. Without a hook: no route; 501 for reload.
void add_admin_routes(AdminRouter& router, const MetricsRegistry& metrics, AdminHooks hooks);

// One page of HTML that asks for nothing but GET /v1/stats.
std::string_view dashboard_page();

}  // namespace brink::edge
