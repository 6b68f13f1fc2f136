#pragma once
// The routes of events (docs/admin-api.md, "Events") on the admin listener:
//
//   POST /v1/events/{name}               a webhook; its signature stands in for a token
//   GET  /v1/events                      the subscriptions and their counts
//   GET  /v1/events/{name}/dead_letters  the events themselves, so the right is `operate`

#include "edge/admin_purge.h"
#include "purge/events.h"

namespace brink::edge {

// `events` outlives the router; webhooks are counted among `calls`.
void add_event_routes(AdminRouter& router, purge::Events& events, const PurgeCalls& calls);

}  // namespace brink::edge
