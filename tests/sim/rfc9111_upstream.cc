// The model, second half: what is asked of the origin, and what its answer does.

#include <algorithm>

#include "tests/sim/rfc9111_model.h"

namespace brink::sim::rfc9111 {
namespace {

constexpr Seconds64 kUnreachableWindow = 24 * 3600;  // HTTP-BEHAVIOUR §4.2.4

bool is_error(int status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}
bool has_no_head(const Reply& reply) {
  return reply.kind == Reply::Kind::Closed || reply.kind == Reply::Kind::TimedOut;
}

// RFC 9110 §6.6.1: a recipient with a clock adds a missing Date.
Lines with_date(Lines fields, TimePoint now) {
  if (has(fields, "Date")) return fields;
  fields.emplace_back("Date", write_date(seconds_since_1970(now), DateForm::ImfFixdate));
  return fields;
}

}  // namespace

Exchange Model::exchange(const Question& question) const {
  return {question.method, request_.target, request_.fields};
}

Reply Model::ask(Question& question, const Lines& conditions) {
  question.asked_at = clock_.now();
  Asked asked{question.method, request_.target, conditions, question.background};
  std::sort(asked.conditions.begin(), asked.conditions.end());
  out_.asked.push_back(asked);
  return origin_(asked);
}

// Past the cache: the client's own conditions go along, and no stored response stands in.
void Model::forward(const std::string& why) {
  out_.disposition = why;
  out_.rule = "§4: goes past the cache";
  Question question{nullptr, {}, false, request_.method, {}};
  const Reply reply = ask(question, condition_lines(request_.fields));
  if (has_no_head(reply)) return no_answer(question, reply);
  invalidate(reply);
  take_full(question, reply);
}

// §4.4: after a non-error answer to an unsafe method, the target, and what Location and
// Content-Location name.
void Model::invalidate(const Reply& reply) {
  const std::string& method = request_.method;
  const bool safe = method == "GET" || method == "HEAD" || method == "OPTIONS";  // RFC 9110 §9.2.1
  if (safe || reply.status < 200 || reply.status >= 400) return;
  stored_.erase(request_.target);
  for (const char* name : {"Location", "Content-Location"}) {
    if (const auto reference = only_value(reply.fields, name)) {
      stored_.erase(same_origin_target(*reference, request_.target));
    }
  }
}

void Model::fetch(Question question) {
  Lines conditions;
  // §4.3.1; a HEAD's answer is compared with what is stored instead (§4.3.5).
  if (question.method == "GET" && question.stale) {
    conditions = validators(question.stale->response.fields);
  } else if (question.method == "GET") {
    std::vector<std::string> tags;
    for (const Stored& other : question.offered)
      tags.push_back(*only_value(other.response.fields, "ETag"));
    conditions = one_of(tags);
  }
  Reply reply = ask(question, conditions);
  if (!has_no_head(reply) && reply.status == 304 && !conditions.empty()) {
    if (const Stored* asked = selected(question, reply)) {
      return take_not_modified(question, *asked, reply);
    }
    reply = ask(question, {});  // §4.3.4: "the cache MUST NOT use the new response to update"; so
                                // it asks for a whole one
  }
  if (has_no_head(reply)) return no_answer(question, reply);
  if (is_error(reply.status) && stale_instead(question, false)) return;
  if (question.method == "HEAD" && reply.status == 200 && question.stale)
    take_head(question, reply);
  take_full(question, reply);
}

// §4.3.4: what a 304 is about; of several that were offered the tag that it names, or none.
const Model::Stored* Model::selected(const Question& question, const Reply& reply) const {
  const auto fits = [&](const Stored& stored) {
    return selects(reply.fields, stored.response.fields, seconds_since_1970(clock_.now()));
  };
  if (question.stale) return fits(*question.stale) ? question.stale : nullptr;
  if (question.offered.size() > 1 && !only_value(reply.fields, "ETag")) return nullptr;
  for (const Stored& other : question.offered) {
    if (fits(other)) return &other;
  }
  return nullptr;
}

// RFC 5861 §4, §4.2.4. True: the stale response is the answer.
bool Model::stale_instead(const Question& question, bool unreachable) {
  if (!question.stale) return false;
  const Stored& stored = *question.stale;
  const Control& control = stored.response.control;
  if (control.unqualified("no-cache") || forbids_stale(control) || wishes_.has("no-cache"))
    return false;
  const TimePoint now = clock_.now();
  const Seconds64 staleness = std::max<Seconds64>(0, -remaining(stored, now));
  const auto window = control.smallest("stale-if-error");
  const auto wished = wishes_.smallest("stale-if-error");
  const auto tolerated = tolerated_staleness();
  bool use = (window && staleness < *window) || (wished && staleness < *wished) ||
             (tolerated && staleness <= *tolerated);
  // HTTP-BEHAVIOUR §4.2.4: without the directive, a day when upstream is unreachable; a stored 5xx
  // is no better than ours (reuse.h).
  use = use ||
        (unreachable && !window && stored.response.status < 500 && staleness < kUnreachableWindow);
  if (!use || question.background) return use;
  out_.rule = "RFC 5861 §4, §4.2.4: stale because the origin fails";
  answer_from(stored, "fwd=stale", now);
  return true;
}

void Model::no_answer(const Question& question, const Reply& reply) {
  if (stale_instead(question, true) || question.background) return;
  const bool gateway_timeout = question.stale || reply.kind == Reply::Kind::TimedOut;
  own_error(gateway_timeout ? 504 : 502, "RFC 9110 §15.6.3, §15.6.5; §4.2.4: stale is not allowed");
}

void Model::take_full(const Question& question, const Reply& reply) {
  const TimePoint now = clock_.now();
  const Response response{reply.status, with_date(reply.fields, now), question.asked_at, now,
                          Control::of_response(reply.fields)};
  const std::string reason = why_not_stored(exchange(question), response);
  const bool whole = reply.kind == Reply::Kind::Answer;  // §3.3: an incomplete response is not kept
  if (reason.empty() && whole)
    keep({joined(response.fields, "Vary"), request_.fields}, response, reply.body);
  if (question.background) return;
  if (!reason.empty()) out_.rule += "; not stored: " + reason;
  out_.stored = reason.empty();  // as far as is known when the head goes out
  const bool past_the_cache = out_.disposition == "fwd=method" || out_.disposition == "fwd=bypass";
  answer_fetched(response, reply.body, past_the_cache);
  out_.cut = !whole && !out_.from_us && !out_.body.empty();
  if (out_.cut) out_.body.clear();
}

// §4.3.4: freshens what was asked about; storable anew, or it goes (validation.h).
void Model::take_not_modified(const Question& question, const Stored& asked, const Reply& reply) {
  const TimePoint now = clock_.now();
  const Lines fields = updated(asked.response.fields, reply.fields, seconds_since_1970(now));
  const Response response{asked.response.status, fields, question.asked_at, now,
                          Control::of_response(fields)};
  const std::string reason = why_not_stored(exchange(question), response);
  const Stored old = asked;
  drop(old.number);
  if (reason.empty()) keep(old.variant, response, old.body);
  if (question.background) return;
  out_.rule += "; §4.3.4: validated" + (reason.empty() ? "" : ", and not kept: " + reason);
  // What a qualified directive names is for this client where the 304 itself brought it; a stored
  // line of that name is somebody else's.
  Response shown = response;
  for (const char* directive : {"no-cache", "private"}) {
    for (const std::string& name : response.control.field_names(directive)) {
      if (!has(reply.fields, name)) remove_field(shown.fields, name);
    }
  }
  answer_fetched(shown, old.body, false);
}

// §4.3.5: "update or invalidate".
void Model::take_head(const Question& question, const Reply& reply) {
  const TimePoint now = clock_.now();
  const Stored old = *question.stale;
  if (!describes(reply.fields, old.response.fields, old.body.size(), seconds_since_1970(now)))
    return drop(old.number);
  const Lines fields = updated(old.response.fields, reply.fields, seconds_since_1970(now));
  const Response response{old.response.status, fields, question.asked_at, now,
                          Control::of_response(fields)};
  Exchange as_get = exchange(question);
  as_get.method = "GET";
  if (!why_not_stored(as_get, response).empty()) return;  // it stays as it was: stale
  drop(old.number);
  keep(old.variant, response, old.body);
}

}  // namespace brink::sim::rfc9111
