#pragma once
// The table of what the admin listener answers: path and method → right and handler.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "edge/admin_access.h"
#include "edge/admin_http.h"
#include "edge/audit_log.h"

namespace brink::edge {

struct AdminRoute {
  std::string method;  // GET answers HEAD as well
  std::string path;    // "/v1/purges/{id}": "{…}" stands for one segment that is not empty,
                       // "{…*}" at the end for one or more
  std::optional<config::AdminRight> right;                   // empty: without a token
  std::function<AdminResponse(const AdminRequest&)> handle;  // on the admin thread; short
  // In place of `handle`: the same, and `done` may be called later. The request is good until this
  // returns.
  std::function<void(const AdminRequest&, AdminDone done)> handle_later = {};
  // A field that may hold the token, in place of Authorization: Bearer.
  std::string token_field = {};
  // No token, but a signature: in the audit log as this and the path's first "{…}", unless refused
  // with 401 or 404.
  std::string signed_as = {};
  // The route is another product's: its problems (rights and failures too) as that product says them.
  std::function<AdminResponse(AdminResponse problem)> dress = {};
};

// Filled before the listener starts; answering is const and safe from any thread as far as the
// handlers are.
class AdminRouter {
 public:
  void add(AdminRoute route) { routes_.push_back(std::move(route)); }
  // Calls that need the right to purge or to operate, and signed ones, go there too. Null: nowhere.
  void set_audit(AuditLog* audit, const Clock& clock) {
    audit_ = audit;
    clock_ = &clock;
  }

  // The handler's answer, or a problem: 404 (no such path), 405 with Allow, 401 or 403 (access),
  // 500 (the handler threw).
  void answer(AdminRequest& request, const AdminAccess& access, const AdminDone& done) const;
  // REQUIRES: the route answers at once.
  AdminResponse answer(AdminRequest& request, const AdminAccess& access) const;

 private:
  void run(const AdminRoute& route, AdminRequest& request, const AdminAccess& access,
           const AdminDone& done) const;
  AdminDone audited(const AdminRoute& route, const AdminRequest& request, AdminDone done) const;

  std::vector<AdminRoute> routes_;
  AuditLog* audit_ = nullptr;
  const Clock* clock_ = nullptr;
};

}  // namespace brink::edge
