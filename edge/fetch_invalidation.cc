// Fetch, invalidation: what its answer puts out of use, or what came in between puts out of use of its own.

#include "edge/cache/groups.h"
#include "edge/cache/invalidation.h"
#include "edge/cache/key.h"
#include "edge/cache/tokens.h"
#include "edge/fetch.h"

namespace brink::edge {

void Fetch::invalidate(const cache::CacheKey& key) {
  context_.invalidations.mark(key.hash);
  context_.store.invalidate(key);
}

// What was read before an unsafe request changed it must not come back after it.
void Fetch::drop_if_outrun(const store::ResponsePtr& stored) {
  if (stored && context_.invalidations.read(key_hash_) != mark_) context_.store.drop(stored);
}

// RFC 9111 §4.4: the target itself, and what Location and Content-Location name.
void Fetch::invalidate_targets(const origin::ResponseHead& head) {
  invalidate(cache::make_cache_key_of_text(plan_.cache_key));
  const auto targets = cache::invalidation_targets(plan_.request.scheme, plan_.request.authority,
                                                   plan_.request.target, head.fields);
  for (const std::string& target : {targets.location, targets.content_location}) {
    if (target.empty()) continue;
    std::string buffer;
    invalidate(cache::make_cache_key(
        {.scheme = plan_.request.scheme, .host = plan_.request.authority, .target = target}, buffer));
  }
}

// RFC 9875 §3: the groups of this origin that a successful answer to an unsafe method names.
void Fetch::invalidate_groups(const origin::ResponseHead& head) {
  if (!find_field(head.fields, cache::kCacheGroupInvalidation)) return;
  context_.purges.groups.invalidate(plan_.cache_key,
                                             cache::joined_value(head.fields, cache::kCacheGroupInvalidation));
}

}  // namespace brink::edge
