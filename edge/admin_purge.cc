#include "edge/admin_purge.h"

#include <utility>

#include "edge/admin_compat.h"
#include "edge/admin_events.h"

namespace brink::edge {

namespace {

using config::AdminRight;

}  // namespace

purge::ApiRequest api_request(const AdminRequest& request) {
  purge::ApiRequest out{.body = request.body,
                        .query = request.query,
                        .capture = {},
                        .idempotency_key = request.idempotency_key,
                        .client = request.client,
                        .who = request.who->name,
                        .sites = request.who->sites};
  if (!request.captures.empty()) out.capture = request.captures.front();
  return out;
}

bool PurgeCalls::enter(const AdminDone& done) const {
  if (waiting_->fetch_add(1) < kPurgeCallsWaiting) return true;
  leave();
  done(problem(503, "busy", "Too many purges at once",
               "Nothing was purged: 192 calls wait for receipts. Send it again in a second, or name "
               "several URLs or tags in one request."));
  return false;
}

AdminResponse response_of(purge::ApiAnswer answer) {
  if (const auto& p = answer.problem) return problem(p->status, p->code, p->title, p->detail);
  return {.status = answer.status, .body = std::move(answer.body)};
}

namespace {

using Now = purge::ApiAnswer (purge::Api::*)(const purge::ApiRequest&) const;
using Later = void (purge::Api::*)(const purge::ApiRequest&, purge::ApiDone);

void add_read(AdminRouter& router, std::string path, purge::Api& api, Now call) {
  router.add({.method = "GET",
              .path = std::move(path),
              .right = AdminRight::Read,
              .handle = [&api, call](const AdminRequest& request) {
                return response_of((api.*call)(api_request(request)));
              }});
}

void add_write(AdminRouter& router, std::string method, std::string path, purge::Api& api,
               Later call, const PurgeCalls& calls) {
  const auto handle = [&api, call, calls](const AdminRequest& request, AdminDone done) {
    if (!calls.enter(done)) return;
    (api.*call)(api_request(request),
                [done = std::move(done), calls](purge::ApiAnswer answer) {
                  calls.leave();
                  done(response_of(std::move(answer)));
                });
  };
  router.add({.method = std::move(method),
              .path = std::move(path),
              .right = AdminRight::Purge,
              .handle = {},
              .handle_later = handle});
}

}  // namespace

void add_purge_routes(AdminRouter& router, purge::Api& api, purge::Events* events) {
  using purge::Api;
  const PurgeCalls calls;
  add_write(router, "POST", "/v1/purges", api, &Api::purge, calls);
  add_read(router, "/v1/purges", api, &Api::list_purges);
  add_read(router, "/v1/purges/{id}", api, &Api::find_purge);
  add_read(router, "/v1/sites/{site}/version", api, &Api::version);
  add_write(router, "PUT", "/v1/sites/{site}/version", api, &Api::set_version, calls);
  add_compat_routes(router, api, calls);
  if (events != nullptr) add_event_routes(router, *events, calls);
}

}  // namespace brink::edge
