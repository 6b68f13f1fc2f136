#pragma once
// The cache key (RFC 9111 §2): scheme, host and path with query; a site's version in front.

#include <cstdint>
#include <string>
#include <string_view>

namespace brink::edge::cache {

// Views into the buffer that make_cache_key() wrote. Two requests share a stored response only if
// `text` is equal byte for byte; `hash` (XXH3, seeded per process) only finds the place.
struct CacheKey {
  std::string_view text;
  std::uint64_t hash = 0;
};

struct KeyInput {
  std::string_view scheme;        // "http" | "https", as the client used it
  std::string_view host;          // any letter case, with port or without
  std::string_view target;        // origin-form: path with query
  std::string_view version = {};  // the site's version; empty = none
  bool ignore_query = false;
};

// Writes "[version SP]scheme://host[:port]/path?query" into `buffer` (cleared first; no allocation
// once it has grown) and returns views into it. The host becomes lower-case, a default port is
// dropped, nothing else is normalised: what the origin may tell apart stays apart.
CacheKey make_cache_key(const KeyInput& input, std::string& buffer);

// The key of another URI of the same origin, as invalidation needs it (RFC 9111 §4.4).
CacheKey make_cache_key_of_text(std::string_view text);

// An authority without the default port of its scheme, or a lone ':' (RFC 9110 §4.2.3).
std::string_view without_default_port(std::string_view scheme, std::string_view authority);

// XXH3-64 with this process's secret seed.
std::uint64_t hash_key(std::string_view text);

}  // namespace brink::edge::cache
