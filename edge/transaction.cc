#include "edge/transaction.h"

#include <algorithm>

#include "edge/cache/freshness.h"
#include "edge/cache/invalidation.h"
#include "edge/cache/validation.h"
#include "edge/cache/vary.h"
#include "edge/collapse.h"
#include "edge/upstream_request.h"

namespace brink::edge {
namespace {

constexpr std::uint32_t kMaxRestarts = 4;

// Picks the stored variant that was made for a request like this one (RFC 9111 §4.1). Among those that fit alike a fresh one, then the
// one with the latest Date (§4: "a cache MUST use the most recent one").
class VariantSelector final : public store::Selector {
 public:
  VariantSelector(Fields request, TimePoint now, std::string& scratch) : matcher_(request, scratch), now_(now) {}
  std::int64_t score(const store::StoredResponse& candidate) const noexcept override {
    const cache::StoredMeta& meta = candidate.meta();
    const std::string_view vary = cache::slice(candidate.head(), meta.vary);
    if (vary.empty()) return 1;
    const std::int64_t fit =
        matcher_.score(vary, candidate.variant_key(), cache::slice(candidate.head(), meta.content_language));
    if (fit == 0) return 0;
    const bool fresh = !meta.no_cache && cache::remaining_freshness(meta, now_) > 0;
    const std::int64_t received_s = std::chrono::floor<Seconds>(meta.response_time).time_since_epoch().count();
    const std::int64_t date_s = meta.date_s != cache::kNoDate ? std::int64_t{meta.date_s} : received_s;
    return (fit << 40U) + (std::int64_t{fresh} << 39U) + std::clamp<std::int64_t>(date_s, 0, kLatestDate);
  }

 private:
  static constexpr std::int64_t kLatestDate = (std::int64_t{1} << 39U) - 1;
  mutable cache::VariantMatcher matcher_;  // builds the request's key once, for the first Vary it sees
  const TimePoint now_;
};

// Takes hold of the stored variants that have a tag (RFC 9111 §4.3.1); chooses none.
class TagCollector final : public store::Selector {
 public:
  explicit TagCollector(std::vector<store::ResponsePtr>& out) : out_(out) { out_.reserve(kMaxOffered); }
  std::int64_t score(const store::StoredResponse& candidate) const noexcept override {
    if (candidate.meta().etag.length > 0 && out_.size() < kMaxOffered) out_.emplace_back(&candidate);
    return 0;
  }

 private:
  static constexpr std::size_t kMaxOffered = 64;
  std::vector<store::ResponsePtr>& out_;
};

std::string_view tag_of(const store::StoredResponse& response) {
  return cache::slice(response.head(), response.meta().etag);
}

bool asked_by_request(cache::Reason reason) {
  return reason == cache::Reason::NoCacheRequest || reason == cache::Reason::RequestMaxAge ||
         reason == cache::Reason::RequestMinFresh;
}

}  // namespace

void Transaction::begin(const RequestHead& head, origin::BodySource* body) {
  head_ = head;
  request_body_ = body;
  now_ = context_.clock.now();
  began_ = context_.clock.ticks();
  first_byte_ = {};
  outcome_ = {};
  interim_seen_ = 0;
  restarts_ = 0;
  uncombinable_ = false;
  forwarded_ = false;
  directives_ = {};
  trace_ = {};
  error_.reset();
  sites_ = context_.sites;
  stage_ = Stage::Lookup;
  site_ = sites_->find(head_.host);
  is_child_ = comes_from_child();
  rules_ = nullptr;
  if (!accept()) return;
  rules_ = &site_->rules_for(head_.target);
  if (is_method_purge()) return purge_by_method();
  if (head_.content_length.value_or(0) > rules_->body_bytes) {
    context_.metrics.count_limit(Limit::BodyBytes);
    return answer_error(413, "the request body is larger than the site's rules allow", std::nullopt);
  }
  make_key();
}

// What is refused before the cache is asked.
bool Transaction::accept() {
  if (head_.method == "CONNECT") {
    answer_error(501, "CONNECT is not supported: this is a reverse proxy", std::nullopt);
  } else if (head_.method == "TRACE") {
    answer_error(405, "TRACE is refused: it would show a client the fields that nodes add", std::nullopt);
  } else if (!site_) {
    answer_error(421, "no site of this node answers for this host", std::nullopt);
  } else if (is_loop(head_.fields, context_.identity.name)) {
    answer_error(508, "the request has passed this node already", ErrorCode::LoopDetected);
  } else {
    return true;
  }
  return false;
}

void Transaction::make_key() {
  version_.assign(version());
  key_ = cache::make_cache_key({.scheme = head_.scheme,
                                .host = head_.host,
                                .target = head_.target,
                                .version = version_,
                                .ignore_query = rules_->ignore_query},
                               key_buffer_);
}

void Transaction::refuse(const RequestHead& head, const Error& error) {
  refuse(head, status_of(error), error.what, true);
  answer_error(status_of(error), error.what, error.code);
  plan_.close = true;
}

void Transaction::refuse(const RequestHead& head, int status, std::string_view what, bool close) {
  head_ = head;
  now_ = context_.clock.now();
  began_ = context_.clock.ticks();
  first_byte_ = {};
  outcome_ = {};
  site_ = nullptr;
  key_ = {};
  trace_ = {};
  error_.reset();
  answer_error(status, what, std::nullopt);
  plan_.close = close;
}

Step Transaction::advance() {
  for (;;) {
    if (stage_ == Stage::Ready) return Step::Respond;
    if (stage_ == Stage::AwaitPurge) return await_purge();
    if (stage_ == Stage::Lookup) {
      lookup();
      continue;
    }
    if (stage_ == Stage::AwaitSlice) {
      const auto prepared = slices_->prepare(!directives_.only_if_cached);
      if (prepared == SliceReader::Prepared::Wait) return Step::Wait;
      await_slice(prepared);
      continue;
    }
    const Fetch::Progress progress = fetch_->progress();
    if (progress.interim_count > interim_seen_ && head_.http_minor > 0) {
      interim_ = fetch_->interim_since(interim_seen_).front();
      ++interim_seen_;
      return Step::Interim;
    }
    if (progress.phase == Fetch::Phase::Waiting) return Step::Wait;
    answer_progress(progress);
  }
}

// What is stored for a request like this one and may be used: what is purged or outdated is as good as gone.
store::ResponsePtr Transaction::find_stored(std::string& scratch) {
  for (;;) {
    // A selector of its own for each look: it keeps a view of a head that is gone once what was found is let go.
    store::ResponsePtr found = context_.store.lookup(key_, VariantSelector(head_.fields, now_, scratch));
    if (!found) return nullptr;
    if (store::ResponsePtr usable = admit(std::move(found)); usable || behind_) return usable;
  }
}

void Transaction::lookup() {
  take_position();
  if (fenced_ && context_.purges.fenced == config::Fenced::Fail) {
    outcome_.result = CacheResult::Bypass;
    outcome_.reason = cache::Reason::Fenced;
    return answer_error(503, "this node has lost the purge log", ErrorCode::LimitReached);
  }
  // A POST's answer may be stored as well, unless its request says no-store.
  directives_ = rules_->policy.honour_request_directives ? cache::parse_request_directives(head_.fields)
                                                         : cache::RequestDirectives{};
  if (!is_get() && !is_head()) return go_alone(Alone::ForwardOnly, CacheResult::Method, cache::Reason::MethodNotCacheable);
  if (rules_->bypass) return go_alone(Alone::ForwardOnly, CacheResult::Bypass, cache::Reason::SiteBypass);
  if (head_.has_body) return go_alone(Alone::ForwardOnly, CacheResult::Bypass, cache::Reason::RequestBody);
  if (directives_.no_store) {
    return go_alone(Alone::ForwardOnly, CacheResult::Bypass, cache::Reason::RequestNoStore);
  }
  store::ResponsePtr found = find_stored(scratch_);
  // Slices that kept changing under us would do so again.
  if (!found || (found->meta().sliced && restarts_ > kMaxRestarts)) {
    return miss(missing_because(), CacheResult::Miss);
  }
  auto decision = cache::decide_reuse(directives_, found->meta(), rules_->policy, now_);
  if (distrusts_store()) decision = {cache::Reuse::MustValidate, cache::Reason::Fenced};
  // A child that validates its own stale response gains nothing from ours: it would store what is stale already.
  // Nor from one that a purge made stale, which it could not see.
  // And a request that nobody waits for is there to get the response fresh.
  const bool validates_first =
      decision.reuse == cache::Reuse::ServeStaleAndValidate &&
      (head_.warm || (to_child_tier() && (cache::is_conditional(head_.fields) || found->meta().soft_purged)));
  if (decision.reuse != cache::Reuse::MustValidate && !validates_first) {
    return answer_hit(std::move(found), decision);
  }
  stale_ = std::move(found);
  // "request" is said of a fresh response only (RFC 9211 §2.2).
  const bool fresh = cache::remaining_freshness(stale_->meta(), now_) > 0;
  const bool by_request = fresh && asked_by_request(decision.reason);
  miss(decision.reason, by_request ? CacheResult::Request : CacheResult::Expired);
}

cache::Reason Transaction::missing_because() const {
  if (behind_) return cache::Reason::Behind;
  return purged_ ? cache::Reason::Purged : cache::Reason::NotStored;
}

void Transaction::miss(cache::Reason reason, CacheResult result) {
  if (directives_.only_if_cached) {
    outcome_.result = result;
    outcome_.reason = cache::Reason::OnlyIfCached;
    return answer_error(504, "not stored, and the request said only-if-cached", std::nullopt);
  }
  scratch_.assign(key_.text);
  if (!stale_ && !behind_) {
    if (store::ResponsePtr other = context_.store.peek(key_)) {
      const bool counts = !purged_ || may_offer(*other);
      offered_ = std::move(other);
      context_.store.lookup(key_, TagCollector(tagged_));
      std::erase_if(tagged_, [this](const store::ResponsePtr& variant) { return !may_offer(*variant); });
      if (!purged_) reason = cache::Reason::VariantNotStored;
      if (counts) result = CacheResult::VaryMiss;
    }
  }
  outcome_.result = result;
  outcome_.reason = reason;
  const bool ranged = find_field(head_.fields, "range") != nullptr;
  if (context_.uncacheable.knows(ranged ? UncacheableMemory::hash_of_ranges(key_.hash) : key_.hash, now_)) {
    return go_alone(as_it_is(), result, stale_ ? reason : cache::Reason::KnownUncacheable);
  }
  if (begins_beyond_slices()) return go_alone(Alone::ForwardOnly, result, reason);
  if (restarts_ > kMaxRestarts) return go_alone(as_it_is(), result, reason);
  if (is_head() || reason == cache::Reason::NoCacheRequest) return go_alone(Alone::MayStore, result, reason);
  if (const store::ResponsePtr& known = stale_ ? stale_ : offered_) {
    const std::string_view vary = cache::slice(known->head(), known->meta().vary);
    if (!vary.empty()) {
      scratch_.push_back('\n');
      cache::append_variant_key(vary, head_.fields, scratch_);
    }
  }
  join(scratch_, key_.hash);
}

void Transaction::join(std::string_view collapse_key, std::uint64_t hash) {
  const auto make = [&] { return Fetch::create(context_, collapse_key, hash, hash, fetch_as_of()); };
  auto joined = context_.collapse.join(collapse_key, hash, make);
  if (!joined.leader && !may_join(*joined.fetch)) {
    context_.collapse.remove(collapse_key, hash, joined.fetch.get());
    joined = context_.collapse.join(collapse_key, hash, make);
  }
  leader_ = joined.leader;
  if (!joined.fetch->attach(waker_)) {
    context_.metrics.count_limit(Limit::Followers);
    return answer_error(503, "too many requests wait for this response", ErrorCode::LimitReached);
  }
  fetch_ = std::move(joined.fetch);
  stage_ = Stage::AwaitHead;
  if (leader_) return lead(fetch_);
  outcome_.collapsed = true;
  context_.metrics.collapsed.add();
}

// Between "not stored" and "elected" another fetch may have ended: look once more before asking (collapse.h).
void Transaction::lead(const std::shared_ptr<Fetch>& fetch) {
  if (store::ResponsePtr found = find_stored(text_); found && found != stale_) {
    const auto decision = cache::decide_reuse(directives_, found->meta(), rules_->policy, now_);
    if (decision.reuse == cache::Reuse::Fresh && !fenced_) {
      fetch->abandon();
      leave_fetch();
      return answer_hit(std::move(found), decision);
    }
  }
  start_fetch(fetch, Alone::MayStore, false);
}

void Transaction::go_alone(Alone how, CacheResult result, cache::Reason reason) {
  outcome_.result = result;
  outcome_.reason = reason;
  outcome_.collapsed = false;
  auto fetch = Fetch::create(context_, {}, 0, key_.hash, fetch_as_of());
  leader_ = true;
  forwarded_ = how == Alone::ForwardOnly;
  CHECK(fetch->attach(waker_));
  fetch_ = fetch;
  stage_ = Stage::AwaitHead;
  start_fetch(fetch, how, false);
}

// One If-None-Match for all of them, as far as a request's head has room.
std::string Transaction::offered_tags() const {
  constexpr std::size_t kMaxBytes = 4096;
  std::string tags;
  for (auto variant = tagged_.begin(); variant != tagged_.end(); ++variant) {
    const std::string_view tag = tag_of(**variant);
    const bool in_a_list = cache::is_entity_tag(tag) || tagged_.size() == 1;  // one alone goes byte for byte
    const bool again = std::any_of(tagged_.begin(), variant, [&](const auto& v) { return tag_of(*v) == tag; });
    if (!in_a_list || again || tags.size() + tag.size() > kMaxBytes) continue;
    tags.append(tags.empty() ? "" : ", ").append(tag);
  }
  return tags;
}

void Transaction::start_fetch(const std::shared_ptr<Fetch>& fetch, Alone how, bool background) {
  if (context_.fetches.size() >= context_.cache.fetches) {
    context_.metrics.count_limit(Limit::Fetches);
    fetch->abandon();
    if (background) return;
    leave_fetch();
    return answer_error(503, "too many requests to upstream are under way", ErrorCode::LimitReached);
  }
  FetchPlan plan;
  cache::ValidationFields conditions;
  const bool stores = how == Alone::MayStore;
  std::string tags;
  std::erase_if(tagged_, [&](const store::ResponsePtr& variant) {
    return !cache::same_codings(variant->variant_key(), head_.fields, text_);
  });
  if (stores && is_get() && stale_) {
    conditions = cache::validation_fields(stale_->meta(), stale_->head());
  } else if (stores && is_get()) {  // a date does not tell variants apart
    conditions.if_none_match = tags = offered_tags();
    plan.offered = tagged_;
  }
  plan.request = make_upstream_request(head_, *site_, stores ? UpstreamPurpose::Store : UpstreamPurpose::Forward,
                                       conditions, context_.identity.name);
  if (stores) plan_slice(plan, background);
  add_tier_fields(plan);
  plan.client_fields = OwnedFields(head_.fields);
  plan.policy = rules_->policy;
  plan.directives = directives_;
  plan.cache_key = key_.text;
  plan.stale = stale_;
  if (conditions.any()) plan.asked = stale_ ? stale_ : tagged_.front();
  plan.may_store = stores || (head_.method == "POST" && !rules_->bypass);
  plan.has_authorization = find_field(head_.fields, "authorization") != nullptr;
  plan.request_no_store = directives_.no_store;
  plan.background = background;
  if (request_body_ && head_.has_body && !background) {
    plan.request.body = request_body_;
    plan.request.content_length = head_.content_length;
    forwards_body_ = true;
  }
  fetch->start(std::move(plan));
}

// stale-while-revalidate (RFC 5861 §3): owned by the shard, whoever asked; one per key.
void Transaction::validate_in_background() {
  if (context_.fetches.background >= context_.cache.background_fetches) {
    return context_.metrics.count_limit(Limit::BackgroundFetches);
  }
  scratch_.assign(key_.text);
  const std::string_view vary = cache::slice(stale_->head(), stale_->meta().vary);
  if (!vary.empty()) {
    scratch_.push_back('\n');
    cache::append_variant_key(vary, head_.fields, scratch_);
  }
  const std::string_view name = scratch_;
  const auto joined =
      context_.collapse.join(name, key_.hash, [&] { return Fetch::create(context_, name, key_.hash, key_.hash, as_of_); });
  if (!joined.leader) return;
  const std::string_view method = head_.method;
  head_.method = "GET";  // a HEAD may find it stale as well
  start_fetch(joined.fetch, Alone::MayStore, true);
  head_.method = method;
}

void Transaction::request_body_arrived() {
  if (fetch_) fetch_->resume_request();
}

bool Transaction::waited_too_long() {
  if (!waits_for_another()) return false;
  context_.metrics.count_limit(Limit::FollowerTimeout);
  const bool for_slice = stage_ == Stage::AwaitSlice;
  if (for_slice) tell_slices_are_missing();
  leave_fetch();
  slices_.reset();
  go_alone(for_slice ? as_it_is() : Alone::MayStore, outcome_.result, outcome_.reason);
  return true;
}

void Transaction::restart() {
  leave_fetch();
  slices_.reset();
  ++restarts_;
  stale_.reset();
  offered_.reset();
  tagged_.clear();
  outcome_ = {};
  now_ = context_.clock.now();
  stage_ = Stage::Lookup;
}

void Transaction::leave_fetch() {
  if (!fetch_) return;
  if (leader_) fetch_->let_go_of_beginning();
  fetch_->stop_waiting(waker_);
  fetch_->leave();
  // The body it may still be sending belongs to this client.
  if (forwards_body_) fetch_->cancel({ErrorCode::ClientGone, Side::Client});
  forwards_body_ = false;
  leader_ = false;
  fetch_.reset();
}

void Transaction::release() {
  body_.clear();
  slices_.reset();
  leave_fetch();
  if (purge_call_) purge_call_->leave();
  purge_call_.reset();
  stale_.reset();
  offered_.reset();
  tagged_.clear();
  answered_.reset();
  request_body_ = nullptr;
  plan_ = {};
}

}  // namespace brink::edge
