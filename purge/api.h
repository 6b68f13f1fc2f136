#pragma once
// The purge part of the REST API on plain values (DESIGN.md section 6); edge/admin_purge.cc mounts
// it.
//
// The caller has checked the token and its right: `purge` for purge() and set_version(), `read` for
// the rest. Here its sites are: a purge within sites that the token may not purge is refused whole.
// Thread-safe as far as ApiSites is. `done` is called once, at the latest after the request's
// timeout_ms and a tick, on any thread.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "purge/parse_purge.h"
#include "purge/service.h"

namespace brink::purge {

inline constexpr std::size_t kIdempotencyKeyBytes = 256;
inline constexpr std::size_t kListedDefault = 100;
inline constexpr std::size_t kListedMost = 1'000;

// Views that are good until the call returns.
struct ApiRequest {
  std::string_view body = {};
  std::string_view query = {};    // without '?'
  std::string_view capture = {};  // the path's {id} or {site}
  std::string_view idempotency_key = {};
  std::string_view client = {};         // its address
  std::string_view who = {};            // the token's name
  std::vector<std::string> sites = {};  // what it may purge; "*" = all
};

// A JSON body, or a problem in its place.
struct ApiAnswer {
  int status = 200;
  std::string body = {};
  std::optional<Problem> problem = {};
};
using ApiDone = std::function<void(ApiAnswer)>;

// Of several purges that were asked for in one request. `ids` in the order of the bodies, empty when
// nothing was appended.
struct EachAnswer {
  std::optional<Problem> problem = {};
  std::vector<std::string> ids = {};
  bool is_done = true;  // false: somebody who was waited for is outstanding
};
using EachDone = std::function<void(EachAnswer)>;

// The configured sites, from any thread.
struct ApiSites {
  std::function<std::string(std::string_view host)> site_of;  // empty: no site answers for it
  std::function<bool(std::string_view site)> has;
};

class Api {
 public:
  Api(Service& service, ApiSites sites) : service_(service), sites_(std::move(sites)) {}

  void purge(const ApiRequest& request, ApiDone done);        // POST /v1/purges
  // Several at once, in place of `request.body`: each of `bodies` as purge() takes it. All of them are
  // checked before the first is appended, but they are appended one by one: a problem of the log may
  // come when some have been.
  void purge_each(const std::vector<std::string>& bodies, const ApiRequest& request, EachDone done);
  ApiAnswer find_purge(const ApiRequest& request) const;      // GET /v1/purges/{id}
  ApiAnswer list_purges(const ApiRequest& request) const;     // GET /v1/purges
  void set_version(const ApiRequest& request, ApiDone done);  // PUT /v1/sites/{site}/version
  ApiAnswer version(const ApiRequest& request) const;         // GET …

 private:
  // Gives the record its id, time and sender. `part` tells apart what one Idempotency-Key names.
  std::optional<Problem> stamp(Record& record, const ApiRequest& request,
                               std::string_view part) const;
  // A right that is missing, or no room.
  std::optional<Problem> refuse_purge(const Record& record, const ApiRequest& request) const;
  std::optional<Problem> refuse_foreign_host(const Selector& selector) const;
  void submit(PurgeRequest wanted, const ApiRequest& request, ApiDone done);
  std::optional<Problem> refuse(const Record& record, const ApiRequest& request) const;
  std::optional<Problem> refuse_site(std::string_view site, std::string_view why,
                                     const ApiRequest& request) const;
  ApiAnswer answer(const Record& record, const Outcome& outcome) const;

  Service& service_;
  const ApiSites sites_;
};

}  // namespace brink::purge
