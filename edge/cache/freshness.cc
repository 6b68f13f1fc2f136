#include "edge/cache/freshness.h"

#include <algorithm>
#include <array>

#include "edge/cache/http_date.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

using std::chrono::floor;

constexpr std::int64_t kHeuristicLimit = 24 * 3600;  // HTTP-BEHAVIOUR, RFC 9111 §4.2.2
constexpr std::int64_t kHeuristicShare = 10;         // a tenth of the time since the last change

std::uint32_t to_delta(std::int64_t seconds) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, kMaxDelta));
}

std::int64_t whole_seconds(Millis duration) {
  return floor<Seconds>(duration).count();
}

std::optional<TimePoint> single_date(const ResponseContext& context, std::string_view name) {
  return parse_http_date(single_value(context.fields, name), context.response_time);
}

// An absent or invalid Date counts as the time of receipt (RFC 9110 §6.6.1), in whole seconds as
// the Date that is added says it: a reader of the stored fields computes the same lifetime.
TimePoint date_or_receipt(const ResponseContext& context) {
  return single_date(context, "date").value_or(floor<Seconds>(context.response_time));
}

// Age (§5.1): of a list or several lines the first member counts; anything but digits is ignored.
std::uint32_t age_value(Fields fields) {
  const Field* age = find_field(fields, "age");
  if (age == nullptr) return 0;
  const std::string_view first = trim_ows(age->value.substr(0, age->value.find(',')));
  return static_cast<std::uint32_t>(parse_digits(first, kMaxDelta).value_or(0));
}

FreshnessLifetime by_expires(const ResponseContext& context, const FieldLines& expires) {
  const auto time =
      expires.count == 1 ? parse_http_date(expires.first, context.response_time) : std::nullopt;
  if (!time) return {0, FreshnessSource::Invalid};
  return {to_delta(whole_seconds(*time - date_or_receipt(context))), FreshnessSource::Expires};
}

FreshnessLifetime by_heuristic(const ResponseContext& context,
                               const ResponseDirectives& directives) {
  // "public" makes an unknown status cacheable by heuristics (§4.2.2), not one whose definition
  // does not.
  const bool allowed = heuristically_cacheable(context.status) ||
                       (directives.is_public && !understands_status(context.status));
  const auto modified = single_date(context, "last-modified");
  if (!allowed || !modified) return {};
  const std::int64_t unchanged_for = whole_seconds(date_or_receipt(context) - *modified);
  if (unchanged_for <= 0) return {};
  return {to_delta(std::min(unchanged_for / kHeuristicShare, kHeuristicLimit)),
          FreshnessSource::Heuristic};
}

}  // namespace

FreshnessLifetime freshness_lifetime(const ResponseContext& context,
                                     const ResponseDirectives& directives, const Policy& policy) {
  if (policy.freshness_override_s >= 0) {
    return {to_delta(policy.freshness_override_s), FreshnessSource::Rule};
  }
  if (directives.invalid_freshness) return {0, FreshnessSource::Invalid};
  if (directives.s_maxage) {
    return {*directives.s_maxage,
            directives.targeted ? FreshnessSource::TargetedMaxAge : FreshnessSource::SMaxAge};
  }
  if (directives.max_age) {
    return {*directives.max_age,
            directives.targeted ? FreshnessSource::TargetedMaxAge : FreshnessSource::MaxAge};
  }
  const FieldLines expires = field_lines(context.fields, "expires");
  if (expires.count > 0 && !directives.targeted) return by_expires(context, expires);
  return policy.heuristic_freshness ? by_heuristic(context, directives) : FreshnessLifetime{};
}

std::uint32_t corrected_initial_age(const ResponseContext& context) {
  const std::uint32_t age = age_value(context.fields);
  if (context.from_tier) return age;
  const std::int64_t apparent = whole_seconds(context.response_time - date_or_receipt(context));
  const std::int64_t delay =
      std::max<std::int64_t>(0, whole_seconds(context.response_time - context.request_time));
  return to_delta(std::max(apparent, age + delay));
}

std::uint32_t current_age(const StoredMeta& meta, TimePoint now) {
  const std::int64_t resident = std::max<std::int64_t>(0, whole_seconds(now - meta.response_time));
  return to_delta(meta.corrected_initial_age_s + resident);
}

std::int64_t remaining_freshness(const StoredMeta& meta, TimePoint now) {
  return std::int64_t{meta.freshness_lifetime_s} - std::int64_t{current_age(meta, now)};
}

bool heuristically_cacheable(int status) {
  constexpr std::array kStatuses = {200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501};
  return std::find(kStatuses.begin(), kStatuses.end(), status) != kStatuses.end();
}

}  // namespace brink::edge::cache
