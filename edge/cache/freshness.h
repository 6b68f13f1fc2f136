#pragma once
// Freshness lifetime (RFC 9111 §4.2.1, §4.2.2) and age (§4.2.3), in whole seconds. Pure.

#include "edge/cache/storable.h"

namespace brink::edge::cache {

struct FreshnessLifetime {
  std::uint32_t seconds = 0;
  FreshnessSource source = FreshnessSource::None;
};

// Targeted max-age, s-maxage, max-age, Expires − Date, heuristic; a site's override before all of
// them.
FreshnessLifetime freshness_lifetime(const ResponseContext& context,
                                     const ResponseDirectives& directives, const Policy& policy);

// §4.2.3: from Age (first of a list counts; invalid ignored; 2^31 and beyond saturate), Date and
// the response delay.
std::uint32_t corrected_initial_age(const ResponseContext& context);

// corrected_initial_age + resident time; a clock that went backwards counts as no time.
std::uint32_t current_age(const StoredMeta& meta, TimePoint now);

// Seconds until it is stale (negative: stale for so long).
std::int64_t remaining_freshness(const StoredMeta& meta, TimePoint now);

// May a cache apply heuristic freshness to this status (RFC 9110 §15.1)?
bool heuristically_cacheable(int status);

}  // namespace brink::edge::cache
