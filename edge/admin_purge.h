#pragma once
// The routes of the purge API (DESIGN.md section 6) on the admin listener.

#include <atomic>
#include <memory>

#include "edge/admin_router.h"
#include "purge/api.h"
#include "purge/events.h"

namespace brink::edge {

// Calls that wait for receipts at once; more → 503, so that the other routes always have
// connections left.
inline constexpr std::size_t kPurgeCallsWaiting = 192;

// Counts those calls. Copies count together; from any thread.
class PurgeCalls {
 public:
  // False when there are too many: `done` has its answer then. Otherwise leave() follows.
  bool enter(const AdminDone& done) const;
  void leave() const { --*waiting_; }

 private:
  std::shared_ptr<std::atomic<std::size_t>> waiting_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

AdminResponse response_of(purge::ApiAnswer answer);

// What the API is told of a request. REQUIRES: the route needs a right.
purge::ApiRequest api_request(const AdminRequest& request);

// `api` outlives the router, and so does `events`, which may be null.
void add_purge_routes(AdminRouter& router, purge::Api& api, purge::Events* events);

}  // namespace brink::edge
