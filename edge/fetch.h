#pragma once
// One question to upstream and what became of it: the writing side of a miss, a validation, or a request that only passes.
//
// Life: created (by CollapseTable::join, or alone) → start() on its shard, or abandon() → Waiting → one of
//   Streaming   the head is here, the body is filling: `shareable` says whether followers may read it
//   Freshened   a 304 made the stored response fresh again
//   Sliced      a 206 came for the range we asked for: `response` is the slice map (cache/slices.h), and the slice itself is
//               under way as a fetch of its own name, this one
//   Declined    what came cannot be shared with anybody: each asks for itself, as its client did
//   ErrorStatus upstream answered 5xx and a stale response may stand in for it; nothing of the answer is kept
//   Failed      no head came; `error` says why
//   Abandoned   it never began, or what it was about has changed: followers elect another leader
// → ended: taken out of the collapse table and of its shard's FetchSet.
//
// It belongs to its shard and outlives the client that caused it: a fill that may be stored goes on for others. A fill in
// window mode that nobody reads any more is cancelled.
// Threads: start(), abandon() and the Handler callbacks on its shard; everything else from any thread, under one mutex.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "config/runtime/error.h"
#include "edge/cache/directives.h"
#include "edge/cache/slices.h"
#include "edge/cache/storable.h"
#include "edge/cache/tags.h"
#include "edge/flow_context.h"
#include "edge/request.h"
#include "edge/store/store.h"
#include "origin/upstream.h"

namespace brink::edge {

// Which part is asked for, when it is not the whole (cache/slices.h).
struct SliceAsk {
  std::uint64_t slice_bytes = 0;    // 0 = the whole
  std::uint64_t large_from = 0;     // shorter responses than this are fetched whole after all
  // Of a response whose map is known:
  store::ResponsePtr map;           // null = the request's Range comes from first_slice_request()
  std::uint64_t index = 0;
  cache::ByteRange range;           // what is asked: the slice, or what is missing of it
  store::ResponsePtr kept;          // the part of it that is stored, right before or right behind `range`
  bool wants_whole = false;         // the client wants all of it: a 200 in its place is as good
};

// Everything a fetch needs, owned by it: the client may be gone before it ends.
struct FetchPlan {
  origin::Request request;
  OwnedFields client_fields;        // as the client sent them, for Vary
  cache::Policy policy;
  cache::RequestDirectives directives;
  std::string cache_key;            // of the target as GET would have it: what is stored, what an unsafe method invalidates
  store::ResponsePtr stale;         // may stand in for an error
  store::ResponsePtr asked;         // whose validators the request carries; a 304 is about it
  SliceAsk slice;
  std::vector<store::ResponsePtr> offered;  // on a variant miss: all whose tags it carries, `asked` is one of them
  std::uint64_t min_as_of = 0;      // what a regional node's answer must reflect of the purge log
  std::optional<std::uint32_t> after_event;  // a child's: what was stored before does not reflect what it knows
  bool may_store = false;
  bool has_authorization = false;
  bool request_no_store = false;
  bool background = false;          // stale-while-revalidate: no client waits
};

class Fetch final : public origin::Handler, public store::Waker {
 public:
  enum class Phase : std::uint8_t {
    Waiting,
    Streaming,
    Freshened,
    Sliced,
    Declined,
    ErrorStatus,
    Failed,
    Abandoned
  };

  // What a reader may know now.
  struct Progress {
    Phase phase = Phase::Waiting;
    bool shareable = false;                     // Streaming, Freshened, Sliced: followers may use it too
    store::ResponsePtr response;                // Streaming, Freshened; Sliced and of a slice: the map
    store::ResponsePtr slice;                   // what `fill` fills, when that is a slice
    bool anew = false;                          // Streaming: a slice was asked for, the whole came in its place
    std::shared_ptr<store::Fill> fill;          // Streaming, Sliced
    std::string unkept;                         // field lines for the leader's client only, none of the stored response's
    std::string tag_lines;                      // of what only passes: tags as they came, for a child tier that may keep it
    std::optional<std::uint64_t> content_length;  // as upstream announced it (also for HEAD)
    Error error{ErrorCode::Cancelled, Side::Internal};  // Failed
    int upstream_status = 0;                    // 0 = no head
    std::size_t interim_count = 0;
  };

  // What the log and Cache-Status want to know of the upstream side; call once the phase is settled.
  struct Trace {
    std::string server;
    std::string cache_status;                   // the members of the nodes above
    bool upstream_aged = false;                 // it came with an Age: a cache above answered
    std::uint8_t attempts = 0;
    cache::Reason store_reason = cache::Reason::None;
    std::uint64_t upstream_ns = 0;
  };

  // `name` is its name in the collapse table, at `name_hash`; empty = alone. `key_hash` is that of the cache key it is about.
  // `as_of`: the position in the purge log that what comes is sure to reflect, read before the store was asked.
  static std::shared_ptr<Fetch> create(FlowContext& context, std::string_view name, std::uint64_t name_hash,
                                       std::uint64_t key_hash, std::uint64_t as_of);
  ~Fetch() override;

  // Leader's shard.
  void start(FetchPlan plan);
  void abandon();
  // The shard stops, or the client whose body is being sent has gone: ends it now, without callbacks.
  void cancel(Error error);
  void resume_request();
  // The leader has joined the fill, or will not: see anchor_.
  void let_go_of_beginning() {
    anchor_.reset();
    leader_waits_ = false;
  }

  // A client begins to wait; false when there are too many already. `waker` stays valid until stop_waiting().
  bool attach(store::Waker& waker);
  void stop_waiting(store::Waker& waker);
  // An unsafe request has invalidated the key since this was made: whoever comes now must not share it (RFC 9111 §4.4).
  bool outrun() const { return context_.invalidations.read(key_hash_) != made_at_; }
  std::uint64_t as_of() const { return as_of_; }
  std::uint32_t began_at_event() const { return began_at_event_; }  // local_events.h
  // It has its answer, or has gone. Pairs with attach().
  void leave();

  Progress progress() const;
  Trace trace() const;
  // Interim responses from number `from` on: "HTTP/1.1 103 Early Hints\r\n" and field lines, without the empty line.
  std::vector<std::string> interim_since(std::size_t from) const;

  void on_interim(int status, Fields fields) override;
  void on_head(const origin::ResponseHead& head) override;
  Flow on_body(std::string_view bytes) override;
  void on_complete() override;
  void on_error(Error error) override;
  void wake() noexcept override;  // a full window has room again; any thread

 private:
  Fetch(FlowContext& context, std::string_view name, std::uint64_t name_hash, std::uint64_t key_hash,
        std::uint64_t as_of);
  void note_as_of(const origin::ResponseHead& head);
  void keep_only_purgeable(const origin::ResponseHead& head, cache::StoreDecision& decision);
  void take_tags(Fields fields);
  bool freshen_tags(Fields not_modified, const store::StoredResponse& old,
                    std::optional<std::span<const store::Tag>>& out);
  void ask_upstream();
  void invalidate(const cache::CacheKey& key);
  void invalidate_targets(const origin::ResponseHead& head);
  void invalidate_groups(const origin::ResponseHead& head);
  void drop_if_outrun(const store::ResponsePtr& stored);
  cache::ResponseContext response_context(const origin::ResponseHead& head) const;
  void note_head(const origin::ResponseHead& head);
  void not_modified(const origin::ResponseHead& head);
  store::ResponsePtr selected_by(const cache::ResponseContext& context) const;
  void freshen_by_head(const origin::ResponseHead& head);
  void begin_body(const origin::ResponseHead& head);
  void begin_writer(const store::NewResponse& fresh, cache::Reason& reason);
  bool take_partial(const origin::ResponseHead& head);
  void begin_map(const origin::ResponseHead& head);
  store::ResponsePtr store_map(const origin::ResponseHead& head, cache::SliceMap& map, Progress& result);
  void begin_slice(const origin::ResponseHead& head);
  bool take_slice_name(const cache::SliceMap& map);
  void begin_slice_body(const cache::SliceMap& map, cache::ByteRange range, bool keep);
  void begin_combined(const store::ResponsePtr& map_response, std::uint64_t length);
  store::ResponsePtr current_map() const;
  store::ResponsePtr freshen_map(const origin::ResponseHead& head, bool& keep);
  void append_kept();
  bool exceeds_part(std::size_t bytes);
  void drop_map();
  void drop_without_map(const store::ResponsePtr& slice);
  std::uint64_t generation_of(const cache::SliceMap& map, Fields head, std::string_view variant) const;
  bool has_tags_of(const store::StoredResponse& other) const;
  void replaced(const origin::ResponseHead& head);
  void outdated();
  void decline();
  void end_soon();
  void ask_again();
  void settle(Phase phase, const Progress& result);
  void note_store_reason(cache::Reason reason);
  void leave_table();
  void remember_uncacheable(cache::Reason reason);
  void forget_uncacheable();
  void notice_overflow();
  void fail_waiting(Error error);
  void fail_soon(Error error);
  void cancel_if_unwanted();
  void finish();

  FlowContext& context_;
  std::string name_;               // in the collapse table; a first slice goes on under its own
  std::uint64_t name_hash_;
  const std::uint64_t key_hash_;
  const std::uint32_t made_at_;  // the key's mark then
  const std::uint64_t as_of_;
  const std::uint32_t began_at_event_;
  const PurgePins::Pin pin_;
  const std::uint32_t max_followers_;  // the shard's configuration may change under other threads' eyes
  FetchPlan plan_;
  std::weak_ptr<Fetch> self_;
  std::unique_ptr<origin::Call> call_;
  std::unique_ptr<store::Writer> writer_;
  // Holds the beginning of a body that may only pass, until the leader, woken by a post, has joined: upstream may deliver
  // more than a window within one turn of the loop.
  std::unique_ptr<store::BodyReader> anchor_;
  bool leader_waits_ = true;
  TimePoint request_time_{};
  Ticks started_{};
  std::uint32_t mark_ = 0;          // of the key, before upstream was asked
  std::uint32_t events_as_of_ = 0;  // of the node's local events, ditto
  std::uint64_t reflects_ = 0;      // as_of_, or what the regional node says beyond it
  bool tier_behind_ = false;        // it says less than it was asked for
  cache::ResponseTags tags_;
  std::vector<store::Tag> stored_tags_;  // views of tags_ and former_tags_
  std::vector<std::string> former_tags_;  // of what has been freshened
  bool in_table_;
  bool ended_ = false;
  std::uint64_t discarded_bytes_ = 0;
  std::optional<std::uint64_t> part_left_;  // of a 206: what its Content-Range promises and has not come yet
  bool refetch_ = false;            // what came is not for us: ask again, without conditions and for the whole

  mutable std::mutex mutex_;
  Progress progress_;
  Trace trace_;
  std::vector<std::string> interim_;
  std::unordered_set<store::Waker*> waiters_;
  std::uint32_t audience_ = 0;
};

// The fetches under way on one shard; keeps them alive.
class FetchSet {
 public:
  void add(std::shared_ptr<Fetch> fetch) { fetches_.emplace(fetch.get(), std::move(fetch)); }
  std::shared_ptr<Fetch> release(const Fetch* fetch);
  std::size_t size() const { return fetches_.size(); }
  std::size_t background = 0;       // of them, started by stale-while-revalidate
  void cancel_all();                // the shard stops

 private:
  std::unordered_map<const Fetch*, std::shared_ptr<Fetch>> fetches_;
};

}  // namespace brink::edge
