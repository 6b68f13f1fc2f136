// Transaction, slices: ranges of large responses, and responses of which parts are stored
// (cache/slices.h).

#include "edge/cache/validation.h"
#include "edge/store/slice_maps.h"
#include "edge/transaction.h"
#include "edge/upstream_request.h"

namespace brink::edge {

bool Transaction::begins_beyond_slices() const {
  return is_get() && rules_->slice_bytes > 0 &&
         cache::begins_beyond_slices(field_value(head_.fields, "range"), rules_->slice_bytes);
}

// A miss on a range asks for the slice around it; so does the validation, behind a client's back,
// of a sliced response.
void Transaction::plan_slice(FetchPlan& plan, bool background) const {
  if (!is_get() || rules_->slice_bytes == 0) return;
  std::string_view range = field_value(head_.fields, "range");
  if (range.empty() && background && stale_->meta().sliced) range = "bytes=0-";
  std::string ask = cache::first_slice_request(range, rules_->slice_bytes, to_child_tier());
  if (ask.empty()) return;
  plan.slice.slice_bytes = rules_->slice_bytes;
  plan.slice.large_from = rules_->slice_from;
  plan.request.fields.emplace_back("Range", std::move(ask));
}

// If-Range makes upstream send all of what the representation has become, rather than a part that
// fits nowhere.
FetchPlan Transaction::plan_of_slice(SliceAsk ask) {
  FetchPlan plan;
  plan.request =
      make_upstream_request(head_, *site_, UpstreamPurpose::Store, {}, context_.identity.name);
  const store::StoredResponse& map = *ask.map;
  plan.request.fields.emplace_back(
      "Range", cache::range_request(ask.range, store::representation_length(map)));
  plan.request.fields.emplace_back("If-Range", cache::strong_validator(map.meta(), map.head()));
  add_tier_fields(plan);
  plan.client_fields = OwnedFields(head_.fields);
  plan.policy = rules_->policy;
  plan.directives = directives_;
  plan.cache_key = key_.text;
  plan.may_store = true;
  plan.has_authorization = find_field(head_.fields, "authorization") != nullptr;
  plan.slice = std::move(ask);
  plan.slice.large_from = rules_->slice_from;
  return plan;
}

void Transaction::answer_sliced(store::ResponsePtr response) {
  answered_ = response;
  if (answer_preconditions(response)) return;
  const std::uint64_t length = store::representation_length(*response);
  if (is_head()) {
    begin_plan(response, HeadKind::Whole, 200);
    plan_.length = length;
    plan_.send_body = false;
    stage_ = Stage::Ready;
    return;
  }
  const auto range = range_of_slices(response, length);
  if (!range) return;
  stale_.reset();  // if it may be used, it is being used; and what is offered upstream has been
                   // found to fit
  offered_.reset();
  tagged_.clear();
  slices_ =
      std::make_unique<SliceReader>(context_, waker_, response, *range, to_child_tier(),
                                    fetch_as_of(), [this](SliceAsk ask) { return plan_of_slice(std::move(ask)); });
  stage_ = Stage::AwaitSlice;
  const auto prepared = slices_->prepare(!directives_.only_if_cached, leader_ ? fetch_ : nullptr);
  unkept_ = leader_ && fetch_ ? fetch_->progress().unkept : std::string{};
  leave_fetch();  // only now: a slice that is on its way may have no other reader
  if (prepared != SliceReader::Prepared::Wait) await_slice(prepared);
}

// What the client gets of it; empty when it was answered otherwise.
std::optional<cache::ByteRange> Transaction::range_of_slices(const store::ResponsePtr& response,
                                                             std::uint64_t length) {
  slice_range_.reset();
  const cache::ByteRange all{0, length};
  const std::string_view field = field_value(head_.fields, "range");
  if (field.empty() || !cache::if_range_holds(head_.fields, response->meta(), response->head()))
    return all;
  const cache::RangeSet ranges = cache::resolve_ranges(field, length);
  if (ranges.outcome == cache::RangeOutcome::Whole) return all;
  if (ranges.outcome == cache::RangeOutcome::Unsatisfiable) {
    answer_unsatisfiable(length);
    return std::nullopt;
  }
  if (ranges.count > 1) {
    leave_fetch();
    go_alone(Alone::ForwardOnly, CacheResult::Partial, cache::Reason::RangeNotStored);
    return std::nullopt;
  }
  slice_range_ = ranges.ranges[0];
  return slice_range_;
}

// It looked like a hit.
void Transaction::tell_slices_are_missing() {
  const bool was_hit = outcome_.result == CacheResult::Hit || outcome_.result == CacheResult::Stale;
  outcome_.ttl_s.reset();
  if (!was_hit) return;
  outcome_.result = CacheResult::Partial;
  outcome_.reason = cache::Reason::RangeNotStored;
}

void Transaction::await_slice(SliceReader::Prepared prepared) {
  using Prepared = SliceReader::Prepared;
  if (prepared == Prepared::Ready) return answer_from_slices();
  tell_slices_are_missing();
  if (prepared == Prepared::Missing) {
    outcome_.reason = cache::Reason::OnlyIfCached;
    return answer_error(504, "not stored, and the request said only-if-cached", std::nullopt);
  }
  if (prepared == Prepared::Refused) {
    return answer_error(503, "too many requests to upstream are under way",
                        ErrorCode::LimitReached);
  }
  if (prepared == Prepared::Elsewhere) {
    fetch_ = slices_->take_fetch(leader_);
    slices_.reset();
    stage_ = Stage::AwaitHead;
    return;
  }
  slices_.reset();
  const bool again = std::exchange(uncombinable_, true);
  go_alone(again ? as_it_is() : Alone::MayStore, outcome_.result, outcome_.reason);
}

void Transaction::answer_from_slices() {
  if (slices_->asked()) {
    trace_ = slices_->trace();
    outcome_.upstream_status = 206;
    outcome_.store_reason = trace_.store_reason;
    outcome_.stored = trace_.store_reason == cache::Reason::Stored ||
                      trace_.store_reason == cache::Reason::StoredToValidate;
    outcome_.collapsed = outcome_.collapsed || slices_->followed();
    if (outcome_.result == CacheResult::Hit || outcome_.result == CacheResult::Stale) {
      outcome_.result = CacheResult::Partial;
      outcome_.reason = cache::Reason::RangeNotStored;
    }
  }
  answered_ = slices_->map();
  const store::ResponsePtr& response = answered_;
  const std::uint64_t length = store::representation_length(*response);
  begin_plan(response, slice_range_ ? HeadKind::Partial : HeadKind::Whole,
             slice_range_ ? 206 : 200);
  if (slice_range_) append_content_range(extra_, *slice_range_, length);
  extra_.append(unkept_).append(slices_->unkept());
  plan_.extra = extra_;
  plan_.length = slice_range_ ? slice_range_->size() : length;
  body_.set_slices(*slices_);
  stage_ = Stage::Ready;
}

}  // namespace brink::edge
