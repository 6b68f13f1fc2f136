#include "edge/warm_session.h"

#include <array>
#include <boost/asio/post.hpp>

#include "edge/shard.h"
#include "edge/transaction.h"
#include "edge/wakeup.h"

namespace brink::edge {
namespace {

constexpr std::size_t kViews = 16;
constexpr std::size_t kTurnBytes = 256 * 1024;  // of a body, before others get their turn
constexpr std::uint64_t kUnstoredBytes =
    256 * 1024;  // of one that is not stored: then the connection goes

bool is_stored(cache::Reason reason) {
  return reason == cache::Reason::Stored || reason == cache::Reason::StoredToValidate ||
         reason == cache::Reason::Freshened;
}

WarmFound failed(std::string reason, std::string detail) {
  return {WarmResult::Failed, std::move(reason), std::move(detail)};
}

class WarmSession final : public SessionBase {
 public:
  WarmSession(Shard& shard, const WarmAsk& ask);
  ~WarmSession() override {
    transaction_.release();
    shard_.leave(*this, Shard::Whose::Nobodys);
  }
  WarmSession(const WarmSession&) = delete;
  WarmSession& operator=(const WarmSession&) = delete;
  Awaitable<WarmFound> run();

  void on_tick(Ticks now) override;
  void on_drain() override { end(failed("stopped", "the node stops")); }
  void on_stop() override { on_drain(); }

 private:
  Awaitable<bool> await_head();
  Awaitable<WarmFound> read_body();
  void end(WarmFound fault);
  bool take(std::span<const std::string_view> views);
  WarmFound judge() const;

  static constexpr Ticks kNever = Ticks::max();
  Shard& shard_;
  const WarmAsk& ask_;
  Wakeup wakeup_;
  std::array<Field, 4> fields_;
  Transaction transaction_;
  Ticks deadline_;
  Ticks wait_deadline_ = kNever;
  bool wait_expired_ = false;
  bool over_ = false;  // `fault_` is the result, whatever comes
  WarmFound fault_;
};

WarmSession::WarmSession(Shard& shard, const WarmAsk& ask)
    : shard_(shard),
      ask_(ask),
      wakeup_(shard.io()),
      fields_{{{"Host", ask.url.host},
               {"Accept", "*/*"},
               {"Accept-Encoding", ask.body ? "gzip" : "gzip, deflate, br, zstd"},
               {"User-Agent", "brink-warm"}}},
      transaction_(shard.flow(), wakeup_),
      deadline_(shard.coarse_now() + ask.timeout) {
  shard_.enter(*this, Shard::Whose::Nobodys);
}

Awaitable<WarmFound> WarmSession::run() {
  if (shard_.draining()) on_drain();
  RequestHead head;
  head.method = "GET";
  head.scheme = ask_.url.scheme;
  head.host = ask_.url.host;
  head.target = ask_.url.target;
  head.fields = fields_;
  head.client_address =
      "unknown";  // RFC 7239 §6.2; an address of ours might open doors at the origin
  head.tls = head.scheme == "https";
  head.warm = true;
  transaction_.begin(head, nullptr);
  if (!co_await await_head()) co_return fault_;
  if (!ask_.body) co_return co_await read_body();
  const int status = transaction_.plan().status;
  if (status == 200) co_return co_await read_body();
  WarmFound found = judge();
  if (found.result != WarmResult::Failed) {
    found = failed("status-" + std::to_string(status), "it was answered " + std::to_string(status));
  }
  co_return found;
}

// False: it is over.
Awaitable<bool> WarmSession::await_head() {
  for (;;) {
    if (over_) co_return false;
    const Step step = transaction_.advance();
    if (step == Step::Respond) co_return true;
    if (step == Step::Interim) continue;  // nobody to hand it to
    if (transaction_.waits_for_another() && wait_deadline_ == kNever) {
      wait_deadline_ = shard_.coarse_now() + shard_.config().cache.follower_timeout;
    }
    co_await wakeup_.wait();
    if (wait_expired_) transaction_.waited_too_long();
    wait_expired_ = false;
  }
}

Awaitable<WarmFound> WarmSession::read_body() {
  std::array<std::string_view, kViews> views;
  std::uint64_t total = 0;
  for (;;) {
    if (over_) co_return fault_;
    if (!transaction_.plan().send_body) co_return judge();
    std::size_t count = 0;
    const auto state = transaction_.body().next(views, count, kTurnBytes);
    if (state == ResponseBody::State::End) co_return judge();
    if (state == ResponseBody::State::Cut) co_return failed("cut", "the body broke off");
    if (state == ResponseBody::State::Wait) {
      co_await wakeup_.wait();
      continue;
    }
    const std::span<const std::string_view> shown(views.data(), count);
    std::size_t bytes = 0;
    for (const std::string_view view : shown)
      bytes += view.size();
    const bool wanted = take(shown);
    transaction_.body().consume(bytes);
    total += bytes;
    const bool is_unstored = !ask_.body && judge().result == WarmResult::NotStored;
    if (!wanted || (is_unstored && total > kUnstoredBytes)) co_return judge();
    if (bytes >= kTurnBytes / 2) co_await net::post(shard_.io(), kAwait);
  }
}

bool WarmSession::take(std::span<const std::string_view> views) {
  if (!ask_.body) return true;
  for (const std::string_view view : views) {
    if (!ask_.body->take(view)) return false;
  }
  return true;
}

// Of an answer that has come to its end, or is not worth reading to it.
WarmFound WarmSession::judge() const {
  const Outcome& outcome = transaction_.outcome();
  const int status = transaction_.plan().status;
  std::string_view said = transaction_.own_error();
  while (said.ends_with('\n'))
    said.remove_suffix(1);
  const std::string word = "status-" + std::to_string(status);
  if (!said.empty()) return failed(word, std::string(said));
  if (status >= 400) return failed(word, "the origin answered " + std::to_string(status));
  const cache::Reason stored = transaction_.store_reason();
  if (is_stored(stored)) return {WarmResult::Stored};
  if (outcome.result == CacheResult::Hit) return {WarmResult::Fresh};
  if (outcome.result == CacheResult::Stale) {
    return failed(std::string(to_string(outcome.reason)),
                  "the origin failed; what is stored is stale");
  }
  const cache::Reason why = stored == cache::Reason::None ? outcome.reason : stored;
  return {WarmResult::NotStored, std::string(to_string(why))};
}

void WarmSession::end(WarmFound fault) {
  if (over_) return;
  over_ = true;
  fault_ = std::move(fault);
  wakeup_.wake();
}

void WarmSession::on_tick(Ticks now) {
  if (now >= deadline_) end(failed("timed-out", "it took longer than cache.warm.timeout"));
  if (now < wait_deadline_) return;
  wait_deadline_ = kNever;
  wait_expired_ = true;
  wakeup_.wake();
}

}  // namespace

Awaitable<void> warm_session(Shard& shard, WarmAsk ask,
                             std::function<void(const WarmAsk&, const WarmFound&)> done) {
  WarmFound found;
  {
    WarmSession session(shard, ask);
    found = co_await session.run();
  }
  done(ask, found);
}

}  // namespace brink::edge
