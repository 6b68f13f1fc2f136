#include "edge/fetch.h"

#include <algorithm>

#include "edge/cache/freshness.h"
#include "edge/cache/invalidation.h"
#include "edge/cache/key.h"
#include "edge/cache/reuse.h"
#include "edge/cache/validation.h"
#include "edge/cache/vary.h"
#include "edge/collapse.h"
#include "edge/upstream_request.h"

namespace brink::edge {
namespace {

constexpr std::size_t kMaxInterim = 8;
constexpr std::size_t kMaxCacheStatusBytes = 1024;
constexpr std::uint64_t kMaxDiscardedBytes = 64 * 1024;  // of a body nobody reads, before the connection goes

bool is_error_status(int status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}

bool has_no_body(std::string_view method, int status) {
  return method == "HEAD" || status == 204 || status == 304;
}

std::string join_lines(Fields fields, std::string_view name, std::size_t max_bytes) {
  std::string out;
  for (const Field& field : fields) {
    if (!iequals(field.name, name) || out.size() + field.value.size() + 2 > max_bytes) continue;
    if (!out.empty()) out += ", ";
    out += field.value;
  }
  return out;
}

}  // namespace

Fetch::Fetch(FlowContext& context, std::string_view name, std::uint64_t name_hash, std::uint64_t key_hash,
             std::uint64_t as_of)
    : context_(context),
      name_(name),
      name_hash_(name_hash),
      key_hash_(key_hash),
      made_at_(context.invalidations.read(key_hash)),
      as_of_(as_of),
      began_at_event_(context.purges.events.now()),
      pin_(context.purges.pins, as_of),
      max_followers_(context.cache.followers_per_fetch),
      in_table_(!name.empty()) {}

std::shared_ptr<Fetch> Fetch::create(FlowContext& context, std::string_view name, std::uint64_t name_hash,
                                     std::uint64_t key_hash, std::uint64_t as_of) {
  std::shared_ptr<Fetch> fetch(new Fetch(context, name, name_hash, key_hash, as_of));
  fetch->self_ = fetch;
  return fetch;
}

Fetch::~Fetch() { CHECK(waiters_.empty()); }

void Fetch::start(FetchPlan plan) {
  plan_ = std::move(plan);
  started_ = context_.clock.ticks();
  context_.fetches.add(self_.lock());
  context_.metrics.fetches.add();
  context_.metrics.fetches_active.add(1);
  if (plan_.background) {
    ++context_.fetches.background;
    context_.metrics.background_fetches.add();
  }
  plan_.request.key_hash = key_hash_;
  ask_upstream();
}

// The fields go along for good, unless an answer that is not for us may make us ask again.
void Fetch::ask_upstream() {
  std::vector<std::pair<std::string, std::string>> fields = std::move(plan_.request.fields);
  plan_.request.fields.clear();
  origin::Request request = plan_.request;
  if (plan_.asked || plan_.slice.slice_bytes > 0) plan_.request.fields = fields;
  request.fields = std::move(fields);
  mark_ = context_.invalidations.read(key_hash_);
  request_time_ = context_.clock.now();  // of the request whose response is kept (RFC 9111 §4.2.3)
  events_as_of_ = context_.purges.events.now();
  call_ = context_.upstream.start(std::move(request), *this);
}

void Fetch::abandon() {
  leave_table();
  settle(Phase::Abandoned, {});
}

void Fetch::cancel(Error error) {
  if (ended_) return;
  if (writer_) writer_->abort(error);
  fail_waiting(error);
  finish();
}

void Fetch::resume_request() {
  if (call_) call_->resume_request();
}

bool Fetch::attach(store::Waker& waker) {
  const std::lock_guard lock(mutex_);
  if (audience_ > max_followers_) return false;  // the leader is one of them
  ++audience_;
  waiters_.insert(&waker);
  return true;
}

void Fetch::stop_waiting(store::Waker& waker) {
  const std::lock_guard lock(mutex_);
  waiters_.erase(&waker);
}

void Fetch::leave() {
  const std::lock_guard lock(mutex_);
  CHECK(audience_ > 0);
  if (--audience_ > 0) return;
  context_.shard.post([weak = self_] {
    if (const auto fetch = weak.lock()) fetch->cancel_if_unwanted();
  });
}

Fetch::Progress Fetch::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

Fetch::Trace Fetch::trace() const {
  const std::lock_guard lock(mutex_);
  return trace_;
}

std::vector<std::string> Fetch::interim_since(std::size_t from) const {
  const std::lock_guard lock(mutex_);
  if (from >= interim_.size()) return {};
  return {interim_.begin() + static_cast<std::ptrdiff_t>(from), interim_.end()};
}

void Fetch::on_interim(int status, Fields fields) {
  std::string block = "HTTP/1.1 " + std::to_string(status) + " ";
  block.append(cache::reason_phrase(status)).append("\r\n");
  for (const Field& field : fields) {
    if (is_hop_by_hop(field.name)) continue;
    block.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  const std::lock_guard lock(mutex_);
  if (interim_.size() >= kMaxInterim) return;
  interim_.push_back(std::move(block));
  progress_.interim_count = interim_.size();
  for (store::Waker* waiter : waiters_) waiter->wake();
}

void Fetch::on_head(const origin::ResponseHead& head) {
  note_head(head);
  if (head.status == 304 && plan_.asked) return not_modified(head);
  if (plan_.stale && is_error_status(head.status)) {
    const auto decision =
        cache::decide_stale_on_failure(plan_.directives, plan_.stale->meta(), cache::UpstreamFailure::ErrorResponse,
                                       plan_.policy, context_.clock.now());
    if (decision.serve_stale) {
      leave_table();
      return settle(Phase::ErrorStatus, {});
    }
  }
  if (plan_.slice.slice_bytes > 0 && take_partial(head)) return;
  if (plan_.request.method == "HEAD" && head.status == 200 && plan_.stale) freshen_by_head(head);
  begin_body(head);
}

void Fetch::note_head(const origin::ResponseHead& head) {
  if (cache::invalidates(plan_.request.method, head.status)) {
    invalidate_targets(head);
    invalidate_groups(head);
    mark_ = context_.invalidations.read(key_hash_);  // its own answer is what comes after
    events_as_of_ = context_.purges.events.now();
  }
  note_as_of(head);
  const std::lock_guard lock(mutex_);
  progress_.upstream_status = head.status;
  progress_.content_length = head.content_length;
  trace_.server = head.server;
  trace_.attempts = static_cast<std::uint8_t>(std::min<std::uint32_t>(head.attempts, 255));
  trace_.cache_status = join_lines(head.fields, "cache-status", kMaxCacheStatusBytes);
  trace_.upstream_aged = find_field(head.fields, "age") != nullptr;
  trace_.upstream_ns = static_cast<std::uint64_t>((context_.clock.ticks() - started_).count());
}

cache::ResponseContext Fetch::response_context(const origin::ResponseHead& head) const {
  cache::ResponseContext out;
  out.method = plan_.request.method;
  out.request_has_authorization = plan_.has_authorization;
  out.request_no_store = plan_.request_no_store;
  out.status = head.status;
  out.fields = head.fields;
  out.request_time = request_time_;
  out.response_time = context_.clock.now();
  out.from_tier = head.from_tier;
  out.keep_tag_fields = plan_.policy.keep_tag_fields;
  if (plan_.request.method == "POST") {  // may be stored for a later GET (RFC 9110 §9.3.3)
    out.scheme = plan_.request.scheme;
    out.host = plan_.request.authority;
    out.target = plan_.request.target;
  }
  return out;
}

void Fetch::begin_body(const origin::ResponseHead& head) {
  const auto context = response_context(head);
  const auto directives = cache::parse_response_directives(head.fields, plan_.policy.surrogate_control);
  auto decision = cache::decide_storable(context, directives, plan_.policy);
  decision.meta.events_as_of = events_as_of_;
  if (decision.store && !plan_.may_store) {  // only passing through: why is the request's reason, not the store's
    decision.store = false;
    decision.reason = cache::Reason::None;
  }
  keep_only_purgeable(head, decision);
  std::string block;
  // Qualified no-cache and private hold for what is kept, not for what only passes.
  const cache::ResponseDirectives& kept = decision.store ? directives : cache::ResponseDirectives{};
  if (!cache::build_stored_head(context, kept, block, decision.meta)) {
    return fail_soon({ErrorCode::ResponseHeadTooLarge, Side::Upstream});
  }
  std::string variant;
  const std::string_view vary = cache::slice(block, decision.meta.vary);
  if (!vary.empty()) cache::append_variant_key(vary, plan_.client_fields.view(), variant);
  store::NewResponse fresh{.key = cache::make_cache_key_of_text(plan_.cache_key),
                           .variant_key = variant,
                           .head = block,
                           .meta = decision.meta,
                           .announced_length = has_no_body(plan_.request.method, head.status)
                                                   ? std::nullopt
                                                   : head.content_length,
                           .as_of = tier_behind_ ? 0 : reflects_,
                           .tags = stored_tags_,
                           .store = decision.store};
  begin_writer(fresh, decision.reason);
  if (!writer_) return;
  const bool stored = decision.store && writer_->storing();
  const auto reuse = cache::decide_reuse({}, decision.meta, plan_.policy, context.response_time);
  Progress result;
  result.shareable = stored && reuse.reuse != cache::Reuse::MustValidate;
  result.response = writer_->response();
  result.fill = writer_->fill();
  cache::append_qualified_lines(head.fields, kept, result.unkept);
  if (!stored && !context.keep_tag_fields) cache::append_tag_lines(head.fields, result.tag_lines);
  note_store_reason(decision.reason);
  if (!result.shareable) leave_table();
  if (!result.shareable && !is_error_status(head.status) && head.status != 416) {
    remember_uncacheable(decision.reason);
  }
  if (result.shareable) forget_uncacheable();
  settle(Phase::Streaming, result);
  if (!stored) wake();  // nobody may be left to read it
}

// Opens the writer, in a window if it cannot be stored; without one the fetch has failed.
void Fetch::begin_writer(const store::NewResponse& response, cache::Reason& reason) {
  store::NewResponse fresh = response;
  auto writer = context_.store.begin(fresh);
  if (!writer && fresh.store) {
    reason = cache::Reason::StoreFull;
    fresh.store = false;
    writer = context_.store.begin(fresh);
  }
  if (!writer) return fail_soon(writer.error());
  writer_ = std::move(*writer);
  writer_->set_waker(this);
  if (!plan_.background && leader_waits_) anchor_ = store::BodyReader::join(writer_->fill(), nullptr);
  if (fresh.store && !writer_->storing()) reason = writer_->not_stored_reason();
}

void Fetch::note_store_reason(cache::Reason reason) {
  const std::lock_guard lock(mutex_);
  trace_.store_reason = reason;
}

// Publishes the outcome and wakes everybody who waits for the head.
void Fetch::settle(Phase phase, const Progress& result) {
  const std::lock_guard lock(mutex_);
  progress_.phase = phase;
  progress_.shareable = result.shareable;
  progress_.response = result.response;
  progress_.slice = result.slice;
  progress_.fill = result.fill;
  progress_.unkept = result.unkept;
  progress_.tag_lines = result.tag_lines;
  progress_.error = result.error;
  for (store::Waker* waiter : waiters_) waiter->wake();
}

void Fetch::leave_table() {
  if (!in_table_) return;
  in_table_ = false;
  context_.collapse.remove(name_, name_hash_, this);
}

// What is too large as a whole may still be stored in slices.
void Fetch::remember_uncacheable(cache::Reason reason) {
  if (!plan_.may_store || plan_.request.method != "GET") return;
  const TimePoint now = context_.clock.now();
  context_.uncacheable.remember(key_hash_, now, context_.cache.uncacheable_memory);
  if (reason == cache::Reason::TooLarge) return;
  context_.uncacheable.remember(UncacheableMemory::hash_of_ranges(key_hash_), now, context_.cache.uncacheable_memory);
}

void Fetch::forget_uncacheable() {
  context_.uncacheable.forget(key_hash_);
  context_.uncacheable.forget(UncacheableMemory::hash_of_ranges(key_hash_));
}

Fetch::Flow Fetch::on_body(std::string_view bytes) {
  if (refetch_ || exceeds_part(bytes.size())) return Flow::Continue;
  if (!writer_) {  // of a 304, or of an error that a stale response stands in for
    discarded_bytes_ += bytes.size();
    if (discarded_bytes_ > kMaxDiscardedBytes) fail_soon({ErrorCode::Cancelled, Side::Internal});
    return Flow::Continue;
  }
  const auto taken = writer_->append(bytes);
  if (in_table_ && !writer_->storing()) notice_overflow();
  return taken == store::Writer::Append::Full ? Flow::Pause : Flow::Continue;
}

// The body outgrew what may be stored: who reads it already reads on, nobody joins any more.
void Fetch::notice_overflow() {
  leave_table();
  if (!plan_.slice.map) remember_uncacheable(cache::Reason::TooLarge);
  const std::lock_guard lock(mutex_);
  progress_.shareable = false;
  trace_.store_reason = writer_->not_stored_reason();
  wake();  // nobody may be left to read it
}

}  // namespace brink::edge
