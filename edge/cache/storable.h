#pragma once
// May this response be stored by a shared cache (RFC 9111 §3, §3.5), and what is remembered of it?

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/clock.h"
#include "config/runtime/fields.h"
#include "edge/cache/directives.h"
#include "edge/cache/reason.h"
#include "edge/cache/stored_meta.h"

namespace brink::edge::cache {

// A site's choices (config::CacheRules, copied so that this folder knows no configuration files).
struct Policy {
  bool honour_request_directives = true;
  bool store_set_cookie = true;
  bool heuristic_freshness = true;
  bool surrogate_control = false;
  bool keep_tag_fields = false;
  std::uint32_t stale_if_unreachable_s = 24 * 3600;
  std::int64_t freshness_override_s = -1;  // -1 = what the response says
};

struct ResponseContext {
  std::string_view method;  // of the request that was sent: GET, HEAD, POST …
  bool request_has_authorization = false;
  bool request_no_store = false;
  int status = 0;
  Fields fields;              // of the response, hop-by-hop included
  TimePoint request_time{};   // the request was sent
  TimePoint response_time{};  // the head arrived
  std::string_view scheme =
      {};  // of the request's URI: only for a POST, whose Content-Location must equal
  std::string_view host = {};  // it (RFC 9110 §9.3.3); empty = a POST's response is not stored
  std::string_view target = {};
  bool keep_tag_fields = false;  // in the head: the site shows them to clients
  bool from_tier = false;  // from a node of ours: its Age is exact, clocks may differ, so the
                           // apparent age (Date against our clock) does not count
};

struct StoreDecision {
  bool store = false;
  Reason reason = Reason::None;  // Stored, StoredToValidate, or why not
  StoredMeta meta;               // head slices still empty: see build_stored_head()
};

// Pure; safe from any thread. Never fails: what cannot be understood is not stored or stale. `meta`
// is filled in either way, for a response that only passes through.
//
// Decisions where the standards leave a choice:
// - 206 and 416 answer a range, 304 a condition, not the URI: never stored.
// - Set-Cookie is stored only with explicit, positive freshness of the origin's own: never by
// heuristics, by a site's
//   override or to be validated, since a 304 would then hand one client's cookie to another.
// - Stored to be validated, or for its stale windows: only what has a validator or such a window.
// - `freshness_override_s` replaces the lifetime and an unqualified no-cache; `private`,
// `no-store`, must-revalidate
//   hold, and a status that may not be stored without explicit freshness (§3) stays unstored.
StoreDecision decide_storable(const ResponseContext& context, const ResponseDirectives& directives,
                              const Policy& policy);

// Serialises the head as it is kept: "HTTP/1.1 200 OK\r\n", then end-to-end fields in their order,
// without an empty line; into `out` (cleared first). Left out: fields named in Connection (except
// Cache-Control and Vary, which are for every recipient: RFC 9110 §7.6.1), all hop-by-hop fields
// (§3.1), Content-Length (respond writes it anew), Age (ditto), Cache-Status (of that hop only),
// Brink-* but Brink-Cache-Control, fields named in a qualified private / no-cache, and lines that
// could break the block (control characters, no token for a name). Several Vary lines become one;
// Set-Cookie lines stay apart. A missing Date is added from response_time (RFC 9110 §6.6.1). Fills
// meta's slices and dates. False when the block would exceed 64 KiB.
//
// Kept, since a child tier needs them to decide alike: Brink-Cache-Control, CDN-Cache-Control and
// Surrogate-Control. Tag fields are left out unless `keep_tag_fields`: tags are stored beside the
// head (tags.h), and a child gets them written anew. The respond step leaves them out for ordinary clients
// (hidden_from_clients) when meta.has_hidden_fields says so. With empty `directives` nothing is
// left out for being qualified: the head for the one client whose request this answers, or for a
// response that is not stored.
bool build_stored_head(const ResponseContext& context, const ResponseDirectives& directives,
                       std::string& out, StoredMeta& meta);

// The lines that build_stored_head() leaves out only because a qualified private or no-cache names
// them: they are for the one client whose request this answers (§5.2.2.4, §5.2.2.7). Appended to
// `out` as "Name: value\r\n"; what is hidden from clients is not among them.
void append_qualified_lines(Fields response, const ResponseDirectives& directives,
                            std::string& out);

// The tag fields as they came, which build_stored_head() leaves out: for a child tier, when the
// response only passes and its tags are kept nowhere. Appended to `out` as above.
void append_tag_lines(Fields response, std::string& out);

// Brink-Cache-Control, CDN-Cache-Control, the tag fields (tags.h); and Surrogate-Control where the site reads it. (meta.has_hidden_fields says that there may be such a field, whatever
// the site does.)
bool hidden_from_clients(std::string_view name, bool surrogate_control);

// Ends at this hop (RFC 9110 §7.6.1, RFC 9111 §3.1), whatever Connection says.
bool is_hop_by_hop(std::string_view name);

// What all Connection lines name, sorted for binary search by iless() (tokens.h), without
// Cache-Control and Vary: views into `fields`.
std::vector<std::string_view> connection_options(Fields fields);

// Iterates the field lines of a block made by build_stored_head(). `f(Field)` returns false to
// stop.
template <class F>
void for_each_stored_field(std::string_view head, F&& f) {
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, at - begin);
    const std::size_t colon = line.find(':');
    if (!f(Field{line.substr(0, colon), trim_ows(line.substr(colon + 1))})) return;
  }
}

// Empty for a status that is not registered.
std::string_view reason_phrase(int status);

// Registered, and its caching requirements are known to Brink: what must-understand asks
// (§5.2.2.3).
inline bool understands_status(int status) {
  return !reason_phrase(status).empty();
}

}  // namespace brink::edge::cache
