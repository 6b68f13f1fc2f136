#include "edge/cache/reuse.h"

#include "edge/cache/freshness.h"

namespace brink::edge::cache {
namespace {

constexpr ReuseDecision must_validate(Reason reason) {
  return {Reuse::MustValidate, reason};
}

// What nobody wrote into the request: the policy that ignores requests compares with this.
constexpr RequestDirectives kNoDirectives{};

const RequestDirectives& honoured(const RequestDirectives& request, const Policy& policy) {
  return policy.honour_request_directives ? request : kNoDirectives;
}

// An age of exactly max-age is acceptable, but max-age=0 means "validate", also in the second of
// arrival.
bool too_old_for(const RequestDirectives& request, std::uint32_t age) {
  return request.max_age && (age > *request.max_age || *request.max_age == 0);
}

ReuseDecision decide_fresh(const RequestDirectives& request, const StoredMeta& stored,
                           std::uint32_t age, std::int64_t remaining) {
  if (too_old_for(request, age) && !stored.immutable) return must_validate(Reason::RequestMaxAge);
  if (request.min_fresh && remaining < std::int64_t{*request.min_fresh}) {
    return must_validate(Reason::RequestMinFresh);
  }
  return {Reuse::Fresh, Reason::Fresh};
}

ReuseDecision decide_stale(const RequestDirectives& request, const StoredMeta& stored,
                           std::uint32_t age, std::int64_t staleness) {
  if (stored.source == FreshnessSource::None) return must_validate(Reason::NoFreshness);
  if (stored.source == FreshnessSource::Invalid) return must_validate(Reason::InvalidFreshness);
  if (stored.must_revalidate) return must_validate(Reason::MustRevalidate);
  if (too_old_for(request, age)) return must_validate(Reason::RequestMaxAge);
  if (request.min_fresh) return must_validate(Reason::RequestMinFresh);
  if (request.max_stale && staleness <= std::int64_t{*request.max_stale}) {
    return {Reuse::Fresh, Reason::FreshByRequestMaxStale};
  }
  if (staleness < std::int64_t{stored.stale_while_revalidate_s}) {
    return {Reuse::ServeStaleAndValidate, Reason::StaleWhileRevalidate};
  }
  return must_validate(stored.soft_purged ? Reason::SoftPurged : Reason::Expired);
}

}  // namespace

ReuseDecision decide_reuse(const RequestDirectives& request, const StoredMeta& stored,
                           const Policy& policy, TimePoint now) {
  if (stored.no_cache) return must_validate(Reason::NoCacheResponse);
  const RequestDirectives& wish = honoured(request, policy);
  if (wish.no_cache) return must_validate(Reason::NoCacheRequest);
  const std::uint32_t age = current_age(stored, now);
  const std::int64_t remaining = std::int64_t{stored.freshness_lifetime_s} - std::int64_t{age};
  return remaining > 0 ? decide_fresh(wish, stored, age, remaining)
                       : decide_stale(wish, stored, age, -remaining);
}

StaleDecision decide_stale_on_failure(const RequestDirectives& request, const StoredMeta& stored,
                                      UpstreamFailure failure, const Policy& policy,
                                      TimePoint now) {
  if (stored.no_cache) return {false, Reason::NoCacheResponse};
  if (stored.must_revalidate) return {false, Reason::MustRevalidate};
  const RequestDirectives& wish = honoured(request, policy);
  if (wish.no_cache) return {false, Reason::NoCacheRequest};
  // Not stale yet, only too old for this client: RFC 5861 §4 holds "regardless of other freshness
  // information".
  const std::int64_t staleness = std::max<std::int64_t>(0, -remaining_freshness(stored, now));
  const auto within = [&](std::uint32_t window) { return staleness < std::int64_t{window}; };
  if (stored.explicit_stale_if_error && within(stored.stale_if_error_s)) {
    return {true, Reason::StaleIfError};
  }
  if (wish.stale_if_error && within(*wish.stale_if_error)) return {true, Reason::StaleIfError};
  if (wish.max_stale && staleness <= std::int64_t{*wish.max_stale}) {
    return {true, Reason::FreshByRequestMaxStale};
  }
  const bool allowance = failure == UpstreamFailure::Unreachable &&
                         !stored.explicit_stale_if_error && stored.status < 500;
  if (allowance && within(policy.stale_if_unreachable_s)) return {true, Reason::StaleUnreachable};
  return {false, Reason::Expired};
}

}  // namespace brink::edge::cache
