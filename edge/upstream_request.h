#pragma once
// The request that goes upstream for a client's request: end-to-end fields, and what this hop adds (RFC 9110 §7.6, RFC 8586,
// RFC 7239).

#include <cstdint>
#include <string_view>

#include "edge/cache/validation.h"
#include "edge/request.h"
#include "edge/rules.h"
#include "origin/upstream.h"

namespace brink::edge {

enum class UpstreamPurpose : std::uint8_t {
  Store,     // the answer may be stored and shared: no conditions or ranges of the client's, Accept-Encoding normalised
  Forward,   // for this client only: as it asked
};

// The body is not set. `conditions` are our own (validation), empty ones are left out.
origin::Request make_upstream_request(const RequestHead& request, const Site& site, UpstreamPurpose purpose,
                                      const cache::ValidationFields& conditions, std::string_view node_name);

// Is this node among those that the request has passed, or has it passed more than kMaxHops (RFC 8586)?
bool is_loop(Fields request, std::string_view node_name);

// Never forwarded, in either direction, beside the fields named in Connection (RFC 9110 §7.6.1).
bool is_hop_by_hop(std::string_view name);

}  // namespace brink::edge
