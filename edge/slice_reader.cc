#include "edge/slice_reader.h"

#include <algorithm>
#include <array>

#include "edge/cache/validation.h"
#include "edge/collapse.h"
#include "edge/store/slice_maps.h"

namespace brink::edge {
namespace {

constexpr std::uint64_t kLookAhead = 64;  // slices that are looked for before the head goes out

// Any stored slice: its key says all.
class AnySelector final : public store::Selector {
 public:
  std::int64_t score(const store::StoredResponse&) const noexcept override { return 1; }
};

}  // namespace

SliceReader::SliceReader(FlowContext& context, store::Waker& waker, store::ResponsePtr map,
                         cache::ByteRange range, bool exact, std::uint64_t as_of,
                         Planner planner)
    : context_(context),
      waker_(waker),
      response_(std::move(map)),
      newest_(response_),
      map_(store::slice_map_of(*response_)),
      range_(range),
      exact_(exact),
      as_of_(as_of),
      planner_(std::move(planner)),
      position_(range.begin) {
  CHECK(range.begin < range.end && range.end <= map_.complete_length);
}

SliceReader::~SliceReader() {
  reader_.reset();
  other_part_.reset();
  leave_fetch();
}

cache::CacheKey SliceReader::key_of(std::uint64_t index) const {
  return cache::slice_key(response_->key(), map_, index, text_);
}

store::ResponsePtr SliceReader::stored_slice(std::uint64_t index) const {
  return context_.store.lookup(key_of(index), AnySelector{});
}

// range_.end when nothing is missing in the slices that are looked at.
std::uint64_t SliceReader::first_missing() const {
  std::uint64_t at = range_.begin;
  for (std::uint64_t looked = 0; at < range_.end && looked < kLookAhead; ++looked) {
    const std::uint64_t index = map_.index_of(at);
    const store::ResponsePtr slice = context_.store.peek(key_of(index));
    if (!slice) return at;
    const cache::ByteRange part = cache::range_in_head(slice->head());
    if (at < part.begin || at >= part.end) return at;
    at = part.end;
    if (at < range_.end && map_.index_of(at) == index) return at;
  }
  return range_.end;
}

SliceReader::Prepared SliceReader::prepare(bool may_ask, const std::shared_ptr<Fetch>& own) {
  if (!fetch_) {
    missing_ = first_missing();
    moved_first_ = missing_ == range_.begin || has_brought_first(own);
    if (missing_ >= range_.end) return Prepared::Ready;
    if (!may_ask) return Prepared::Missing;
    if (!combines() && !comes_in_one_piece()) return Prepared::Uncombinable;
    if (!is_brought_by(own) && !ask(missing_)) return Prepared::Refused;
    asked_ = fetch_ != nullptr;
  }
  return look_at_fetch();
}

// The slice that the range begins in came for this very client, and may be stored by now.
bool SliceReader::has_brought_first(const std::shared_ptr<Fetch>& fetch) const {
  if (!fetch) return false;
  const Fetch::Progress progress = fetch->progress();
  if (progress.phase != Fetch::Phase::Sliced || !progress.slice) return false;
  const cache::ByteRange part = part_of(progress);
  return range_.begin >= part.begin && range_.begin < part.end;
}

bool SliceReader::combines() const {
  return !cache::strong_validator(response_->meta(), response_->head()).empty();
}

// Read from there, whatever became of its name: what is not to be stored is in no table.
bool SliceReader::is_brought_by(const std::shared_ptr<Fetch>& fetch) {
  if (!fetch) return false;
  const Fetch::Progress progress = fetch->progress();
  if (progress.phase != Fetch::Phase::Sliced || !progress.slice) return false;
  const cache::ByteRange part = part_of(progress);
  if (missing_ < part.begin || missing_ >= part.end || !fetch->attach(waker_)) return false;
  fetch_ = fetch;
  return true;
}

// All of the range lies in a slice that is under way.
bool SliceReader::comes_in_one_piece() const {
  const std::uint64_t index = map_.index_of(range_.begin);
  return missing_ == range_.begin && index == map_.index_of(range_.end - 1) &&
         context_.collapse.has(key_of(index));
}

SliceReader::Prepared SliceReader::look_at_fetch() {
  if (!fetch_) return Prepared::Ready;  // it came between the look and the election
  const Fetch::Progress progress = fetch_->progress();
  if (progress.phase == Fetch::Phase::Waiting) return Prepared::Wait;
  const bool comes = progress.fill && !progress.anew;
  if (!comes) return Prepared::Elsewhere;
  if (is_passing(progress) && !leads_) return Prepared::Uncombinable;
  const cache::ByteRange part = part_of(progress);
  if (missing_ < part.begin || missing_ >= part.end) {
    if (leads_ || !combines()) return Prepared::Uncombinable;
    return other_part_comes(progress, missing_) ? Prepared::Wait : prepare(true);
  }
  trace_ = fetch_->trace();
  // Where there was no room for the newer head, it is the one that fetch began with. A part that was
  // asked for before a purge comes with a head from before it.
  const store::StoredResponse& brought = *progress.response;
  if (brought.meta().response_time >= response_->meta().response_time &&
      brought.as_of() >= response_->as_of()) {
    newest_ = progress.response;
  }
  if (leads_) unkept_ = progress.unkept;
  if (!open_filling(progress)) leave_fetch();  // it is for later: open() will find it
  return Prepared::Ready;
}

std::shared_ptr<Fetch> SliceReader::take_fetch(bool& leads) {
  leads = leads_;
  return std::exchange(fetch_, nullptr);
}

// What to ask upstream for, so that `position` is answered: the slice, or what is missing of it
// beside the part `kept`.
SliceAsk SliceReader::ask_for(std::uint64_t position, const store::ResponsePtr& kept) const {
  SliceAsk out;
  out.slice_bytes = map_.slice_bytes;
  out.map = response_;
  out.index = map_.index_of(position);
  out.range = map_.range_of(out.index);
  out.wants_whole = range_.size() == map_.complete_length;
  if (kept) {
    const cache::ByteRange part = cache::range_in_head(kept->head());
    if (position >= part.end) {
      out.range.begin = part.end;
    } else {
      out.range.end = part.begin;
    }
    out.kept = kept;
    return out;
  }
  if (exact_) {
    out.range.end = std::min(out.range.end, range_.end);
    return out;
  }
  // Bytes in front of the client's range may have been moved for it already: no more than a slice
  // in all.
  const std::uint64_t in_front =
      moved_first_ ? range_.begin - map_.range_of(map_.index_of(range_.begin)).begin : 0;
  const bool is_last = out.range.end > range_.end;
  const bool is_first = out.range.begin <= range_.begin;
  if (is_last && !is_first && in_front + (out.range.end - range_.end) > map_.slice_bytes)
    out.range.end = range_.end;
  return out;
}

// Begins a fetch of what is missing at `position`, or follows the one under way. False when there
// are too many.
bool SliceReader::ask(std::uint64_t position) {
  const std::uint64_t index = map_.index_of(position);
  const cache::CacheKey key = key_of(index);
  const std::uint64_t hash = cache::hash_key(response_->key());
  auto joined = context_.collapse.join(
      key.text, key.hash, [&] { return Fetch::create(context_, key.text, key.hash, hash, as_of_); });
  leads_ = joined.leader;
  followed_ = !leads_;
  if (followed_) context_.metrics.collapsed.add();
  if (!joined.fetch->attach(waker_)) {
    context_.metrics.count_limit(Limit::Followers);
    error_ = {ErrorCode::LimitReached, Side::Internal, Retry::Never, "cache.followers_per_fetch"};
    return false;
  }
  fetch_ = std::move(joined.fetch);
  if (!leads_) return true;
  // Between "not stored" and "elected" another fetch may have ended (collapse.h).
  const store::ResponsePtr kept = stored_slice(index);
  const cache::ByteRange part = kept ? cache::range_in_head(kept->head()) : cache::ByteRange{};
  if (kept && position >= part.begin && position < part.end) {
    fetch_->abandon();
    leave_fetch();
    return true;
  }
  if (context_.fetches.size() >= context_.cache.fetches) {
    context_.metrics.count_limit(Limit::Fetches);
    fetch_->abandon();
    leave_fetch();
    error_ = {ErrorCode::LimitReached, Side::Internal, Retry::Never, "cache.fetches"};
    return false;
  }
  fetch_->start(planner_(ask_for(position, kept)));
  return true;
}

// A reader of the slice in the store that has `position_`.
bool SliceReader::open_stored() {
  const store::ResponsePtr slice = stored_slice(map_.index_of(position_));
  if (!slice) return false;
  const cache::ByteRange part = cache::range_in_head(slice->head());
  if (position_ < part.begin || position_ >= part.end) return false;
  reader_.emplace(slice, position_ - part.begin, std::min(part.end, range_.end) - part.begin);
  return true;
}

// Which bytes of the representation the fill brings.
cache::ByteRange SliceReader::part_of(const Fetch::Progress& progress) const {
  return progress.slice ? cache::range_in_head(progress.slice->head())
                        : cache::ByteRange{0, map_.complete_length};
}

// A slice that may not be kept or shared, or no longer: who did not ask for it asks anew.
bool SliceReader::is_passing(const Fetch::Progress& progress) {
  return progress.phase == Fetch::Phase::Streaming && !progress.shareable;
}

// A reader of what the fetch brings, when that has `position_`.
bool SliceReader::open_filling(const Fetch::Progress& progress) {
  const cache::ByteRange part = part_of(progress);
  if (position_ < part.begin || position_ >= part.end) return false;
  auto reader = store::BodyReader::join(progress.fill, &waker_, position_ - part.begin,
                                        std::min(part.end, range_.end) - part.begin);
  if (leads_) fetch_->let_go_of_beginning();
  if (!reader) return false;
  reader_.emplace(std::move(*reader));
  return true;
}

// The fetch of this slice that is under way brings another part of it: what is missing can be asked
// for when that one has ended. False: it has, and has been left.
bool SliceReader::other_part_comes(const Fetch::Progress& progress, std::uint64_t position) {
  if (!other_part_) {
    other_part_ = store::BodyReader::join(progress.fill, &waker_, part_of(progress).size());
  }
  std::array<std::string_view, 1> views;
  std::size_t count = 0;
  if (other_part_ && other_part_->next(views, count, 1) == State::Wait) return true;
  other_part_.reset();
  const cache::CacheKey key = key_of(map_.index_of(position));
  context_.collapse.remove(key.text, key.hash, fetch_.get());
  leave_fetch();
  return false;
}

SliceReader::State SliceReader::open() {
  if (!fetch_) {
    if (open_stored()) return State::Data;
    if (!ask(position_)) return State::Cut;
    if (!fetch_) return open_stored() ? State::Data : fail({ErrorCode::Cancelled, Side::Internal});
  }
  const Fetch::Progress progress = fetch_->progress();
  if (progress.phase == Fetch::Phase::Waiting) return State::Wait;
  if (progress.phase == Fetch::Phase::Failed) return fail(progress.error);
  if (progress.phase == Fetch::Phase::Abandoned) {  // its leader may have found the slice stored
    leave_fetch();
    if (open_stored()) return State::Data;
  }
  if (!progress.fill || progress.anew) {
    return fail({ErrorCode::ResponseIncomplete, Side::Upstream, Retry::Never,
                 "the representation changed"});
  }
  if (is_passing(progress) && !leads_) {
    leave_fetch();
    return open();
  }
  if (open_filling(progress)) return State::Data;
  const cache::ByteRange part = part_of(progress);
  const bool elsewhere = position_ < part.begin || position_ >= part.end;
  if (elsewhere && !leads_ && combines()) {
    return other_part_comes(progress, position_) ? State::Wait : open();
  }
  leave_fetch();
  return open_stored() ? State::Data
                       : fail({ErrorCode::ResponseIncomplete, Side::Upstream, Retry::Never,
                               "a slice is missing"});
}

SliceReader::State SliceReader::next(std::span<std::string_view> out, std::size_t& count,
                                     std::size_t max_bytes) {
  count = 0;
  for (;;) {
    if (position_ == range_.end) return State::End;
    if (!reader_) {
      if (const State state = open(); state != State::Data) return state;
    }
    const State state = reader_->next(out, count, max_bytes);
    if (state == State::Cut) return fail(reader_->error());
    if (state != State::End) return state;
    reader_.reset();
    leave_fetch();
  }
}

void SliceReader::consume(std::size_t bytes) {
  if (bytes == 0) return;
  reader_->consume(bytes);
  position_ += bytes;
  ask_ahead();
}

// So that the next slice is here, or on its way, when the client gets to it.
void SliceReader::ask_ahead() {
  const std::uint64_t index = map_.index_of(position_);
  const std::uint64_t ahead = index + 1;
  const cache::ByteRange here = map_.range_of(index);
  const bool near_its_end = position_ - here.begin >= here.size() / 2;
  if (!near_its_end || ahead <= asked_ahead_ || here.end >= range_.end) return;
  asked_ahead_ = ahead;
  if (fetch_ && is_passing(fetch_->progress())) return;  // and so would the next, to nobody
  const cache::CacheKey key = key_of(ahead);
  if (context_.store.peek(key) || context_.fetches.size() >= context_.cache.fetches) return;
  if (!combines()) return;
  const std::uint64_t hash = cache::hash_key(response_->key());
  const auto joined = context_.collapse.join(
      key.text, key.hash, [&] { return Fetch::create(context_, key.text, key.hash, hash, as_of_); });
  if (!joined.leader) return;
  joined.fetch->let_go_of_beginning();  // nobody waits for it yet
  joined.fetch->start(planner_(ask_for(here.end, nullptr)));
}

void SliceReader::leave_fetch() {
  if (!fetch_) return;
  if (leads_) fetch_->let_go_of_beginning();
  fetch_->stop_waiting(waker_);
  fetch_->leave();
  fetch_.reset();
  leads_ = false;
}

SliceReader::State SliceReader::fail(Error error) {
  error_ = error;
  return State::Cut;
}

}  // namespace brink::edge
