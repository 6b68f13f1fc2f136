#pragma once
// Cache groups (RFC 9875): responses of one origin that are invalidated together, by names that the
// origin gives them.

#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/fields.h"

namespace brink::edge::cache {

inline constexpr std::string_view kCacheGroups = "cache-groups";
inline constexpr std::string_view kCacheGroupInvalidation = "cache-group-invalidation";

// Names of a Cache-Group-Invalidation beyond this many are not looked at (§3 asks for at least 32).
inline constexpr std::size_t kMaxGroups = 128;

// The members of such a field (all its lines are one list). Parameters are ignored; a field that is
// no List of Strings (RFC 9651) names nothing.
std::vector<std::string> group_names(std::string_view field, std::size_t max = kMaxGroups);

// "scheme://host[:port]" of a cache key's text: groups of different origins have nothing in common
// (§2.1), whatever their names.
std::string_view origin_of_key(std::string_view key_text);

}  // namespace brink::edge::cache
