#pragma once
// One request's way through the node: a table of steps without sockets (DESIGN.md section 3). HTTP/1.1 and HTTP/2 sessions and the
// simulation all drive this one.
//
//   begin() → Lookup → hit ──────────────────────────────→ Ready → body → Done
//                    → miss: join or start a fetch → AwaitHead → Ready → body → Done | Cut
//           → PURGE and the like → AwaitPurge → Ready (transaction_method_purge.cc)
//
// The session calls advance() until Done or Cut, and does what the step says. When it says Wait, the waker given at
// begin() will be called; a spurious wake-up does no harm. A hit answers from the first advance() and allocates nothing
// once the buffers have grown. Reused for the next request of the connection by begin().

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/cache/directives.h"
#include "edge/cache/key.h"
#include "edge/cache/reuse.h"
#include "edge/cache_status.h"
#include "edge/fetch.h"
#include "edge/flow_context.h"
#include "edge/request.h"
#include "edge/respond.h"
#include "edge/response_body.h"
#include "edge/slice_reader.h"

namespace brink::edge {

enum class Step : std::uint8_t {
  Wait,      // for the waker
  Interim,   // send interim(), then advance()
  Respond,   // send plan() and the body
};

// What a soft purge makes of a stored response: stale since then. Null when there is no room for that; it is dropped then.
store::ResponsePtr soften(store::Store& store, const store::ResponsePtr& response, TimePoint since, std::uint64_t as_of);

// Belongs to one connection (or stream) on one shard.
class Transaction {
 public:
  // `context` and `waker` outlive it.
  Transaction(FlowContext& context, store::Waker& waker) : context_(context), waker_(waker) {}
  ~Transaction() { release(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // `head` and its views, and `body` (null = none), stay valid until release().
  void begin(const RequestHead& head, origin::BodySource* body);
  // Answers with an error of our own, without asking anybody (framing, limits). No request need have been parsed:
  // `head` may be mostly empty.
  void refuse(const RequestHead& head, int status, std::string_view what, bool close);
  void refuse(const RequestHead& head, const Error& error);  // the same, closes, and says so in Proxy-Status

  Step advance();
  const Site* site() const { return site_; }
  const ResponsePlan& plan() const { return plan_; }
  ResponseBody& body() { return body_; }
  const std::string& interim() const { return interim_; }
  // Of the request's body, by the site's rules; none once it has been answered without it.
  std::uint64_t body_limit() const {
    return rules_ && stage_ != Stage::Ready ? rules_->body_bytes : UINT64_MAX;
  }
  bool wants_request_body() const { return forwards_body_; }  // upstream is being sent the body
  void request_body_arrived();       // there is more for BodySource::pull
  // A follower has waited for config cache.follower_timeout; it goes alone. True when that changed anything.
  bool waited_too_long();
  bool waits_for_another() const {
    if (stage_ == Stage::AwaitSlice) return slices_->followed();
    return fetch_ && !leader_ && stage_ == Stage::AwaitHead;
  }

  // The site's servers when an Upgrade request may be tunnelled to them; null when it was refused already.
  std::shared_ptr<origin::ServerGroup> tunnel_group() const {
    return stage_ == Stage::Ready ? nullptr : site_->origin;
  }
  void finish_tunnel(int status, std::uint64_t bytes_sent, std::uint64_t bytes_received);

  // How it went, for who asks in nobody's name and so does not finish(). REQUIRES: advance() said Respond.
  const Outcome& outcome() const { return outcome_; }
  cache::Reason store_reason() const { return fetch_ ? fetch_->trace().store_reason : trace_.store_reason; }
  std::string_view own_error() const { return answered_ ? std::string_view{} : std::string_view(text_); }

  // Writes the access record and counts; call once, when the last byte has left or the client is gone.
  void finish(std::uint64_t bytes_sent, std::uint64_t bytes_received, bool cut);
  // Lets go of everything that belongs to the request.
  void release();
  Ticks began() const { return began_; }
  void note_first_byte() { if (first_byte_ == Ticks{}) first_byte_ = context_.clock.ticks(); }

 private:
  enum class Stage : std::uint8_t { Lookup, AwaitHead, AwaitSlice, AwaitPurge, Ready };
  enum class Alone : std::uint8_t { MayStore, ForwardOnly };

  // transaction.cc: the steps
  bool comes_from_child() const;
  bool accept();
  void lookup();
  store::ResponsePtr find_stored(std::string& scratch);
  cache::Reason missing_because() const;
  void miss(cache::Reason reason, CacheResult result);
  void join(std::string_view collapse_key, std::uint64_t hash);
  void lead(const std::shared_ptr<Fetch>& fetch);
  void go_alone(Alone how, CacheResult result, cache::Reason reason);
  void start_fetch(const std::shared_ptr<Fetch>& fetch, Alone how, bool background);
  void validate_in_background();
  void restart();
  void leave_fetch();
  void make_key();
  std::string offered_tags() const;

  // transaction_purge.cc: what may be used at all
  purge::Subject subject_of(std::string_view key_text, store::TagHashes tags) const;
  std::string_view version();
  void take_position();
  bool reflects_what_child_knows(const store::StoredResponse& response) const;
  store::ResponsePtr admit(store::ResponsePtr found);
  bool may_join(const Fetch& fetch) const;
  bool may_share(const store::StoredResponse& response) const;
  bool may_offer(const store::StoredResponse& response) const;
  std::uint64_t fetch_as_of() const;
  // It has lost the log, and is to ask upstream before it answers from the store.
  bool distrusts_store() const { return fenced_ && context_.purges.fenced == config::Fenced::Revalidate; }
  void add_tier_fields(FetchPlan& plan);
  void append_child_fields(const store::StoredResponse& response);

  // transaction_method_purge.cc: purges as requests
  bool is_method_purge() const;
  void purge_by_method();
  Step await_purge();

  // transaction_slices.cc: parts of large responses
  bool begins_beyond_slices() const;
  void plan_slice(FetchPlan& plan, bool background) const;
  FetchPlan plan_of_slice(SliceAsk ask);
  void answer_sliced(store::ResponsePtr response);
  std::optional<cache::ByteRange> range_of_slices(const store::ResponsePtr& response, std::uint64_t length);
  void tell_slices_are_missing();
  void await_slice(SliceReader::Prepared prepared);
  void answer_from_slices();

  // transaction_answer.cc: the answers
  void answer_hit(store::ResponsePtr response, const cache::ReuseDecision& decision);
  void answer_progress(const Fetch::Progress& progress);
  void answer_fetched(const Fetch::Progress& progress);
  void answer_stored(const store::ResponsePtr& response, const std::shared_ptr<store::Fill>& fill);
  bool answer_ranges(const store::ResponsePtr& response, const std::shared_ptr<store::Fill>& fill);
  bool answer_preconditions(const store::ResponsePtr& response);
  void answer_failure(const Error& error);
  bool answer_stale(cache::UpstreamFailure failure, cache::StaleDecision& decision);
  void answer_unsatisfiable(std::uint64_t complete_length);
  void answer_error(int status, std::string_view what, std::optional<ErrorCode> code);
  bool set_body(const store::ResponsePtr& response, const std::shared_ptr<store::Fill>& fill, std::uint64_t begin,
                std::uint64_t end);
  void begin_plan(const store::ResponsePtr& response, HeadKind kind, int status);
  void describe(AccessRecord& record) const;
  Shown shown_fields(bool child) const;
  bool is_get() const { return head_.method == "GET"; }
  bool is_head() const { return head_.method == "HEAD"; }
  // For a request that slices cannot help: its range goes upstream as it is; what has none may be stored whole.
  Alone as_it_is() const { return find_field(head_.fields, "range") ? Alone::ForwardOnly : Alone::MayStore; }
  bool to_child_tier() const { return is_child_; }

  FlowContext& context_;
  store::Waker& waker_;
  RequestHead head_;
  origin::BodySource* request_body_ = nullptr;
  std::shared_ptr<const SiteTable> sites_;
  const Site* site_ = nullptr;
  const RuleSet* rules_ = nullptr;
  cache::RequestDirectives directives_;
  TimePoint now_{};
  Ticks began_{};
  Ticks first_byte_{};
  std::string key_buffer_;
  cache::CacheKey key_;
  std::string scratch_;           // variant keys
  Stage stage_ = Stage::Lookup;

  bool is_child_ = false;           // a child tier asks
  std::string version_;             // of the site, for this client
  std::uint64_t as_of_ = 0;         // position in the purge log before the store was asked
  std::uint64_t min_as_of_ = 0;     // what the child has applied of this node's log
  std::uint64_t asked_as_of_ = 0;   // as the child said it
  std::optional<std::uint32_t> after_event_;  // … of a log of its own: foreign_logs.h
  bool fenced_ = false;
  bool behind_ = false;             // what is stored may be from before what the child knows
  bool purged_ = false;             // what was stored is gone by a purge

  std::shared_ptr<Fetch> fetch_;
  bool leader_ = false;
  bool forwarded_ = false;        // the answer is for this client only: its own conditions and ranges went upstream
  bool forwards_body_ = false;
  std::size_t interim_seen_ = 0;
  std::string interim_;
  std::uint32_t restarts_ = 0;
  std::unique_ptr<SliceReader> slices_;
  std::optional<cache::ByteRange> slice_range_;  // what of a sliced response was asked for; empty = all of it
  std::string unkept_;            // of the fetch that brought the map, if this client's: Fetch::Progress
  bool uncombinable_ = false;     // met once: the second time the request goes upstream as it is
  store::ResponsePtr stale_;      // found, but must be validated
  store::ResponsePtr offered_;    // another variant, which upstream may find to fit as well
  std::vector<store::ResponsePtr> tagged_;  // all variants with a tag, on a variant miss

  std::shared_ptr<MethodPurgeCall> purge_call_;

  Outcome outcome_;
  Fetch::Trace trace_;
  std::optional<ErrorCode> error_;
  store::ResponsePtr answered_;   // what the answer was made of
  ResponsePlan plan_;
  ResponseBody body_;
  std::string head_text_;
  std::string extra_;
  std::string text_;
};

}  // namespace brink::edge
