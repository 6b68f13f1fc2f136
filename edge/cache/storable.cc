#include "edge/cache/storable.h"

#include <algorithm>
#include <array>

#include "edge/cache/freshness.h"
#include "edge/cache/invalidation.h"
#include "edge/cache/tokens.h"
#include "edge/cache/vary.h"

namespace brink::edge::cache {
namespace {

// Answers to something else than "GET this URI" (206 and 416 a range, 304 a condition, 226 an
// instance manipulation), and those that RFC 6585 forbids to store (428, 429, 431, 511).
bool never_stored(int status) {
  constexpr std::array kStatuses = {226, 304, 416, 428, 429, 431, 511};
  return std::find(kStatuses.begin(), kStatuses.end(), status) != kStatuses.end();
}

bool has_validator(Fields fields) {
  return !single_value(fields, "etag").empty() || !single_value(fields, "last-modified").empty();
}

// Freshness that the origin itself gave, not a heuristic and not the site's rule; in seconds, 0 =
// none.
std::uint32_t explicit_lifetime(const ResponseContext& context,
                                const ResponseDirectives& directives, const Policy& policy) {
  Policy own = policy;
  own.freshness_override_s = -1;
  own.heuristic_freshness = false;
  return freshness_lifetime(context, directives, own).seconds;
}

// §3: one of these must be there for a status that is not heuristically cacheable.
bool explicitly_cacheable(const ResponseContext& context, const ResponseDirectives& directives) {
  return directives.is_public || directives.max_age || directives.s_maxage ||
         directives.invalid_freshness ||
         (!directives.targeted && find_field(context.fields, "expires") != nullptr);
}

StoredMeta make_meta(const ResponseContext& context, const ResponseDirectives& directives,
                     const Policy& policy) {
  StoredMeta meta;
  const FreshnessLifetime lifetime = freshness_lifetime(context, directives, policy);
  meta.response_time = context.response_time;
  meta.corrected_initial_age_s = corrected_initial_age(context);
  meta.freshness_lifetime_s = lifetime.seconds;
  meta.source = lifetime.source;
  meta.stale_while_revalidate_s = directives.stale_while_revalidate.value_or(0);
  meta.stale_if_error_s = directives.stale_if_error.value_or(0);
  meta.explicit_stale_if_error = directives.stale_if_error.has_value();
  meta.status = static_cast<std::uint16_t>(context.status);
  meta.no_cache = directives.no_cache && lifetime.source != FreshnessSource::Rule;
  meta.must_revalidate = directives.must_revalidate || directives.proxy_revalidate ||
                         directives.s_maxage.has_value();  // §5.2.2.10
  meta.no_transform = directives.no_transform;
  meta.immutable = directives.immutable;
  meta.head_only = context.method == "HEAD";
  return meta;
}

// A POST's response may answer a later GET only when it says so (RFC 9110 §9.3.3).
bool represents_its_target(const ResponseContext& context) {
  const std::string_view location = single_value(context.fields, "content-location");
  return !location.empty() && !context.target.empty() &&
         resolve_same_origin(context.scheme, context.host, context.target, location) ==
             context.target;
}

Reason refused_by_exchange(const ResponseContext& context, const ResponseDirectives& directives,
                           const Policy& policy) {
  if (context.status < 200) return Reason::InterimStatus;
  if (context.method == "HEAD") return Reason::HeadRequest;
  if (context.method != "GET") {
    const bool post = context.method == "POST" && represents_its_target(context) &&
                      explicit_lifetime(context, directives, policy) > 0;
    if (!post) return Reason::MethodNotCacheable;
  }
  if (context.status == 206) return Reason::PartialResponse;
  if (never_stored(context.status)) return Reason::StatusNotCacheable;
  for (const Field& field : context.fields) {
    if (iequals(field.name, "transfer-encoding") && !iequals(trim_ows(field.value), "chunked")) {
      return Reason::UnknownTransferCoding;
    }
  }
  return Reason::None;
}

Reason refused_by_directives(const ResponseContext& context, const ResponseDirectives& directives,
                             const Policy& policy) {
  if (context.request_no_store && policy.honour_request_directives) return Reason::RequestNoStore;
  if (directives.must_understand && !understands_status(context.status)) {
    return Reason::MustUnderstandStatus;
  }
  if (directives.no_store && !directives.must_understand) return Reason::ResponseNoStore;
  if (directives.is_private) return Reason::ResponsePrivate;
  const bool shared = directives.is_public || directives.must_revalidate || directives.s_maxage;
  if (context.request_has_authorization && !shared) return Reason::AuthorizationNotShared;  // §3.5
  if (!heuristically_cacheable(context.status) && !explicitly_cacheable(context, directives)) {
    return Reason::StatusNotCacheable;
  }
  return Reason::None;
}

bool names_set_cookie(const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), "set-cookie") != names.end();
}

bool refused_by_set_cookie(const ResponseContext& context, const ResponseDirectives& directives,
                           const Policy& policy) {
  if (find_field(context.fields, "set-cookie") == nullptr) return false;
  // A qualified directive keeps the field out of the store (§5.2.2.4, §5.2.2.7).
  if (names_set_cookie(directives.no_cache_fields) || names_set_cookie(directives.private_fields)) {
    return false;
  }
  return !policy.store_set_cookie || directives.no_cache ||
         explicit_lifetime(context, directives, policy) == 0;
}

Reason refused_by_vary(Fields fields) {
  if (find_field(fields, "vary") == nullptr) return Reason::None;
  if (vary_is_star(fields)) return Reason::VaryStar;
  return vary_is_too_long(joined_value(fields, "vary")) ? Reason::VaryTooMany : Reason::None;
}

bool is_fresh_on_arrival(const StoredMeta& meta) {
  return !meta.no_cache && meta.freshness_lifetime_s > meta.corrected_initial_age_s;
}

// Inside a stale window that the origin opened.
bool is_usable_stale(const StoredMeta& meta) {
  const auto window = std::max(meta.stale_while_revalidate_s, meta.stale_if_error_s);
  return !meta.no_cache && !meta.must_revalidate &&
         std::uint64_t{meta.freshness_lifetime_s} + window > meta.corrected_initial_age_s;
}

Reason refusal(const ResponseContext& context, const ResponseDirectives& directives,
               const Policy& policy, const StoredMeta& meta) {
  Reason reason = refused_by_exchange(context, directives, policy);
  if (reason == Reason::None) reason = refused_by_directives(context, directives, policy);
  if (reason == Reason::None) reason = refused_by_vary(context.fields);
  if (reason != Reason::None) return reason;
  if (refused_by_set_cookie(context, directives, policy)) return Reason::SetCookieForbidden;
  const bool useful =
      is_fresh_on_arrival(meta) || is_usable_stale(meta) || has_validator(context.fields);
  return useful ? Reason::None : Reason::NoValidatorNoFreshness;
}

}  // namespace

StoreDecision decide_storable(const ResponseContext& context, const ResponseDirectives& directives,
                              const Policy& policy) {
  StoreDecision decision;
  decision.meta = make_meta(context, directives, policy);
  decision.reason = refusal(context, directives, policy, decision.meta);
  if (decision.reason != Reason::None) return decision;
  decision.store = true;
  decision.reason = is_fresh_on_arrival(decision.meta) ? Reason::Stored : Reason::StoredToValidate;
  return decision;
}

}  // namespace brink::edge::cache
