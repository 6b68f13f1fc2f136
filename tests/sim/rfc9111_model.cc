#include "tests/sim/rfc9111_model.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace brink::sim::rfc9111 {
namespace {

using Basis = Lifetime::Basis;

// Fields that every node writes anew.
const std::set<std::string> kNotKept = {"content-length", "age", "cache-status"};
// RFC 9213, HTTP-BEHAVIOUR: "stripped before a client sees them".
const std::set<std::string> kNotShown = {"cdn-cache-control", "brink-cache-control",
                                         "surrogate-key", "cache-tag", "xkey"};

// What is kept of a response's fields: not those of this hop, nor those that a qualified directive
// names (§5.2.2.4, §5.2.2.7).
Lines kept_fields(const Response& response) {
  Lines out;
  std::set<std::string> leave = kNotKept;
  for (const char* directive : {"no-cache", "private"}) {
    for (const std::string& name : response.control.field_names(directive))
      leave.insert(name);
  }
  for (const auto& line : end_to_end(response.fields)) {
    if (!leave.contains(lower(line.first))) out.push_back(line);
  }
  return out;
}

}  // namespace

Outcome Model::request(const ClientRequest& request) {
  request_ = request;
  received_ = clock_.now();
  out_ = {};
  wishes_ = {};
  lookup();
  return out_;
}

Seconds64 Model::age(const Stored& stored, TimePoint now) const {  // §4.2.3, in whole seconds
  const Seconds64 resident =
      std::max<Seconds64>(0, whole_seconds(now - stored.response.response_time));
  return std::min(stored.initial_age + resident, kMaxDelta);
}

Seconds64 Model::remaining(const Stored& stored, TimePoint now) const {
  return stored.lifetime.seconds - age(stored, now);
}

// §4.1: the best variant. §4: "When more than one suitable response is stored, a cache MUST use the
// most recent one (as determined by the Date header field)"; one that is fresh is suitable as it
// is. Of equal ones the latest received.
const Model::Stored* Model::choose() const {
  const auto found = stored_.find(request_.target);
  if (found == stored_.end()) return nullptr;
  const Stored* best = nullptr;
  std::tuple<int, bool, Seconds64> best_rank;
  for (const Stored& stored : found->second) {
    const int fit = variant_fit(stored.variant, stored.response.fields, request_.fields);
    const bool fresh =
        remaining(stored, received_) > 0 && !stored.response.control.unqualified("no-cache");
    const std::tuple<int, bool, Seconds64> rank{fit, fresh, date_value(stored.response)};
    if (fit == 0 || (best && rank <= best_rank)) continue;
    best_rank = rank;
    best = &stored;
  }
  return best;
}

void Model::lookup() {
  if (request_.method != "GET" &&
      request_.method != "HEAD") {  // §2: only GET's answers are reused, by GET and HEAD
    return forward("fwd=method");
  }
  wishes_ = Control::of_request(request_.fields);
  if (wishes_.has("no-store"))
    return forward("fwd=bypass");  // §5.2.1.5; HTTP-BEHAVIOUR: nor from the store
  const Stored* found = choose();
  if (!found) {
    return miss(stored_[request_.target].empty() ? "fwd=uri-miss" : "fwd=vary-miss");
  }
  const Stored stored = *found;
  // HTTP-BEHAVIOUR §4.2.4: Cache-Status says fwd=stale whenever the response is stale, served or
  // not.
  switch (decide(stored, out_.rule)) {
    case Use::Fresh:
      return answer_from(stored, "hit", received_);
    case Use::Stale:
      return answer_from(stored, "fwd=stale", received_);
    case Use::WhileRevalidate:
      answer_from(stored, "fwd=stale", received_);
      return fetch({&stored, {}, true, "GET", {}});
    case Use::Validate:
      return validate(stored);
  }
}

void Model::validate(const Stored& stored) {
  // RFC 9211 §2.2: "request" is for a fresh response that the request's own directives forbid.
  const bool fresh =
      remaining(stored, received_) > 0 && !stored.response.control.unqualified("no-cache");
  out_.disposition = fresh ? "fwd=request" : "fwd=stale";
  if (wishes_.has("only-if-cached")) return own_error(504, "§5.2.1.7: only-if-cached");
  fetch({&stored, {}, false, request_.method, {}});
}

void Model::miss(const std::string& why) {
  out_.disposition = why;
  out_.rule = "§4: nothing stored fits";
  if (wishes_.has("only-if-cached")) return own_error(504, "§5.2.1.7: only-if-cached");
  fetch({nullptr, offered(), false, request_.method, {}});
}

// §4.1, §4.3.1; HTTP-BEHAVIOUR §4.3: all variants that have an entity tag, the latest first; none
// of other content codings, since one weak tag may stand for all of them (RFC 9110 §8.8.3.3).
std::vector<Model::Stored> Model::offered() const {
  std::vector<Stored> out;
  const auto all = stored_.find(request_.target);
  if (all == stored_.end()) return out;
  for (const Stored& other : all->second) {
    if (only_value(other.response.fields, "ETag") && same_codings(other.variant, request_.fields))
      out.push_back(other);
  }
  return out;
}

Model::Use Model::decide(const Stored& stored, std::string& rule) const {
  if (stored.response.control.unqualified("no-cache")) {
    rule = "§5.2.2.4: no-cache, validated before every use";
    return Use::Validate;
  }
  if (wishes_.has("no-cache")) {
    rule = "§5.2.1.4: the request says no-cache";
    return Use::Validate;
  }
  return remaining(stored, received_) > 0 ? decide_fresh(stored, rule) : decide_stale(stored, rule);
}

Model::Use Model::decide_fresh(const Stored& stored, std::string& rule) const {
  const auto max_age = wishes_.smallest("max-age");
  // max-age=0 asks for validation within the second of arrival, too (reuse.h); immutable: not for a
  // reload (RFC 8246 §2).
  const bool too_old = max_age && (age(stored, received_) > *max_age || *max_age == 0);
  if (too_old && !stored.response.control.has("immutable")) {
    rule = "§5.2.1.1: older than the request's max-age";
    return Use::Validate;
  }
  const auto min_fresh = wishes_.largest("min-fresh");
  if (min_fresh && remaining(stored, received_) < *min_fresh) {
    rule = "§5.2.1.3: not fresh for as long as the request's min-fresh";
    return Use::Validate;
  }
  rule = "§4.2: fresh";
  return Use::Fresh;
}

// §5.2.1.2: without an argument, any staleness; of several the strictest.
std::optional<Seconds64> Model::tolerated_staleness() const {
  if (!wishes_.has("max-stale")) return std::nullopt;
  if (const auto value = wishes_.smallest("max-stale")) return value;
  return wishes_.has_bare("max-stale") ? std::optional(kMaxDelta) : std::nullopt;
}

Model::Use Model::decide_stale(const Stored& stored, std::string& rule) const {
  const Seconds64 staleness = -remaining(stored, received_);
  const auto max_age = wishes_.smallest("max-age");
  rule = "§4.2.4: stale, and nothing allows its use";
  if (stored.lifetime.basis == Basis::None || stored.lifetime.basis == Basis::Invalid)
    return Use::Validate;                                            // no time to be stale from
  if (forbids_stale(stored.response.control)) return Use::Validate;  // §4.2.4
  if (max_age && (age(stored, received_) > *max_age || *max_age == 0))
    return Use::Validate;                                  // §5.2.1.1
  if (wishes_.largest("min-fresh")) return Use::Validate;  // §5.2.1.3
  if (const auto tolerated = tolerated_staleness(); tolerated && staleness <= *tolerated) {
    rule = "§5.2.1.2: within the request's max-stale";
    return Use::Stale;
  }
  if (staleness < stored.response.control.smallest("stale-while-revalidate").value_or(0)) {
    rule = "RFC 5861 §3: within stale-while-revalidate";
    return Use::WhileRevalidate;
  }
  return Use::Validate;
}

void Model::answer_from(const Stored& stored, const std::string& disposition, TimePoint now) {
  out_.disposition = disposition;
  out_.ttl = remaining(stored, now);
  answer(stored.response, stored.body, false);
  // §4: "MUST generate an Age header field" when it is used without validation.
  if (!out_.from_us) out_.fields["age"] = std::to_string(age(stored, now));
}

// A decision of Brink: an Age that passes is brought up to date (§4.2.3), and left out where that
// gives nothing.
void Model::answer_fetched(const Response& response, const std::string& body, bool forwarded) {
  answer(response, body, forwarded);
  const Seconds64 initial_age = corrected_initial_age(response);
  if (!out_.from_us && has(response.fields, "Age") && initial_age > 0)
    out_.fields["age"] = std::to_string(initial_age);
}

void Model::own_error(int status, const std::string& rule) {
  out_.status = status;
  out_.from_us = true;
  out_.rule = rule;
  // RFC 9211 §2.2: fwd says "that the request went forward towards the origin"; this one did not.
  if (rule.starts_with("§5.2.1.7")) out_.disposition = "";
}

// To the client, its conditions met where they were not for the origin (RFC 9110 §13.2.1: of a 2xx
// only).
void Model::answer(const Response& response, const std::string& body, bool forwarded) {
  const Lines fields = end_to_end(response.fields);
  out_.status = response.status;
  if (!forwarded && response.status >= 200 && response.status < 300) {
    const int verdict = evaluate_conditions(request_.fields, fields, seconds_since_1970(received_));
    if (verdict == 412) return own_error(412, "RFC 9110 §13.1: a precondition does not hold");
    if (verdict == 304) out_.status = 304;
  }
  for (const auto& [field, unused] : fields) {
    const std::string name = lower(field);
    if (kNotKept.contains(name) || kNotShown.contains(name)) continue;
    // RFC 9110 §15.4.5: no representation metadata but what guides caches.
    const bool metadata = name.starts_with("content-") && name != "content-location";
    if (out_.status == 304 && response.status != 304 && metadata) continue;
    out_.fields[name] = joined(fields, name);
  }
  const bool no_content = request_.method == "HEAD" || out_.status == 204 || out_.status == 304;
  out_.body = no_content ? "" : body;
}

void Model::keep(const Variant& variant, const Response& response, const std::string& body) {
  // As received: Connection may take a field away that this hop, as its recipient, still obeys (RFC
  // 9110 §7.6.1).
  Stored stored{variant, response,  freshness_lifetime(response), corrected_initial_age(response),
                body,    ++numbers_};
  stored.response.fields = kept_fields(response);
  auto& all = stored_[request_.target];
  std::erase_if(all, [&](const Stored& old) { return same_variant(old.variant, variant); });
  all.insert(all.begin(), stored);
}

void Model::drop(std::uint64_t number) {
  std::erase_if(stored_[request_.target],
                [&](const Stored& stored) { return stored.number == number; });
}

}  // namespace brink::sim::rfc9111
