#pragma once
// One call on its way through libcurl: the request, the attempt under way, what has arrived of the
// answer.
//
// Life of an attempt, by Phase:
//   Queued → (Waiting) → Connecting → (Sending) → Awaiting → Answering → done
// Queued: the client launches it soon. Waiting: all connections to the server are in use.
// Connecting: until libcurl is about to send the request. Sending: the request's body is on its
// way. Awaiting: for the head. Answering: since on_head. A failed attempt goes back to Queued when
// it may be repeated. Idle: in the pool, no call.

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "origin/candidates.h"
#include "origin/client_metrics.h"
#include "origin/curl_driver.h"
#include "origin/deadlines.h"
#include "origin/easy_options.h"
#include "origin/response_head.h"

namespace brink::origin {

class ClientCall;

// What a transfer needs of the client it belongs to.
class TransferHost {
 public:
  virtual ~TransferHost() = default;
  virtual const Clock& clock() const = 0;
  virtual DeadlineQueue& deadlines() = 0;
  virtual ClientMetrics& metrics() = 0;
  // Lets a paused upload go on from outside libcurl.
  virtual void unpause_request(class Transfer& transfer) = 0;
};

class Transfer final : public Timed {
 public:
  enum class Phase : std::uint8_t {
    Idle,
    Queued,
    Waiting,
    Connecting,
    Sending,
    Awaiting,
    Answering
  };

  Transfer(TransferHost& host, CurlDriver& driver);
  ~Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  static Transfer* of(CURL* easy);  // null for libcurl's own handles

  // The call.
  void begin(Request request, Handler& handler, std::unique_ptr<Candidates> candidates);
  void end();                             // back to Idle
  void abandon() { handler_ = nullptr; }  // no callback from here on
  bool abandoned() const { return handler_ == nullptr; }
  Handler& handler() { return *handler_; }

  // Choosing a server. The candidate stays outstanding until report().
  bool choose(bool again);
  void report(AttemptOutcome outcome);
  const Candidate& candidate() const { return candidate_; }

  // The attempt.
  bool configure();                           // false: the request cannot be sent; see RequestForm
  void set_phase(Phase phase, Millis limit);  // with a deadline `limit` from now; 0 = none
  Phase phase() const { return phase_; }
  CURL* easy() const { return easy_.get(); }
  void resume(bool response, bool request);
  // After the attempt's end.
  bool answered() const { return phase_ == Phase::Answering; }
  // The answer is whole, as far as libcurl cannot tell.
  bool whole() const { return answered() && (!attempt_.close_notify || *attempt_.close_notify); }
  int status() const { return head_.status(); }
  bool leaves_silence() const { return answered() && !attempt_.recv_paused && !head_.http2(); }
  Error error(CURLcode result) const;
  std::string_view words() const { return words_.data(); }  // libcurl's, for the log; may quote the network
  Error timeout() const;  // which one passed
  bool reuse_failed() const { return attempt_.reuse_failed; }
  bool may_repeat(const Error& error) const;
  // Once per call: the idle connection was dead, that says nothing of the server. True = try it on
  // a new one.
  bool use_fresh_connection();

  // Bookkeeping of the client.
  ClientCall* call = nullptr;
  std::size_t index = 0;  // among all transfers
  bool added = false;     // to the driver
  bool has_slot = false;
  bool resume_queued = false;
  bool resume_response = false;
  bool resume_request = false;

 private:
  void make_handle();
  void install_callbacks();
  void set_deadline(Millis limit);
  std::size_t give_up(Error error);
  std::size_t on_header(std::string_view line);
  std::size_t on_body(std::string_view bytes);
  std::size_t on_read(char* into, std::size_t size);
  int on_ready_to_send();
  void deliver_head();
  void body_sent();

  TransferHost& host_;
  CurlDriver& driver_;
  CurlEasy easy_;  // of the attempt under way
  CurlSlist connect_to_;
  std::array<char, CURL_ERROR_SIZE> words_{};  // libcurl's own, of what went wrong
  RequestForm form_;
  ResponseHeadReader head_;

  Request request_;
  Handler* handler_ = nullptr;
  std::unique_ptr<Candidates> candidates_;
  Candidate candidate_;
  Ticks total_deadline_ = kNever;
  std::uint32_t attempts_ = 0;
  bool delivered_ = false;     // the handler has seen something of the answer
  bool body_started_ = false;  // something of the request's body was taken
  bool fresh_ = false;         // never again an idle connection

  Phase phase_ = Phase::Idle;
  struct Attempt {
    bool asked = false;         // it got as far as sending
    bool reuse_failed = false;  // over a connection that had been used before and was dead
    bool flow_paused = false;   // the handler wants no more
    bool recv_paused = false;   // libcurl keeps bytes for us and stopped reading
    bool send_paused = false;
    bool got_bytes = false;
    std::shared_ptr<const bool> close_notify;  // where only that ends the body
    Ticks asked_at{};
    std::uint64_t sent_bytes = 0;      // of the request's body
    std::uint64_t received_bytes = 0;  // of the response's
    std::optional<Error> given_up;     // why a callback stopped the transfer
  };
  Attempt attempt_;
};

}  // namespace brink::origin
