#include "origin/client.h"

#include <fmt/format.h>

#include <deque>
#include <utility>
#include <vector>

#include "config/runtime/log.h"
#include "origin/server.h"
#include "origin/slots.h"
#include "origin/transfer.h"

namespace brink::origin {

namespace {

constexpr std::size_t kIdleTransfers = 1'024;  // kept for reuse, per shard

class Client;

}  // namespace

// What the caller holds: lets go of the transfer, whichever of the two ends first.
class ClientCall final : public Call {
 public:
  ClientCall(Client& client, Transfer& transfer) : client_(&client), transfer_(&transfer) {}
  ~ClientCall() override;
  void resume_response() override { resume(true, false); }
  void resume_request() override { resume(false, true); }
  void detach() { transfer_ = nullptr; }

 private:
  void resume(bool response, bool request);
  Client* const client_;
  Transfer* transfer_;
};

namespace {

bool counts_as_failure(ErrorCode code) {
  switch (code) {
    case ErrorCode::ConnectionRefused:
    case ErrorCode::ConnectionTimeout:
    case ErrorCode::ConnectionTerminated:
    case ErrorCode::ResponseTimeout:
    case ErrorCode::DnsError:
    case ErrorCode::TlsError:
    case ErrorCode::TlsCertificateError:
    case ErrorCode::TlsAlertReceived:
      return true;
    default:
      return false;
  }
}

AttemptOutcome outcome_of(const Transfer& transfer, const Error& error) {
  if (error.side != Side::Upstream) {
    return transfer.answered() ? AttemptOutcome::Answered : AttemptOutcome::Cancelled;
  }
  if (transfer.reuse_failed()) return AttemptOutcome::Cancelled;
  // Garbage or a cut body is one resource's trouble, not a server that is gone.
  return counts_as_failure(error.code) ? AttemptOutcome::Failed : AttemptOutcome::ServerError;
}

void log_failure(const Transfer& transfer, const Error& error) {
  if (error.side != Side::Upstream || transfer.reuse_failed() || !transfer.candidate().server)
    return;
  log_limited(LogLevel::Warning, to_string(error.code), "origin",
              fmt::format("{}: {}: {}{}{}", transfer.candidate().server->url(), to_string(error.code),
                          error.what, transfer.words().empty() ? "" : ": ", transfer.words()));
}

class Client final : public Upstream, private TransferHost, private CurlDriver::Owner {
 public:
  Client(boost::asio::io_context& io, const Clock& clock, MetricsRegistry& metrics,
         std::unique_ptr<CandidateSource> source)
      : clock_(clock), metrics_(metrics), source_(std::move(source)), driver_(io, clock, *this) {}
  ~Client() override;

  std::unique_ptr<Call> start(Request request, Handler& handler) override;
  void resume(Transfer& transfer, bool response, bool request);
  void cancel(Transfer& transfer);

 private:
  // TransferHost
  const Clock& clock() const override { return clock_; }
  DeadlineQueue& deadlines() override { return deadlines_; }
  ClientMetrics& metrics() override { return metrics_; }
  void unpause_request(Transfer& transfer) override { resume(transfer, false, true); }
  // CurlDriver::Owner
  void on_kick() override;
  void on_done(CURL* easy, CURLcode result) override;
  Ticks on_time(Ticks now) override;
  bool leaves_silence(CURL* easy) const override {
    const Transfer* transfer = Transfer::of(easy);
    return transfer && transfer->leaves_silence();
  }

  void enqueue(Transfer& transfer);
  void launch(Transfer& transfer);
  bool take_slot(Transfer& transfer);
  void stop(Transfer& transfer);
  void attempt_failed(Transfer& transfer, const Error& error);
  void succeed(Transfer& transfer);
  void fail(Transfer& transfer, const Error& error);
  void drop(Transfer& transfer);
  Handler& finish(Transfer& transfer);
  Transfer& acquire();
  void recycle(Transfer& transfer);

  const Clock& clock_;
  ClientMetrics metrics_;
  std::unique_ptr<CandidateSource> source_;
  Slots slots_;
  DeadlineQueue deadlines_;
  CurlDriver driver_;
  std::vector<std::unique_ptr<Transfer>> transfers_;  // all; before the driver in destruction
  std::vector<Transfer*> idle_;
  std::deque<Transfer*> queued_;  // to launch
  std::deque<Transfer*> resumed_;
  std::vector<Transfer*> doomed_;  // their call went while libcurl was on the stack
};

Client::~Client() {
  for (const auto& transfer : transfers_) {
    if (transfer->call) std::exchange(transfer->call, nullptr)->detach();
    if (transfer->added) driver_.remove(transfer->easy());
    transfer->report(AttemptOutcome::Cancelled);
  }
}

std::unique_ptr<Call> Client::start(Request request, Handler& handler) {
  Transfer& transfer = acquire();
  auto call = std::make_unique<ClientCall>(*this, transfer);
  transfer.call = call.get();
  auto candidates = source_->candidates(request);
  transfer.begin(std::move(request), handler, std::move(candidates));
  enqueue(transfer);
  return call;
}

void Client::enqueue(Transfer& transfer) {
  transfer.set_phase(Transfer::Phase::Queued, Millis{0});
  queued_.push_back(&transfer);
  driver_.kick();
}

void Client::resume(Transfer& transfer, bool response, bool request) {
  transfer.resume_response |= response;
  transfer.resume_request |= request;
  if (transfer.resume_queued) return;
  transfer.resume_queued = true;
  resumed_.push_back(&transfer);
  driver_.kick();
}

void Client::cancel(Transfer& transfer) {
  transfer.call = nullptr;
  transfer.abandon();
  if (!driver_.inside()) return drop(transfer);
  doomed_.push_back(&transfer);
  driver_.kick();
}

void Client::on_kick() {
  // Whatever a callback adds here meanwhile waits for the next kick, so that no call can starve the
  // others.
  while (!doomed_.empty())
    drop(*doomed_.back());
  for (std::size_t left = resumed_.size(); left > 0 && !resumed_.empty(); --left) {
    Transfer& transfer = *resumed_.front();
    resumed_.pop_front();
    transfer.resume_queued = false;
    const bool response = std::exchange(transfer.resume_response, false);
    const bool request = std::exchange(transfer.resume_request, false);
    if (transfer.added) transfer.resume(response, request);
  }
  for (std::size_t left = queued_.size(); left > 0 && !queued_.empty(); --left) {
    Transfer& transfer = *queued_.front();
    queued_.pop_front();
    launch(transfer);
  }
}

void Client::launch(Transfer& transfer) {
  if (!transfer.candidate().server && !transfer.choose(false)) {
    return fail(transfer, {ErrorCode::NoServerAvailable, Side::Upstream, Retry::Never,
                           "every server is ejected or unhealthy"});
  }
  if (!transfer.has_slot && !take_slot(transfer)) return;
  if (!transfer.configure()) {
    return attempt_failed(transfer, {ErrorCode::BadRequest, Side::Client, Retry::Never,
                                     "the request cannot be sent as it stands"});
  }
  transfer.set_phase(Transfer::Phase::Connecting,
                     transfer.candidate().group->options().connect_timeout);
  transfer.added = driver_.add(transfer.easy());
  CHECK(transfer.added);
}

bool Client::take_slot(Transfer& transfer) {
  const config::UpstreamOptions& options = transfer.candidate().group->options();
  switch (slots_.take(transfer.candidate().server, options.connections, transfer)) {
    case Slots::Answer::Taken:
      transfer.has_slot = true;
      return true;
    case Slots::Answer::Wait:
      metrics_.waited.add();
      transfer.set_phase(Transfer::Phase::Waiting, options.connect_timeout);
      return false;
    case Slots::Answer::Full:
      attempt_failed(transfer,
                     {ErrorCode::LimitReached, Side::Internal, Retry::Safe, "connections"});
      return false;
  }
  return false;
}

// Ends the attempt's use of libcurl and of its slot; the candidate is still to be reported.
void Client::stop(Transfer& transfer) {
  if (std::exchange(transfer.added, false)) driver_.remove(transfer.easy());
  if (transfer.phase() == Transfer::Phase::Waiting) {
    slots_.leave(transfer.candidate().server, transfer);
  }
  if (std::exchange(transfer.has_slot, false)) {
    if (Transfer* next = slots_.release(transfer.candidate().server)) {
      next->has_slot = true;
      enqueue(*next);
    }
  }
}

void Client::on_done(CURL* easy, CURLcode result) {
  Transfer& transfer = *Transfer::of(easy);
  if (transfer.abandoned()) return drop(transfer);
  if (result == CURLE_OK && transfer.whole()) return succeed(transfer);
  attempt_failed(transfer, transfer.error(result));
}

Ticks Client::on_time(Ticks now) {
  while (Timed* due = deadlines_.take_due(now)) {
    auto& transfer = static_cast<Transfer&>(*due);
    if (transfer.abandoned()) {
      drop(transfer);
    } else {
      attempt_failed(transfer, transfer.timeout());
    }
  }
  return deadlines_.next();
}

void Client::attempt_failed(Transfer& transfer, const Error& error) {
  const AttemptOutcome outcome = outcome_of(transfer, error);
  log_failure(transfer, error);
  if (transfer.added && transfer.use_fresh_connection()) {
    transfer.added = false;
    driver_.remove(transfer.easy());
    return enqueue(transfer);
  }
  stop(transfer);
  transfer.report(outcome);
  if (transfer.may_repeat(error) &&
      transfer.choose(error.code == ErrorCode::ConnectionTerminated)) {
    metrics_.retries.add();
    return enqueue(transfer);
  }
  fail(transfer, error);
}

void Client::succeed(Transfer& transfer) {
  const bool server_error = transfer.status() >= 500;
  stop(transfer);
  transfer.report(server_error ? AttemptOutcome::ServerError : AttemptOutcome::Answered);
  metrics_.finished(server_error);
  finish(transfer).on_complete();
}

void Client::fail(Transfer& transfer, const Error& error) {
  metrics_.failed(error.code);
  finish(transfer).on_error(error);
}

void Client::drop(Transfer& transfer) {
  const bool answered = transfer.answered();
  stop(transfer);
  transfer.report(answered ? AttemptOutcome::Answered : AttemptOutcome::Cancelled);
  metrics_.cancelled.add();
  recycle(transfer);
}

// The transfer is free again before the last callback, which may destroy the call or start another.
Handler& Client::finish(Transfer& transfer) {
  Handler& handler = transfer.handler();
  if (transfer.call) std::exchange(transfer.call, nullptr)->detach();
  recycle(transfer);
  return handler;
}

Transfer& Client::acquire() {
  if (idle_.empty()) {
    auto& made = transfers_.emplace_back(
        std::make_unique<Transfer>(static_cast<TransferHost&>(*this), driver_));
    made->index = transfers_.size() - 1;
    return *made;
  }
  Transfer& transfer = *idle_.back();
  idle_.pop_back();
  return transfer;
}

void Client::recycle(Transfer& transfer) {
  if (transfer.abandoned()) std::erase(doomed_, &transfer);
  if (transfer.phase() == Transfer::Phase::Queued) std::erase(queued_, &transfer);
  if (std::exchange(transfer.resume_queued, false)) std::erase(resumed_, &transfer);
  transfer.resume_response = transfer.resume_request = false;
  transfer.end();
  if (idle_.size() < kIdleTransfers) {
    idle_.push_back(&transfer);
    return;
  }
  const std::size_t hole = transfer.index;
  std::swap(transfers_[hole], transfers_.back());
  transfers_[hole]->index = hole;
  transfers_.pop_back();
}

}  // namespace

ClientCall::~ClientCall() {
  if (transfer_) client_->cancel(*transfer_);
}

void ClientCall::resume(bool response, bool request) {
  if (transfer_) client_->resume(*transfer_, response, request);
}

std::unique_ptr<Upstream> make_upstream(boost::asio::io_context& io, const Clock& clock,
                                        MetricsRegistry& metrics,
                                        std::unique_ptr<CandidateSource> source) {
  return std::make_unique<Client>(io, clock, metrics, std::move(source));
}

std::unique_ptr<Upstream> make_origin_upstream(boost::asio::io_context& io, const Clock& clock,
                                               MetricsRegistry& metrics) {
  return make_upstream(io, clock, metrics, std::make_unique<OriginCandidates>());
}

}  // namespace brink::origin
