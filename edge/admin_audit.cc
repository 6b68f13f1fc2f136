#include "edge/admin_audit.h"

#include <optional>
#include <string>

#include "purge/list_query.h"

namespace brink::edge {

namespace {

AdminResponse page(const AuditLog* audit, const AdminRequest& request) {
  if (audit == nullptr) {
    return problem(404, "no-audit-log", "This node has no audit log",
                   "Set admin.audit.path to a file that it may write.");
  }
  const auto query = purge::parse_list_query(request.query, kAuditLinesDefault, kAuditLinesMost);
  if (!query) {
    return problem(422, "invalid-query", "The query is not right",
                   "Take after=N and limit=1…10000, as in /v1/audit?after=1000&limit=100.");
  }
  return {.content_type = "application/x-ndjson",
          .body = read_audit_page(audit->path(), query->after, query->limit)};
}

}  // namespace

// Whoever may operate may know what others did: requests stand in it as they were sent.
void add_audit_route(AdminRouter& router, const AuditLog* audit) {
  router.add({"GET", "/v1/audit", config::AdminRight::Operate,
              [audit](const AdminRequest& request) { return page(audit, request); }});
}

}  // namespace brink::edge
