#pragma once
// Invalidation by unsafe methods (RFC 9111 §4.4).

#include <array>
#include <string>
#include <string_view>

#include "config/runtime/fields.h"

namespace brink::edge::cache {

// A successful (2xx, 3xx) answer to anything but GET, HEAD, OPTIONS and TRACE invalidates.
bool invalidates(std::string_view method, int status);

// The targets of one answer besides the request's own URI: Location and Content-Location, if of the
// same origin (scheme, host, port) as the request; as "path?query", empty when absent or elsewhere.
// Relative references are resolved against `request_target`.
struct InvalidationTargets {
  std::string location;
  std::string content_location;
};
InvalidationTargets invalidation_targets(std::string_view scheme, std::string_view host,
                                         std::string_view request_target, Fields response);

// A URI reference (RFC 3986 §5.2) found in an answer to that request, as "path?query" without
// fragment; empty unless it is of the same origin.
std::string resolve_same_origin(std::string_view scheme, std::string_view host,
                                std::string_view request_target, std::string_view reference);

bool is_safe_method(std::string_view method);

}  // namespace brink::edge::cache
