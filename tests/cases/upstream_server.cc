#include "tests/cases/upstream_server.h"

#include <fmt/core.h>

#include "config/runtime/fields.h"
#include "tests/cases/judge.h"

namespace brink::tests::cases {
namespace {

using Kind = ExchangeStep::Kind;
constexpr Millis kPoll{200};

bool matches(const Exchange& exchange, const HttpMessage& request) {
  return (exchange.method == "*" || exchange.method == request.method()) &&
         (exchange.target == "*" || exchange.target == request.target());
}

}  // namespace

UpstreamServer::UpstreamServer(const UpstreamScript& script, Stage& stage)
    : script_(script), stage_(stage) {
  start();
}

UpstreamServer::~UpstreamServer() {
  stop();
}

void UpstreamServer::start() {
  if (running_) return;
  if (!listener_.open()) return stage_.fail(script_.line, "the upstream cannot listen");
  running_ = true;
  acceptor_ = std::thread([this] { accept_loop(); });
}

void UpstreamServer::stop() {
  if (!running_.exchange(false)) return;
  listener_.interrupt();
  acceptor_.join();
  reap(true);
  listener_.close();
}

void UpstreamServer::accept_loop() {
  while (running_) {
    std::optional<Socket> socket = listener_.accept(kPoll);
    reap(false);
    if (!socket || !running_) continue;
    ++connections_;
    Connection& connection = open_.emplace_back();
    connection.socket = std::move(*socket);
    connection.thread = std::thread([this, &connection] {
      serve(connection);
      connection.done = true;
    });
  }
}

void UpstreamServer::reap(bool all) {
  for (auto it = open_.begin(); it != open_.end();) {
    if (!all && !it->done) {
      ++it;
      continue;
    }
    it->socket.interrupt();
    it->thread.join();
    it = open_.erase(it);
  }
}

void UpstreamServer::serve(Connection& connection) {
  HttpReader reader(connection.socket, kWaitLimit);
  bool more = true;
  while (running_ && more) {
    if (reader.has_buffered() || connection.socket.readable(kPoll))
      more = serve_one(connection.socket, reader);
  }
  connection.socket.close();
}

const Exchange* UpstreamServer::choose(const HttpMessage& request) {
  const std::lock_guard lock(mutex_);
  seen_.emplace_back(request.method(), request.target());
  if (next_ < script_.sequence.size() && matches(script_.sequence[next_], request)) {
    return &script_.sequence[next_++];
  }
  for (const Exchange& route : script_.routes) {
    if (matches(route, request)) return &route;
  }
  const std::string expected = next_ < script_.sequence.size()
                                   ? fmt::format("expected {} {}", script_.sequence[next_].method,
                                                 script_.sequence[next_].target)
                                   : "expected no more requests";
  const int line = next_ < script_.sequence.size() ? script_.sequence[next_].line : script_.line;
  stage_.fail(line, fmt::format("{} got {} {}; {}", script_.name, request.method(),
                                request.target(), expected));
  return nullptr;
}

bool UpstreamServer::read_body(Socket& socket, HttpReader& reader, HttpMessage& request) {
  const auto expectation = request.field("Expect");
  if (expectation && iequals(*expectation, "100-continue")) {
    static_cast<void>(socket.write_all("HTTP/1.1 100 Continue\r\n\r\n", kWaitLimit));
  }
  const Read read = reader.body(request);
  if (read != Read::Ok) {
    stage_.transcript.add(script_.name,
                          fmt::format("request body: {} {}", to_string(read), reader.error()));
  }
  if (!request.body.empty()) {
    stage_.transcript.add(script_.name, fmt::format("< {} bytes of body: {}", request.body.size(),
                                                    printable(request.body, 200)));
  }
  return read == Read::Ok;
}

bool UpstreamServer::serve_one(Socket& socket, HttpReader& reader) {
  HttpMessage request;
  const Read read = reader.request_head(request);
  if (read == Read::Closed || read == Read::TimedOut) return false;
  stage_.transcript.add_wire(script_.name, "<", request.head);
  if (read != Read::Ok) {
    stage_.transcript.add(script_.name,
                          fmt::format("request: {} {}", to_string(read), reader.error()));
    if (read == Read::Malformed)
      stage_.fail(script_.line, "a malformed request: " + printable(reader.error()));
    return false;
  }
  const Exchange* exchange = choose(request);
  stage_.note();
  if (exchange == nullptr) {
    static_cast<void>(
        socket.write_all("HTTP/1.1 500 Unexpected\r\nContent-Length: 0\r\n\r\n", kWaitLimit));
    return false;
  }
  if (!exchange->early && !read_body(socket, reader, request)) return false;
  Writing writing{socket, stage_, script_.name, std::string(request.method())};
  if (!play(*exchange, request, writing, reader)) return false;
  const auto connection = request.field("Connection");
  return !(connection && iequals(*connection, "close"));
}

bool UpstreamServer::play(const Exchange& exchange, HttpMessage& request, Writing& writing,
                          HttpReader& reader) {
  for (const ExchangeStep& step : exchange.steps) {
    if (stage_.failed() || !running_) return false;
    if (play_step(step, request, writing, reader) != Written::Whole) return false;
  }
  return !exchange.early;
}

Written UpstreamServer::play_step(const ExchangeStep& step, HttpMessage& request, Writing& writing,
                                  HttpReader& reader) {
  const auto io = [](Io result) { return result == Io::Ok ? Written::Whole : Written::Failed; };
  switch (step.kind) {
    case Kind::Expect: {
      const std::string wrong = judge(step.check, observe(step.check, request),
                                      stage_.expand(step.check.value, step.line));
      if (!wrong.empty())
        stage_.fail(step.line, fmt::format("{}: {} {}", script_.name, step.check.name, wrong));
      return Written::Whole;
    }
    case Kind::Respond:
      return write_response(step.message, writing);
    case Kind::Interim:
      return write_response(step.message, writing);
    case Kind::Raw: {
      const std::string bytes = stage_.expand(step.text, step.line);
      stage_.transcript.add_wire(script_.name, ">", bytes);
      return io(writing.connection.write_all(bytes, kWaitLimit));
    }
    case Kind::Take:
      return take(step, reader);
    case Kind::Sync:
      return stage_.sync(step.text.text, step.line) ? Written::Whole : Written::Failed;
    case Kind::Close:
      writing.connection.close();
      return Written::Ended;
    case Kind::Reset:
      writing.connection.reset();
      return Written::Ended;
    case Kind::Silence: {
      std::string ignored;
      while (writing.connection.read_some(ignored, kWaitLimit) == Io::Ok)
        ignored.clear();
      return Written::Ended;
    }
  }
  return Written::Failed;
}

Written UpstreamServer::take(const ExchangeStep& step, HttpReader& reader) {
  const std::string expected = stage_.expand(step.text, step.line);
  std::string seen;
  const Read read = reader.bytes(expected.size(), seen);
  stage_.transcript.add_wire(script_.name, "<", seen);
  if (read == Read::Ok && seen == expected) return Written::Whole;
  stage_.fail(step.line,
              fmt::format("{}: expected the bytes \"{}\"; seen: \"{}\", {}", script_.name,
                          printable(expected), printable(seen), to_string(read)));
  return Written::Failed;
}

std::size_t UpstreamServer::requests(const std::string& method, const std::string& target) const {
  const std::lock_guard lock(mutex_);
  std::size_t n = 0;
  for (const auto& [seen_method, seen_target] : seen_) {
    n += (method.empty() || method == seen_method) && (target.empty() || target == seen_target) ? 1
                                                                                                : 0;
  }
  return n;
}

void UpstreamServer::expect_finished() {
  const std::lock_guard lock(mutex_);
  if (next_ >= script_.sequence.size()) return;
  const Exchange& next = script_.sequence[next_];
  stage_.fail(next.line,
              fmt::format("{} was never asked: {} {}", script_.name, next.method, next.target));
}

}  // namespace brink::tests::cases
