#include "edge/admin_events.h"

#include <utility>

namespace brink::edge {

void add_event_routes(AdminRouter& router, purge::Events& events, const PurgeCalls& calls) {
  using config::AdminRight;
  const auto take = [&events, calls](const AdminRequest& request, AdminDone done) {
    if (!calls.enter(done)) return;
    events.webhook({.name = request.captures.front(),
                    .body = request.body,
                    .fields = request.fields,
                    .client = request.client},
                   [done = std::move(done), calls](purge::ApiAnswer answer) {
                     calls.leave();
                     done(response_of(std::move(answer)));
                   });
  };
  router.add({.method = "POST",
              .path = "/v1/events/{name}",
              .right = std::nullopt,
              .handle = {},
              .handle_later = take,
              .signed_as = "event:"});
  router.add({.method = "GET",
              .path = "/v1/events",
              .right = AdminRight::Read,
              .handle = [&events](const AdminRequest&) { return response_of(events.list()); }});
  router.add({.method = "GET",
              .path = "/v1/events/{name}/dead_letters",
              .right = AdminRight::Operate,
              .handle = [&events](const AdminRequest& request) {
                return response_of(events.dead_letters(request.captures.front(), request.query));
              }});
}

}  // namespace brink::edge
