#pragma once
// Reads a range of a sliced response (cache/slices.h): what is stored from the store, what is
// missing from upstream, one slice after the other; any number of readers share one fetch of a
// slice.
//
//   prepare() until Ready: the first bytes that are missing have begun to arrive, so that the head
//   may go out → next() …
//
// Missing bytes are asked for one slice ahead of the client and never outside the range: what is
// moved beyond it is the rest of the first and of the last slice, and of these only one is asked
// for whole where both together are more than a slice. Belongs to one transaction, on its shard.
// Bounded: it holds at most one fetch, and one reader of a body.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "edge/cache/slices.h"
#include "edge/fetch.h"
#include "edge/flow_context.h"
#include "edge/store/fill.h"

namespace brink::edge {

class SliceReader {
 public:
  using State = store::BodyReader::State;

  enum class Prepared : std::uint8_t {
    Ready,
    Wait,          // the waker will be called
    Missing,       // bytes are missing, and may not be asked for
    Uncombinable,  // bytes are missing, and cannot be put beside those that are here: there is no
                   // strong validator, or what comes is for another client only
    Elsewhere,     // the fetch became something else than a slice: take_fetch()
    Refused,       // too many fetches or followers
  };

  // Makes the plan of a fetch for `ask` in the name of the transaction's request.
  using Planner = std::function<FetchPlan(SliceAsk ask)>;

  // `map` is a slice map, `range` lies within its representation and is not empty. `exact`: a child
  // tier asks, whose ranges are slices already; nothing is asked for behind them. `context` and
  // `waker` outlive this.
  SliceReader(FlowContext& context, store::Waker& waker, store::ResponsePtr map,
              cache::ByteRange range, bool exact, std::uint64_t as_of, Planner planner);
  ~SliceReader();
  SliceReader(const SliceReader&) = delete;
  SliceReader& operator=(const SliceReader&) = delete;

  // `own`: a fetch that the transaction leads, if any; it may have become that of a slice.
  Prepared prepare(bool may_ask, const std::shared_ptr<Fetch>& own = nullptr);
  // After Ready: whether upstream had to be asked, and what it said.
  bool asked() const { return asked_; }
  bool followed() const { return followed_; }  // what another client began
  // The map, with the fields that came along with the bytes that were asked for.
  const store::ResponsePtr& map() const { return newest_; }
  const Fetch::Trace& trace() const { return trace_; }
  const std::string& unkept() const { return unkept_; }  // Fetch::Progress, when this reader asked
  // After Elsewhere: the fetch, attached to the waker, and whether this reader began it.
  std::shared_ptr<Fetch> take_fetch(bool& leads);

  // As BodyReader::next() and consume().
  State next(std::span<std::string_view> out, std::size_t& count, std::size_t max_bytes);
  void consume(std::size_t bytes);
  Error error() const { return error_; }

 private:
  std::uint64_t first_missing() const;
  bool combines() const;
  bool comes_in_one_piece() const;
  cache::ByteRange part_of(const Fetch::Progress& progress) const;
  static bool is_passing(const Fetch::Progress& progress);
  store::ResponsePtr stored_slice(std::uint64_t index) const;
  cache::CacheKey key_of(std::uint64_t index) const;
  SliceAsk ask_for(std::uint64_t position, const store::ResponsePtr& kept) const;
  bool ask(std::uint64_t position);
  bool has_brought_first(const std::shared_ptr<Fetch>& fetch) const;
  bool is_brought_by(const std::shared_ptr<Fetch>& fetch);
  Prepared look_at_fetch();
  bool open_stored();
  bool open_filling(const Fetch::Progress& progress);
  bool other_part_comes(const Fetch::Progress& progress, std::uint64_t position);
  State open();
  void ask_ahead();
  void leave_fetch();
  State fail(Error error);

  FlowContext& context_;
  store::Waker& waker_;
  const store::ResponsePtr response_;
  store::ResponsePtr newest_;
  const cache::SliceMap map_;
  const cache::ByteRange range_;
  const bool exact_;
  const std::uint64_t as_of_;  // of what is asked for: Fetch::create()
  const Planner planner_;
  std::uint64_t position_;
  std::uint64_t missing_ = 0;
  std::optional<store::BodyReader> reader_;
  std::shared_ptr<Fetch> fetch_;
  std::unique_ptr<store::BodyReader> other_part_;  // of the slice, awaited: it takes nothing of it
  bool leads_ = false;
  bool moved_first_ = false;  // bytes in front of the range have been moved for this client
  bool asked_ = false;
  bool followed_ = false;
  std::uint64_t asked_ahead_ = 0;  // slices below this one need no more asking
  Fetch::Trace trace_;
  std::string unkept_;
  Error error_{ErrorCode::Cancelled, Side::Internal};
  mutable std::string text_;  // keys
};

}  // namespace brink::edge
