#include "edge/admin_routes.h"

#include <utility>

#include "edge/admin_audit.h"
#include "edge/admin_purge.h"
#include "edge/admin_warm.h"

namespace brink::edge {

namespace {

using config::AdminRight;

constexpr std::string_view kPlain = "text/plain; charset=utf-8";

AdminResponse plain(int status, std::string_view body) {
  return {.status = status, .content_type = std::string(kPlain), .body = std::string(body)};
}

AdminResponse dashboard(const AdminRequest&) {
  AdminResponse out{.content_type = "text/html; charset=utf-8",
                    .body = std::string(dashboard_page())};
  out.fields.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
      "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'");
  return out;
}

AdminResponse reload(const std::function<bool(std::string&)>& hook) {
  if (!hook) {
    return problem(501, "no-configuration-file", "There is nothing to load",
                   "This node was started without a configuration file. Start it with `brink serve "
                   "--config FILE`.");
  }
  std::string message;
  if (hook(message)) return {.body = "{\"reloaded\":true}\n"};
  return problem(422, "reload-refused", "The new configuration is refused; the old one stays",
                 message);
}

void add_open_routes(AdminRouter& router, const MetricsRegistry& metrics, AdminHooks& hooks) {
  router.add(
      {"GET", "/healthz", std::nullopt, [](const AdminRequest&) { return plain(200, "ok\n"); }});
  if (hooks.ready) {
    router.add({"GET", "/readyz", std::nullopt, [ready = hooks.ready](const AdminRequest&) {
                  const Readiness now = ready();
                  const std::string why = now.why.empty() ? "" : ": " + now.why;
                  return plain(now.is_ready ? 200 : 503,
                               (now.is_ready ? "ready" : "not ready") + why + "\n");
                }});
  }
  router.add({"GET", "/metrics", std::nullopt,
              [&metrics, before = hooks.before_scrape](const AdminRequest&) {
                if (before) before();
                return AdminResponse{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                     .body = metrics.expose()};
              }});
  router.add({"GET", "/", std::nullopt, dashboard});
}

void add_json_route(AdminRouter& router, std::string path, std::function<std::string()> hook) {
  if (!hook) return;
  router.add(
      {"GET", std::move(path), AdminRight::Read,
       [hook = std::move(hook)](const AdminRequest&) { return AdminResponse{.body = hook()}; }});
}

}  // namespace

void add_admin_routes(AdminRouter& router, const MetricsRegistry& metrics, AdminHooks hooks) {
  add_open_routes(router, metrics, hooks);
  add_json_route(router, "/v1/nodes", std::move(hooks.nodes_json));
  add_json_route(router, "/v1/stats", std::move(hooks.stats_json));
  add_audit_route(router, hooks.audit);
  if (hooks.warmer != nullptr) add_warm_routes(router, *hooks.warmer, *hooks.clock);
  if (hooks.purges != nullptr) add_purge_routes(router, *hooks.purges, hooks.events);
  router.add({"POST", "/v1/reload", AdminRight::Operate,
              [hook = std::move(hooks.reload)](const AdminRequest&) { return reload(hook); }});
}

}  // namespace brink::edge
