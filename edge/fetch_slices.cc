// Fetch, slices: what an answer to a request for a part becomes (cache/slices.h).

#include "config/runtime/random.h"
#include "edge/cache/reuse.h"
#include "edge/cache/validation.h"
#include "edge/cache/vary.h"
#include "edge/collapse.h"
#include "edge/fetch.h"
#include "edge/store/slice_maps.h"

namespace brink::edge {
namespace {

std::vector<Field> without_content_range(Fields fields) {
  std::vector<Field> out;
  out.reserve(fields.size());
  for (const Field& field : fields) {
    if (!iequals(field.name, "content-range")) out.push_back(field);
  }
  return out;
}

// The map of slices that fit among those of this one.
class SameSlices final : public store::Selector {
 public:
  SameSlices(const cache::SliceMap& map, Fields head, std::string_view variant)
      : map_(map), head_(head), variant_(variant) {}
  std::int64_t score(const store::StoredResponse& candidate) const noexcept override {
    if (!candidate.meta().sliced || candidate.variant_key() != variant_) return 0;
    const cache::SliceMap other = store::slice_map_of(candidate);
    if (other.complete_length != map_.complete_length || other.slice_bytes != map_.slice_bytes)
      return 0;
    return cache::same_representation(head_, candidate.meta(), candidate.head()) ? 1 : 0;
  }

 private:
  const cache::SliceMap& map_;
  Fields head_;
  std::string_view variant_;
};

}  // namespace

// True when the head has been dealt with; false: it is one like any other.
bool Fetch::take_partial(const origin::ResponseHead& head) {
  if (tier_behind_) {
    decline();
    return true;
  }
  if (!plan_.slice.map) {
    if (head.status == 206) begin_map(head);
    return head.status == 206;
  }
  if (head.status == 206) {
    begin_slice(head);
  } else if (head.status == 200) {
    replaced(head);
  } else {
    decline();
  }
  return true;
}

// The first part of a response of which nothing was known.
void Fetch::begin_map(const origin::ResponseHead& head) {
  const auto content = cache::content_of_206(head.fields, head.content_length);
  if (!content) return decline();
  const std::uint64_t length = *content->complete_length;
  const auto fields = without_content_range(head.fields);
  origin::ResponseHead whole = head;
  whole.status = 200;
  whole.fields = fields;
  whole.content_length = length;
  if (content->range.size() == length) {
    part_left_ = length;
    return begin_body(whole);
  }
  if (length > plan_.slice.slice_bytes && length < plan_.slice.large_from) {
    refetch_ = true;
    return context_.shard.post([weak = self_] {
      const auto fetch = weak.lock();
      if (fetch && fetch->refetch_ && !fetch->ended_) fetch->ask_again();
    });
  }
  cache::SliceMap map{length, 0, plan_.slice.slice_bytes};
  if (map.count() > cache::kMaxSlices) {
    remember_uncacheable(cache::Reason::PartialResponse);
    return decline();
  }
  Progress result;
  result.response = store_map(whole, map, result);
  if (!result.response) return decline();
  plan_.slice.map = result.response;
  plan_.slice.index = map.index_of(content->range.begin);
  plan_.slice.range = content->range;
  leave_table();
  const bool in_one_slice = content->range.end <= map.range_of(plan_.slice.index).end;
  if (in_one_slice && take_slice_name(map)) {
    part_left_ = content->range.size();
    begin_slice_body(map, content->range, true);
  }
  if (writer_) {
    result.slice = writer_->response();
    result.fill = writer_->fill();
  }
  settle(Phase::Sliced, result);
  if (!writer_) end_soon();
}

// Of the map that is stored, when it is of the same representation: its slices stay. Requests that
// each went alone meet here as well.
std::uint64_t Fetch::generation_of(const cache::SliceMap& map, Fields head,
                                   std::string_view variant) const {
  const SameSlices same(map, head, variant);
  // Slices from before a purge neither come back under a map from after it, be it one that only the
  // regional node has heard of, nor join those that a later fetch has brought.
  const auto lives_on = [&](const store::ResponsePtr& other) {
    if (!other || same.score(*other) <= 0 || other->as_of() != reflects_) return false;
    if (!has_tags_of(*other)) return false;
    return !plan_.after_event ||
           !LocalEvents::is_after(*plan_.after_event, other->meta().events_as_of);
  };
  if (lives_on(plan_.stale)) return store::slice_map_of(*plan_.stale).generation;
  const auto stored = context_.store.lookup(cache::make_cache_key_of_text(plan_.cache_key), same);
  return lives_on(stored) ? store::slice_map_of(*stored).generation : secure_random();
}

// A purge that finds one must find the other.
bool Fetch::has_tags_of(const store::StoredResponse& other) const {
  const store::TagHashes hashes = other.tags();
  if (hashes.size() != stored_tags_.size()) return false;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (hashes[i] != stored_tags_[i].hash) return false;
  }
  return true;
}

// Null when it may not be stored, or finds no room. Names the slices.
store::ResponsePtr Fetch::store_map(const origin::ResponseHead& head, cache::SliceMap& map,
                                    Progress& result) {
  const auto context = response_context(head);
  const auto directives =
      cache::parse_response_directives(head.fields, plan_.policy.surrogate_control);
  auto decision = cache::decide_storable(context, directives, plan_.policy);
  keep_only_purgeable(head, decision);
  if (!decision.store) {
    remember_uncacheable(decision.reason);
    return nullptr;
  }
  std::string block;
  if (!cache::build_stored_head(context, directives, block, decision.meta)) return nullptr;
  decision.meta.sliced = true;
  decision.meta.events_as_of = events_as_of_;
  std::string variant;
  const std::string_view vary = cache::slice(block, decision.meta.vary);
  if (!vary.empty()) cache::append_variant_key(vary, plan_.client_fields.view(), variant);
  map.generation = generation_of(map, head.fields, variant);
  const std::string body = cache::encode_slice_map(map);
  auto writer = context_.store.begin({.key = cache::make_cache_key_of_text(plan_.cache_key),
                                      .variant_key = variant,
                                      .head = block,
                                      .meta = decision.meta,
                                      .announced_length = body.size(),
                                      .as_of = reflects_,
                                      .tags = stored_tags_,
                                      .store = true});
  if (!writer) return nullptr;
  (*writer)->append(body);
  if (!(*writer)->commit()) return nullptr;
  drop_if_outrun((*writer)->response());
  const auto reuse = cache::decide_reuse({}, decision.meta, plan_.policy, context.response_time);
  result.shareable = reuse.reuse != cache::Reuse::MustValidate;
  cache::append_qualified_lines(head.fields, directives, result.unkept);
  if (result.shareable) forget_uncacheable();
  const std::lock_guard lock(mutex_);
  trace_.store_reason = decision.reason;
  return (*writer)->response();
}

// Another part of a response whose map is known.
void Fetch::begin_slice(const origin::ResponseHead& head) {
  const store::ResponsePtr& known = plan_.slice.map;
  const cache::SliceMap map = store::slice_map_of(*known);
  const auto content = cache::content_of_206(head.fields, head.content_length);
  if (!content) return decline();
  if (!cache::same_representation(head.fields, known->meta(), known->head())) return outdated();
  if (content->range != plan_.slice.range || *content->complete_length != map.complete_length) {
    drop_map();
    return decline();
  }
  Progress result;
  bool keep = false;
  result.response = freshen_map(head, keep);
  result.shareable = keep;
  const auto directives =
      cache::parse_response_directives(head.fields, plan_.policy.surrogate_control);
  cache::append_qualified_lines(head.fields, directives, result.unkept);
  if (!keep) leave_table();  // it passes, for the one who asked
  cache::ByteRange range = content->range;
  if (const store::ResponsePtr& kept = plan_.slice.kept) {
    const cache::ByteRange other = cache::range_in_head(kept->head());
    range = {std::min(range.begin, other.begin), std::max(range.end, other.end)};
  }
  part_left_ = content->range.size();
  const bool combined = keep && range.size() == map.complete_length;
  if (combined) {
    begin_combined(result.response, map.complete_length);
  } else {
    begin_slice_body(map, range, keep);
  }
  if (!writer_) return;
  if (!combined) result.slice = writer_->response();
  result.fill = writer_->fill();
  if (plan_.slice.kept && cache::range_in_head(plan_.slice.kept->head()).begin == range.begin)
    append_kept();
  settle(Phase::Streaming, result);
  if (!writer_->storing()) wake();  // nobody may be left to read it
}

// What stands in the store for these slices: another slice that came meanwhile has freshened it.
// Null when it has gone.
store::ResponsePtr Fetch::current_map() const {
  const store::StoredResponse& known = *plan_.slice.map;
  const store::GenerationSelector same(store::slice_map_of(known).generation);
  return context_.store.lookup(cache::make_cache_key_of_text(known.key()), same);
}

// With it go its slices.
void Fetch::drop_map() {
  if (const auto current = current_map()) context_.store.drop(current);
}

// A slice that is stored when its map has gone is one that nobody would find, nor the sweep drop:
// that has looked for it already.
void Fetch::drop_without_map(const store::ResponsePtr& slice) {
  if (!current_map()) context_.store.drop(slice);
}

// A 206 with the same strong validator says that the rest is what it was: its fields are the newer
// ones (§3.4). Not `keep`: with them nothing of it may be stored any more; a client's Authorization
// forbids that for its own answer only, and says nothing of what is stored already (§3.5).
store::ResponsePtr Fetch::freshen_map(const origin::ResponseHead& head, bool& keep) {
  const store::ResponsePtr current = current_map();
  const store::ResponsePtr& old = current ? current : plan_.slice.map;
  std::string block;
  cache::StoredMeta meta;
  const auto context = response_context(head);
  std::optional<std::span<const store::Tag>> tags;
  keep = cache::freshen(old->head(), old->meta(), context, plan_.policy, block, meta) &&
         freshen_tags(head.fields, *old, tags);
  // The other slices are as old as they were.
  meta.events_as_of = old->meta().events_as_of;
  const std::uint64_t as_of = std::min(as_of_, old->as_of());
  if (!keep && plan_.has_authorization) return old;
  if (!keep) context_.store.drop(old);  // what freshen() makes then is for this client only
  store::ResponsePtr fresh = block.empty() ? nullptr : context_.store.freshen(old, block, meta, as_of, tags);
  drop_if_outrun(fresh);
  const std::lock_guard lock(mutex_);
  trace_.store_reason = cache::Reason::Stored;
  return fresh ? fresh : old;
}

// All bytes of the response are here: it is stored like one that came whole (RFC 9110 §15.3.7.3).
void Fetch::begin_combined(const store::ResponsePtr& map_response, std::uint64_t length) {
  cache::StoredMeta meta = map_response->meta();
  meta.sliced = false;
  cache::Reason reason = cache::Reason::Stored;
  std::vector<store::Tag> tags;
  for (std::size_t i = 0; i < map_response->tags().size(); ++i)
    tags.push_back({.hash = map_response->tags()[i], .text = {}});
  begin_writer({.key = cache::make_cache_key_of_text(plan_.cache_key),
                .variant_key = map_response->variant_key(),
                .head = map_response->head(),
                .meta = meta,
                .announced_length = length,
                .as_of = map_response->as_of(),
                .tags = tags,
                .store = true},
               reason);
}

// From here on this fetch goes by the slice's name. False: that one is being fetched already.
bool Fetch::take_slice_name(const cache::SliceMap& map) {
  std::string text;
  const cache::CacheKey key = cache::slice_key(plan_.cache_key, map, plan_.slice.index, text);
  if (!context_.collapse.put(key.text, key.hash, self_.lock())) return false;
  name_hash_ = key.hash;
  name_ = std::move(text);
  in_table_ = true;
  return true;
}

void Fetch::begin_slice_body(const cache::SliceMap& map, cache::ByteRange range, bool keep) {
  std::string text;
  const cache::CacheKey key = cache::slice_key(plan_.cache_key, map, plan_.slice.index, text);
  cache::StoredMeta meta;
  meta.status = 206;
  meta.response_time = context_.clock.now();
  const std::string head = cache::slice_head(range, map.complete_length);
  cache::Reason reason = cache::Reason::Stored;
  begin_writer({.key = key,
                .variant_key = {},
                .head = head,
                .meta = meta,
                .announced_length = range.size(),
                .store = keep},
               reason);
}

// The part that was stored already, before or behind what comes now.
void Fetch::append_kept() {
  const store::ResponsePtr kept = std::exchange(plan_.slice.kept, nullptr);
  if (!kept) return;
  std::array<std::string_view, 8> views;
  for (std::uint64_t at = 0; at < kept->body_length();) {
    const std::size_t count = kept->body_views(at, kept->body_length(), views, kept->body_length());
    for (std::size_t i = 0; i < count; ++i) {
      writer_->append(views[i]);
      at += views[i].size();
    }
  }
}

// More bytes than the Content-Range promised: nobody may take them for what is stored behind the
// part.
bool Fetch::exceeds_part(std::size_t bytes) {
  if (!part_left_) return false;
  if (bytes <= *part_left_) {
    *part_left_ -= bytes;
    return false;
  }
  part_left_.reset();
  leave_table();
  if (writer_) {
    writer_->set_waker(nullptr);
    writer_->abort({ErrorCode::ResponseIncomplete, Side::Upstream, Retry::Never,
                    "more came than Content-Range says"});
    writer_.reset();
    context_.metrics.fills_cut.add();
  }
  note_store_reason(cache::Reason::Incomplete);
  end_soon();
  return true;
}

// If-Range did not hold: the representation is another one now, and this is it.
void Fetch::replaced(const origin::ResponseHead& head) {
  const bool welcome = plan_.slice.wants_whole ||
                       (head.content_length && *head.content_length < plan_.slice.large_from);
  if (!welcome) return outdated();
  drop_map();
  plan_.slice = {};
  {
    const std::lock_guard lock(mutex_);
    progress_.anew = true;
  }
  begin_body(head);
}

// Everybody begins again, without the slices that are stored.
void Fetch::outdated() {
  drop_map();
  leave_table();
  settle(Phase::Abandoned, {});
  end_soon();
}

void Fetch::decline() {
  leave_table();
  settle(Phase::Declined, {});
  end_soon();
}

}  // namespace brink::edge
