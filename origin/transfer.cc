#include "origin/transfer.h"

#include <algorithm>

#include "origin/server.h"
#include "origin/tls_end.h"

namespace brink::origin {

Transfer::Transfer(TransferHost& host, CurlDriver& driver) : host_(host), driver_(driver) {}

Transfer* Transfer::of(CURL* easy) {
  char* self = nullptr;
  return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self) == CURLE_OK
             ? static_cast<Transfer*>(static_cast<void*>(self))
             : nullptr;
}

// A new handle for each attempt costs a microsecond and buys that nothing of an earlier answer
// lives on in it: in libcurl 7.88 a handle used again keeps a dangling pointer to the last header
// line, which a folded first line then writes to.
void Transfer::make_handle() {
  easy_.reset(curl_easy_init());
  CHECK(easy_ != nullptr);
  set_fixed_options(easy());
  words_.front() = '\0';
  set_option(easy(), CURLOPT_ERRORBUFFER, words_.data());
  driver_.adopt(easy());
  install_callbacks();
}

void Transfer::install_callbacks() {
  using Trampoline = std::size_t (*)(char*, std::size_t, std::size_t, void*);
  const Trampoline header = [](char* data, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<Transfer*>(self)->on_header({data, size});
  };
  const Trampoline write = [](char* data, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<Transfer*>(self)->on_body({data, size});
  };
  const Trampoline read = [](char* into, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<Transfer*>(self)->on_read(into, size);
  };
  const curl_prereq_callback prereq = [](void* self, char* remote, char*, int remote_port,
                                         int local_port) noexcept {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.driver_.occupy(remote, remote_port, local_port);
    return transfer.on_ready_to_send();
  };
  void* const self = this;
  set_option(easy(), CURLOPT_PRIVATE, self);
  set_option(easy(), CURLOPT_HEADERFUNCTION, header);
  set_option(easy(), CURLOPT_HEADERDATA, self);
  set_option(easy(), CURLOPT_WRITEFUNCTION, write);
  set_option(easy(), CURLOPT_WRITEDATA, self);
  set_option(easy(), CURLOPT_READFUNCTION, read);
  set_option(easy(), CURLOPT_READDATA, self);
  set_option(easy(), CURLOPT_PREREQFUNCTION, prereq);
  set_option(easy(), CURLOPT_PREREQDATA, self);
}

void Transfer::begin(Request request, Handler& handler, std::unique_ptr<Candidates> candidates) {
  CHECK(phase_ == Phase::Idle);
  request_ = std::move(request);
  handler_ = &handler;
  candidates_ = std::move(candidates);
  total_deadline_ = kNever;
  attempts_ = 0;
  delivered_ = body_started_ = fresh_ = false;
  phase_ = Phase::Queued;
}

void Transfer::end() {
  CHECK(!candidate_.server && !added && !has_slot);
  easy_.reset();
  form_.shrink();
  head_.shrink();
  host_.deadlines().clear(*this);
  request_ = {};
  handler_ = nullptr;
  candidates_.reset();
  phase_ = Phase::Idle;
}

bool Transfer::choose(bool again) {
  CHECK(!candidate_.server);
  attempt_ = {};  // what the attempt before this one met, or another call's, says nothing of this one
  candidate_ = candidates_->next(host_.clock().ticks(), again);
  return candidate_.server != nullptr;
}

void Transfer::report(AttemptOutcome outcome) {
  if (!candidate_.server) return;
  const Candidate candidate = std::exchange(candidate_, {});
  if (candidate.group->report(candidate.server, outcome, host_.clock().ticks())) {
    host_.metrics().ejections.add();
  }
}

bool Transfer::configure() {
  const config::UpstreamOptions& options = candidate_.group->options();
  attempt_ = {};
  head_.reset(options.header_bytes);
  if (attempts_++ == 0 && options.total_timeout.count() > 0) {
    total_deadline_ = host_.clock().ticks() + options.total_timeout;
  }
  // A site's `host` is for its origin; a regional node needs the client's to know the site.
  const bool rename = !candidate_.tier && !options.host.empty();
  if (!form_.lay_out(request_, rename ? options.host : request_.authority, candidate_.tier)) return false;
  make_handle();
  set_server_options(easy(), candidate_, connect_to_);
  set_option(easy(), CURLOPT_FRESH_CONNECT, fresh_ ? 1L : 0L);
  set_request_options(easy(), request_, form_);
  return true;
}

void Transfer::set_phase(Phase phase, Millis limit) {
  phase_ = phase;
  set_deadline(limit);
}

void Transfer::set_deadline(Millis limit) {
  const Ticks at = limit.count() > 0 ? host_.clock().ticks() + limit : kNever;
  host_.deadlines().set(*this, std::min(at, total_deadline_));
}

std::size_t Transfer::give_up(Error error) {
  attempt_.given_up = error;
  return 0;
}

int Transfer::on_ready_to_send() {
  if (attempt_.asked) {
    // libcurl would repeat the request by itself on another connection, whatever its method: ours
    // to decide.
    attempt_.reuse_failed = true;
    give_up({ErrorCode::ConnectionTerminated, Side::Upstream, Retry::IfConnectionWasReused,
             "the idle connection was closed"});
    return CURL_PREREQFUNC_ABORT;
  }
  attempt_.asked = true;
  long connects = 0;
  curl_easy_getinfo(easy(), CURLINFO_NUM_CONNECTS, &connects);
  (connects == 0 ? host_.metrics().connections_reused : host_.metrics().connections_new).add();
  attempt_.asked_at = host_.clock().ticks();
  const config::UpstreamOptions& options = candidate_.group->options();
  const bool nothing_to_send =
      !request_.body || request_.method == "HEAD" || request_.content_length == std::uint64_t{0};
  if (!nothing_to_send) {
    set_phase(Phase::Sending, options.idle_timeout);
  } else {
    set_phase(Phase::Awaiting, options.first_byte_timeout);
  }
  return CURL_PREREQFUNC_OK;
}

std::size_t Transfer::on_header(std::string_view line) {
  if (abandoned()) return 0;
  if (answered()) return line.size();  // trailers end here
  if (!attempt_.got_bytes) {
    attempt_.got_bytes = true;
    host_.metrics().first_byte.observe(
        static_cast<std::uint64_t>((host_.clock().ticks() - attempt_.asked_at).count()));
  }
  switch (head_.line(line)) {
    case ResponseHeadReader::Event::More:
      break;
    case ResponseHeadReader::Event::Interim:
      if (head_.status() == 102 || head_.status() == 103) {
        delivered_ = true;
        handler_->on_interim(head_.status(), head_.fields());
      }
      break;
    case ResponseHeadReader::Event::Final:
      deliver_head();
      break;
    case ResponseHeadReader::Event::Malformed:
      return give_up({ErrorCode::ResponseMalformed, Side::Upstream, Retry::Never,
                      "the response head is malformed"});
    case ResponseHeadReader::Event::TooLarge:
      return give_up({ErrorCode::ResponseHeadTooLarge, Side::Upstream, Retry::Never,
                      "the response head is larger than header_bytes"});
  }
  return abandoned() ? 0 : line.size();
}

void Transfer::deliver_head() {
  const bool sending = phase_ == Phase::Sending;
  set_phase(Phase::Answering, candidate_.group->options().idle_timeout);
  // libcurl stops sending on an error status, but a paused upload stays paused until it is told.
  if (sending && attempt_.send_paused && head_.status() >= 300) host_.unpause_request(*this);
  const bool tls = candidate_.server->tls() && !head_.http2();
  if (tls && head_.ends_with_connection() && request_.method != "HEAD") {
    attempt_.close_notify = watch_for_close_notify(easy());
  }
  ResponseHead head;
  head.status = head_.status();
  head.fields = head_.fields();
  head.content_length = head_.content_length();
  head.server = candidate_.server->url();
  head.from_tier = candidate_.tier;
  head.attempts = attempts_;
  delivered_ = true;
  candidate_.group->answered(candidate_.server);
  handler_->on_head(head);
}

std::size_t Transfer::on_body(std::string_view bytes) {
  if (abandoned()) return 0;
  if (!answered()) {
    return give_up(
        {ErrorCode::ResponseMalformed, Side::Upstream, Retry::Never, "a body without a head"});
  }
  if (attempt_.flow_paused) {
    attempt_.recv_paused = true;
    set_deadline(Millis{0});
    return CURL_WRITEFUNC_PAUSE;
  }
  set_deadline(candidate_.group->options().idle_timeout);
  attempt_.received_bytes += bytes.size();
  if (attempt_.received_bytes == head_.content_length() && candidate_.server->tls() &&
      !head_.http2()) {
    spoil_if_bytes_are_left(easy());
  }
  if (handler_->on_body(bytes) == Handler::Flow::Pause) {
    attempt_.flow_paused = true;
    set_deadline(Millis{0});
  }
  return abandoned() ? 0 : bytes.size();
}

std::size_t Transfer::on_read(char* into, std::size_t size) {
  if (abandoned()) return CURL_READFUNC_ABORT;
  const std::uint64_t left =
      request_.content_length ? *request_.content_length - attempt_.sent_bytes : ~std::uint64_t{0};
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, left));
  std::size_t count = 0;
  body_started_ = true;
  switch (size == 0 ? BodySource::State::End : request_.body->pull(into, size, count)) {
    case BodySource::State::Data:
      attempt_.sent_bytes += count;
      if (count == left) {
        body_sent();
      } else if (phase_ == Phase::Sending) {
        set_deadline(candidate_.group->options().idle_timeout);
      }
      return count;
    case BodySource::State::Wait:
      attempt_.send_paused = true;
      if (phase_ == Phase::Sending) set_deadline(Millis{0});  // the client's time, not the server's
      return CURL_READFUNC_PAUSE;
    case BodySource::State::End:
      if (request_.content_length && left != 0) break;
      body_sent();
      return 0;
    case BodySource::State::Failed:
      break;
  }
  give_up({ErrorCode::ClientGone, Side::Client, Retry::Never, "the request's body broke off"});
  return CURL_READFUNC_ABORT;
}

void Transfer::body_sent() {
  if (phase_ == Phase::Sending) {
    set_phase(Phase::Awaiting, candidate_.group->options().first_byte_timeout);
  }
}

void Transfer::resume(bool response, bool request) {
  const config::UpstreamOptions& options = candidate_.group->options();
  if (response && attempt_.flow_paused) {
    attempt_.flow_paused = false;
    if (answered()) set_deadline(options.idle_timeout);
  }
  const bool recv = response && attempt_.recv_paused;
  const bool send = request && attempt_.send_paused;
  if (!recv && !send) return;
  if (recv) attempt_.recv_paused = false;
  if (send) {
    attempt_.send_paused = false;
    if (phase_ == Phase::Sending) set_deadline(options.idle_timeout);
  }
  driver_.unpause(easy(), (attempt_.recv_paused ? CURLPAUSE_RECV : 0) |
                              (attempt_.send_paused ? CURLPAUSE_SEND : 0));
}

Error Transfer::error(CURLcode result) const {
  if (attempt_.given_up) return *attempt_.given_up;
  if (result == CURLE_OK && answered()) return to_error(CURLE_PARTIAL_FILE, Progress::Answering);
  if (result == CURLE_OK) {
    return {ErrorCode::ConnectionTerminated, Side::Upstream, Retry::Never,
            "connection closed before the response head"};
  }
  // With TLS 1.3 a server refuses our certificate, or the lack of one, only after we have begun to speak.
  if (!answered() && candidate_.server->tls() && words().find(" alert ") != std::string_view::npos) {
    return {ErrorCode::TlsAlertReceived, Side::Upstream, attempt_.asked ? Retry::Never : Retry::Safe,
            "the server refused the TLS handshake: see tls.certificate"};
  }
  return to_error(result, answered()       ? Progress::Answering
                          : attempt_.asked ? Progress::Asked
                                           : Progress::Connecting);
}

Error Transfer::timeout() const {
  if (host_.clock().ticks() >= total_deadline_) {
    return {ErrorCode::ResponseTimeout, Side::Upstream, Retry::Never, "total_timeout"};
  }
  if (phase_ == Phase::Waiting) {
    return {ErrorCode::LimitReached, Side::Internal, Retry::Safe, "connections"};
  }
  return to_error(CURLE_OPERATION_TIMEDOUT, answered()       ? Progress::Answering
                                            : attempt_.asked ? Progress::Asked
                                                             : Progress::Connecting);
}

bool Transfer::may_repeat(const Error& error) const {
  if (delivered_ || body_started_ || host_.clock().ticks() >= total_deadline_) return false;
  switch (error.code) {
    case ErrorCode::ConnectionRefused:
    case ErrorCode::ConnectionTimeout:
    case ErrorCode::ConnectionTerminated:
    case ErrorCode::ResponseTimeout:
    case ErrorCode::DnsError:
    case ErrorCode::TlsError:
    case ErrorCode::TlsCertificateError:
    case ErrorCode::TlsAlertReceived:
    case ErrorCode::LimitReached:
      return error.retry == Retry::Safe || request_.may_retry;
    default:
      return false;
  }
}

bool Transfer::use_fresh_connection() {
  if (!attempt_.reuse_failed || fresh_ || !request_.may_retry || delivered_ || body_started_)
    return false;
  fresh_ = true;
  return true;
}

}  // namespace brink::origin
