// Transaction, second half: from what was found or fetched to what goes out.

#include "edge/cache/freshness.h"
#include "edge/cache/validation.h"
#include "edge/cache/vary.h"
#include "edge/transaction.h"

namespace brink::edge {

bool Transaction::comes_from_child() const {
  if (!head_.from_peer) return false;
  return field_value(head_.fields, "cdn-loop").find("brink-") != std::string_view::npos;
}

Shown Transaction::shown_fields(bool child) const {
  if (child || rules_->show_targeted_fields) return Shown::Everything;
  return rules_->policy.surrogate_control ? Shown::NorSurrogate : Shown::NotTargeted;
}

void Transaction::answer_hit(store::ResponsePtr response, const cache::ReuseDecision& decision) {
  trace_ = {};
  outcome_.reason = decision.reason;
  outcome_.result = CacheResult::Hit;
  context_.hits->note(response->hash());
  outcome_.ttl_s = cache::remaining_freshness(response->meta(), now_);
  if (decision.reuse == cache::Reuse::ServeStaleAndValidate) {
    outcome_.result = CacheResult::Stale;
    stale_ = response;
    validate_in_background();
  } else if (*outcome_.ttl_s <= 0) {
    outcome_.result = CacheResult::Stale;  // the request's max-stale
  }
  answer_stored(response, nullptr);
}

void Transaction::answer_progress(const Fetch::Progress& progress) {
  using Phase = Fetch::Phase;
  if (progress.phase == Phase::Abandoned) return restart();
  outcome_.upstream_status = progress.upstream_status;
  trace_ = fetch_->trace();
  if (progress.phase == Phase::Failed) return answer_failure(progress.error);
  if (progress.phase == Phase::Declined) {
    leave_fetch();
    return go_alone(as_it_is(), outcome_.result, outcome_.reason);
  }
  if (progress.phase == Phase::ErrorStatus) {
    cache::StaleDecision decision;
    if (answer_stale(cache::UpstreamFailure::ErrorResponse, decision)) return;
    leave_fetch();  // a follower whose own stale response may not stand in: it asks for itself
    return go_alone(Alone::MayStore, outcome_.result, outcome_.reason);
  }
  if (!leader_) {
    if (progress.upstream_status == 416) return restart();  // says nothing of other ranges than the leader's
    if (!progress.shareable) {
      leave_fetch();
      return go_alone(Alone::MayStore, outcome_.result, cache::Reason::KnownUncacheable);
    }
    if (context_.purges.groups.outdated(*progress.response) || !may_share(*progress.response)) {
      leave_fetch();
      return go_alone(Alone::MayStore, outcome_.result, outcome_.reason);
    }
    const std::string_view vary = cache::slice(progress.response->head(), progress.response->meta().vary);
    scratch_.clear();
    if (!vary.empty()) cache::append_variant_key(vary, head_.fields, scratch_);
    if (scratch_ != progress.response->variant_key()) return restart();
  }
  if (progress.phase == Phase::Freshened && outcome_.result == CacheResult::Expired) {
    outcome_.result = CacheResult::Validated;
  }
  answer_fetched(progress);
}

void Transaction::answer_fetched(const Fetch::Progress& progress) {
  if (progress.phase == Fetch::Phase::Sliced) {
    outcome_.stored = true;
    return answer_sliced(progress.response);
  }
  outcome_.store_reason = trace_.store_reason;
  outcome_.stored = trace_.store_reason == cache::Reason::Stored ||
                    trace_.store_reason == cache::Reason::StoredToValidate;
  answer_stored(progress.response, progress.fill);
  if (leader_) fetch_->let_go_of_beginning();
}

// `fill` is null when the body is complete.
void Transaction::answer_stored(const store::ResponsePtr& response, const std::shared_ptr<store::Fill>& fill) {
  if (response->meta().sliced) return answer_sliced(response);
  answered_ = response;
  const int status = response->meta().status;
  if (!forwarded_ && status >= 200 && status < 300 && answer_preconditions(response)) return;
  if (!forwarded_ && status == 200 && is_get() && answer_ranges(response, fill)) return;
  begin_plan(response, HeadKind::Whole, status);
  plan_.announce_length = status != 204 && status != 304;
  plan_.send_body = plan_.announce_length && !is_head();
  if (!plan_.send_body) {
    plan_.length = fill ? fetch_->progress().content_length : std::optional(response->body_length());
  } else if (!set_body(response, fill, 0, UINT64_MAX)) {
    leave_fetch();
    return go_alone(Alone::MayStore, outcome_.result, outcome_.reason);
  }
  stage_ = Stage::Ready;
}

bool Transaction::set_body(const store::ResponsePtr& response, const std::shared_ptr<store::Fill>& fill,
                           std::uint64_t begin, std::uint64_t end) {
  if (!fill) {
    body_.set_reader(store::BodyReader(response, begin, end));
    plan_.length = std::min(end, response->body_length()) - begin;
    return true;
  }
  auto reader = store::BodyReader::join(fill, &waker_, begin, end);
  if (!reader) return false;
  plan_.length = reader->known_length();
  if (plan_.length) plan_.length = std::min(end, *plan_.length) - begin;
  body_.set_reader(std::move(*reader));
  return true;
}

void Transaction::begin_plan(const store::ResponsePtr& response, HeadKind kind, int status) {
  plan_ = {};
  plan_.status = status;
  extra_.clear();
  const bool child = to_child_tier();
  const Shown shown = shown_fields(child);
  if (head_is_verbatim(*response, kind, shown)) {
    plan_.head = response->head();
  } else {
    write_head(*response, kind, shown, head_text_);
    plan_.head = head_text_;
  }
  const bool from_store = outcome_.result == CacheResult::Hit || outcome_.result == CacheResult::Stale ||
                          outcome_.result == CacheResult::Partial;
  const std::uint32_t age = cache::current_age(response->meta(), now_);
  // A child takes our word for the age (its clock may differ), so it is told what Date and delay add up to.
  if (from_store || (age > 0 && (trace_.upstream_aged || child))) append_age(extra_, age);
  extra_.append(context_.identity.via);
  append_cache_status(extra_, context_.identity.name, trace_.cache_status, outcome_);
  if (leader_ && fetch_) extra_.append(fetch_->progress().unkept);
  if (child) append_child_fields(*response);
  plan_.extra = extra_;
}

bool Transaction::answer_preconditions(const store::ResponsePtr& response) {
  if (!cache::is_conditional(head_.fields)) return false;
  const auto verdict =
      cache::evaluate_preconditions(head_.method, head_.fields, response->meta(), response->head(), now_);
  if (verdict == cache::Precondition::Proceed) return false;
  if (verdict == cache::Precondition::Failed) {
    answer_error(412, "a precondition of the request does not hold", std::nullopt);
    return true;
  }
  begin_plan(response, HeadKind::NotModified, 304);
  plan_.send_body = plan_.announce_length = false;
  stage_ = Stage::Ready;
  return true;
}

// Ranges of a stored or filling 200 whose length is known (RFC 9110 §14); otherwise the whole goes out.
bool Transaction::answer_ranges(const store::ResponsePtr& response, const std::shared_ptr<store::Fill>& fill) {
  const std::string_view field = field_value(head_.fields, "range");
  if (field.empty() || !cache::if_range_holds(head_.fields, response->meta(), response->head())) return false;
  const auto length = fill ? fetch_->progress().content_length : std::optional(response->body_length());
  if (!length) return false;
  const cache::RangeSet ranges = cache::resolve_ranges(field, *length);
  if (ranges.outcome == cache::RangeOutcome::Whole) return false;
  if (ranges.outcome == cache::RangeOutcome::Unsatisfiable) {
    answer_unsatisfiable(*length);
    return true;
  }
  if (ranges.count > 1 && fill) return false;
  begin_plan(response, ranges.count == 1 ? HeadKind::Partial : HeadKind::Multipart, 206);
  if (ranges.count == 1) {
    const cache::ByteRange range = ranges.ranges[0];
    append_content_range(extra_, range, *length);
    if (!set_body(response, fill, range.begin, range.end)) return false;
    plan_.length = range.size();
  } else {
    std::string_view type;
    cache::for_each_stored_field(response->head(), [&](const Field& f) {
      if (iequals(f.name, "content-type")) type = f.value;
      return type.empty();
    });
    body_.set_multipart(response, ranges, type);
    plan_.length = body_.length();
    extra_.append("Content-Type: multipart/byteranges; boundary=").append(ResponseBody::kBoundary).append("\r\n");
  }
  plan_.extra = extra_;
  stage_ = Stage::Ready;
  return true;
}

void Transaction::answer_unsatisfiable(std::uint64_t complete_length) {
  answer_error(416, "no part of the range lies within the representation", std::nullopt);
  append_unsatisfied_range(extra_, complete_length);
  plan_.extra = extra_;
}

bool Transaction::answer_stale(cache::UpstreamFailure failure, cache::StaleDecision& decision) {
  // Who has lost the log cannot tell whether it was purged.
  if (!stale_ || distrusts_store()) return false;
  decision = cache::decide_stale_on_failure(directives_, stale_->meta(), failure, rules_->policy,
                                            context_.clock.now());
  if (!decision.serve_stale) return false;
  outcome_.result = CacheResult::Stale;
  outcome_.reason = decision.reason;
  now_ = context_.clock.now();
  outcome_.ttl_s = cache::remaining_freshness(stale_->meta(), now_);
  forwarded_ = false;  // upstream has answered neither conditions nor ranges
  answer_stored(stale_, nullptr);
  return true;
}

// No head came. A stale response stands in where it may; where it may not, that is a 504 of ours (RFC 9111 §4.2.4).
void Transaction::answer_failure(const Error& error) {
  cache::StaleDecision decision;
  if (error.side == Side::Upstream && answer_stale(cache::UpstreamFailure::Unreachable, decision)) return;
  const bool stale_forbidden = stale_ && error.side == Side::Upstream;
  if (stale_forbidden && decision.reason != cache::Reason::None) outcome_.reason = decision.reason;
  answer_error(stale_forbidden ? 504 : status_of(error), error.what.empty() ? to_string(error.code) : error.what,
               error.code);
}

void Transaction::answer_error(int status, std::string_view what, std::optional<ErrorCode> code) {
  error_ = code;
  plan_ = {};
  plan_.status = status;
  extra_.clear();
  write_error_head(status, context_.clock.now(), head_text_);
  if (status == 405) head_text_.append("Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS\r\n");
  extra_.append(context_.identity.via);
  if (outcome_.result != CacheResult::Refused) {
    append_cache_status(extra_, context_.identity.name, trace_.cache_status, outcome_);
  }
  if (code) append_proxy_status(extra_, context_.identity.name, *code);
  write_error_text(status, what, text_);
  body_.set_text(text_);
  plan_.head = head_text_;
  plan_.extra = extra_;
  plan_.length = text_.size();
  plan_.send_body = !is_head();
  stage_ = Stage::Ready;
}

}  // namespace brink::edge
