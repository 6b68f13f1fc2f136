#pragma once
// The purge calls of other products' APIs on the admin listener, for clients that know nothing of
// Brink (docs/purging.md, "Clients you already have"):
//
//   Fastly      POST /service/{site}/purge/{key}, /service/{site}/purge, /service/{site}/purge_all,
//               POST /purge/{url}; the token in Fastly-Key
//   Cloudflare  POST /client/v4/zones/{site}/purge_cache; the token as bearer, or in X-Auth-Key
//
// {site} is a site's name, or "*" for all of them. Errors have these products' form.

#include "edge/admin_purge.h"

namespace brink::edge {

// `api` outlives the router; `calls` are counted with those of POST /v1/purges.
void add_compat_routes(AdminRouter& router, purge::Api& api, const PurgeCalls& calls);

}  // namespace brink::edge
