#pragma once
// GET /v1/audit on the admin listener.

#include "edge/admin_router.h"
#include "edge/audit_log.h"

namespace brink::edge {

inline constexpr std::size_t kAuditLinesDefault = 100;
inline constexpr std::size_t kAuditLinesMost = 10'000;

// JSON lines, oldest first: ?after=N&limit=M. `audit` outlives the router; null: 404 with the reason.
void add_audit_route(AdminRouter& router, const AuditLog* audit);

}  // namespace brink::edge
