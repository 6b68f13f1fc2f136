#include "tests/sim/rfc9111_freshness.h"

#include <algorithm>
#include <set>

namespace brink::sim::rfc9111 {
namespace {

using Basis = Lifetime::Basis;

// RFC 9110 §15.1
const std::set<int> kHeuristicallyCacheable = {200, 203, 204, 206, 300, 301,
                                               308, 404, 405, 410, 414, 501};

// RFC 9110 §15 and the IANA registry: statuses whose caching is known (§5.2.2.3 must-understand).
const std::set<int> kUnderstood = {
    200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308, 400,
    401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422,
    423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 511};

// Answers to a range, a condition or a delta, not to "GET this" (RFC 9110 §15.3.7, §15.4.5,
// §15.5.17; RFC 3229), and those that RFC 6585 says "MUST NOT be stored by a cache". Ranges are no
// part of the model.
const std::set<int> kNeverStored = {206, 226, 304, 416, 428, 429, 431, 511};

std::optional<Seconds64> date_field(const Response& response, const std::string& name) {
  const auto value = only_value(response.fields, name);
  return value ? http_date(*value, seconds_since_1970(response.response_time)) : std::nullopt;
}

Seconds64 in_range(Seconds64 seconds) {
  return std::clamp<Seconds64>(seconds, 0, kMaxDelta);
}

// §4.2.2: a tenth of the time since the last change; HTTP-BEHAVIOUR: at most a day, and "public"
// opens statuses that are not known.
Lifetime heuristic(const Response& response) {
  const bool allowed = kHeuristicallyCacheable.contains(response.status) ||
                       (response.control.has("public") && !kUnderstood.contains(response.status));
  const auto modified = date_field(response, "Last-Modified");
  if (!allowed || !modified) return {};
  const Seconds64 unchanged = date_value(response) - *modified;
  if (unchanged <= 0) return {};
  return {Basis::Heuristic, std::min<Seconds64>(unchanged / 10, 24 * 3600)};
}

Lifetime explicit_lifetime(const Response& response) {
  const Control& control = response.control;
  // "Caches are encouraged to consider responses that have invalid freshness information to be
  // stale" (§4.2.1).
  if (control.has_invalid("max-age") || control.has_invalid("s-maxage")) return {Basis::Invalid, 0};
  if (const auto shared = control.smallest("s-maxage")) return {Basis::Explicit, *shared};
  if (const auto max_age = control.smallest("max-age")) return {Basis::Explicit, *max_age};
  // A targeted field takes the place of Expires as well (RFC 9213 §2.2).
  if (!has(response.fields, "Expires") || control.targeted()) return {};
  const auto expires =
      date_field(response, "Expires");  // several lines or an invalid date: stale (§5.3)
  if (!expires) return {Basis::Invalid, 0};
  return {Basis::Explicit, in_range(*expires - date_value(response))};
}

// §5.1: of a list or several lines the first member; what is no number is ignored.
Seconds64 age_value(const Response& response) {
  const auto lines = values(response.fields, "Age");
  if (lines.empty()) return 0;
  return delta_seconds(trim(lines[0].substr(0, lines[0].find(',')))).value_or(0);
}

// RFC 9110 §9.3.3: a POST's answer with explicit freshness and the request's own URI in
// Content-Location.
bool answers_a_later_get(const Exchange& exchange, const Response& response) {
  const auto location = only_value(response.fields, "Content-Location");
  if (!location || explicit_lifetime(response).seconds == 0) return false;
  return same_origin_target(*location, exchange.target) == exchange.target;
}

// §3, its list from above to below.
std::string forbidden(const Exchange& exchange, const Response& response) {
  const Control& control = response.control;
  const bool post = exchange.method == "POST" && answers_a_later_get(exchange, response);
  if (exchange.method != "GET" && !post) return "§3: the method is not cacheable";
  if (response.status < 200) return "§3: the status code is not final";
  if (kNeverStored.contains(response.status))
    return "§3: the status code does not answer a plain GET";
  if (Control::of_request(exchange.request).has("no-store"))
    return "§5.2.1.5: the request says no-store";
  const bool must_understand = control.has("must-understand");
  if (must_understand && !kUnderstood.contains(response.status))
    return "§5.2.2.3: the status is not understood";
  if (control.has("no-store") && !must_understand) return "§5.2.2.5: no-store";
  if (control.unqualified("private")) return "§5.2.2.7: private";
  const bool shared =
      control.has("public") || control.has("must-revalidate") || control.smallest("s-maxage");
  if (has(exchange.request, "Authorization") && !shared)
    return "§3.5: the request has Authorization";
  const bool explicitly = control.has("public") || control.has("max-age") ||
                          control.has("s-maxage") ||
                          (has(response.fields, "Expires") && !control.targeted());
  if (!explicitly && !kHeuristicallyCacheable.contains(response.status))
    return "§3: nothing makes it cacheable";
  for (const std::string& name : members(joined(response.fields, "Vary"))) {
    if (name == "*") return "§4.1: Vary is *";
  }
  return "";
}

// HTTP-BEHAVIOUR §2: Set-Cookie is kept only beside explicit freshness; a qualified directive keeps
// the field out of the store.
bool cookie_forbids(const Response& response) {
  if (!has(response.fields, "Set-Cookie")) return false;
  for (const char* directive : {"no-cache", "private"}) {
    for (const std::string& name : response.control.field_names(directive)) {
      if (name == "set-cookie") return false;
    }
  }
  return response.control.unqualified("no-cache") || explicit_lifetime(response).seconds == 0;
}

// What could neither be used nor validated is not kept (§3 leaves it open; storable.h).
bool useless(const Response& response) {
  const Control& control = response.control;
  if (only_value(response.fields, "ETag") || only_value(response.fields, "Last-Modified"))
    return false;
  if (control.unqualified("no-cache")) return true;
  const Seconds64 lifetime = freshness_lifetime(response).seconds;
  const Seconds64 age = corrected_initial_age(response);
  const Seconds64 window = std::max(control.smallest("stale-while-revalidate").value_or(0),
                                    control.smallest("stale-if-error").value_or(0));
  const bool usable_stale = !forbids_stale(control) && lifetime + window > age;
  return lifetime <= age && !usable_stale;
}

}  // namespace

Seconds64 whole_seconds(Millis span) {
  return std::chrono::floor<Seconds>(span).count();
}

Seconds64 seconds_since_1970(TimePoint time) {
  return whole_seconds(time.time_since_epoch());
}

Lifetime freshness_lifetime(const Response& response) {
  const Lifetime lifetime = explicit_lifetime(response);
  return lifetime.basis == Basis::None ? heuristic(response) : lifetime;
}

Seconds64 corrected_initial_age(const Response& response) {
  const Seconds64 apparent_age = seconds_since_1970(response.response_time) - date_value(response);
  const Seconds64 response_delay = whole_seconds(response.response_time - response.request_time);
  const Seconds64 corrected_age_value = age_value(response) + response_delay;
  return in_range(std::max(apparent_age, corrected_age_value));
}

Seconds64 date_value(const Response& response) {
  return date_field(response, "Date").value_or(seconds_since_1970(response.response_time));
}

// must-revalidate §5.2.2.2, proxy-revalidate §5.2.2.8, s-maxage §5.2.2.10.
bool forbids_stale(const Control& control) {
  return control.has("must-revalidate") || control.has("proxy-revalidate") ||
         control.smallest("s-maxage").has_value();
}

std::string why_not_stored(const Exchange& exchange, const Response& response) {
  std::string reason = forbidden(exchange, response);
  if (reason.empty() && cookie_forbids(response))
    reason = "HTTP-BEHAVIOUR §2: Set-Cookie without explicit freshness";
  if (reason.empty() && useless(response)) reason = "§3: neither fresh, nor to be validated";
  return reason;
}

}  // namespace brink::sim::rfc9111
