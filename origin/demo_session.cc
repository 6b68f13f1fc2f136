#include "origin/demo_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "config/runtime/fields.h"
#include "origin/demo_answer.h"
#include "origin/demo_send.h"
#include "origin/demo_trials.h"

namespace brink::origin {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Parser = http::request_parser<http::buffer_body>;

constexpr Millis kLastWordsTime{1'000};             // an error's receiver may read it so long
constexpr std::uint64_t kLastWordsBytes = 1 << 20;  // and send so much that is thrown away

std::string_view view(beast::string_view s) {
  return {s.data(), s.size()};
}

// Ends a read that takes too long but, unlike the stream's own time-out, leaves the socket open:
// the client is told with 408. Lives for one read.
class ReadDeadline {
 public:
  ReadDeadline(DemoConnection& connection, Millis patience)
      : connection_(connection), state_(std::make_shared<State>(State{&connection, false})) {
    connection.stream.expires_never();
    connection.timer.expires_after(patience);
    connection.timer.async_wait([state = state_](beast::error_code error) {
      if (error || !state->connection) return;
      state->passed = true;
      state->connection->stream.cancel();
    });
  }
  ~ReadDeadline() {
    state_->connection = nullptr;
    connection_.timer.cancel();
  }
  ReadDeadline(const ReadDeadline&) = delete;
  ReadDeadline& operator=(const ReadDeadline&) = delete;
  bool passed() const { return state_->passed; }

 private:
  struct State {
    DemoConnection* connection;
    bool passed;
  };
  DemoConnection& connection_;
  std::shared_ptr<State> state_;  // the timer's handler may come after the read
};

// What a request that cannot be read is answered with; 0 = close without a word.
int status_of(const beast::error_code& error, const ReadDeadline& deadline) {
  if (deadline.passed()) return 408;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::body_limit) return 413;
  const bool ended = error == http::error::end_of_stream || error == http::error::partial_message;
  const bool is_http = error.category() == make_error_code(http::error::bad_method).category();
  return is_http && !ended ? 400 : 0;
}

// An empty reason or why the head is refused: whatever could be framed in two ways (RFC 9112 §6.3).
std::string_view framing_fault(const Parser& parser) {
  const auto& head = parser.get();
  const auto coding = view(head[http::field::transfer_encoding]);
  if (!coding.empty() && (!iequals(coding, "chunked") || head.version() == 10)) {
    return "Transfer-Encoding: only chunked, only in HTTP/1.1.";
  }
  if (!coding.empty() && head.count(http::field::content_length) > 0) {
    return "Transfer-Encoding and Content-Length.";
  }
  const std::size_t hosts = head.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && head.version() != 10)) return "One Host, please.";
  return {};
}

// Both forms of a target that a server of its own pages may get (RFC 9112 §3.2) as origin-form.
std::string origin_form(std::string_view target) {
  if (target.starts_with('/') || target == "*") return std::string(target);
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t path = target.find_first_of("/?", scheme + 3);
  if (path == std::string_view::npos) return "/";
  return (target[path] == '?' ? "/" : "") + std::string(target.substr(path));
}

DemoRequest make_request(const Parser& parser, TimePoint now) {
  const auto& head = parser.get();
  DemoRequest request;
  request.method = view(head.method_string());
  request.target = origin_form(view(head.target()));
  const std::size_t question = request.target.find('?');
  request.path = request.target.substr(0, question);
  if (question != std::string::npos) request.query = request.target.substr(question + 1);
  for (const auto& field : head) {
    request.fields.emplace_back(view(field.name_string()), view(field.value()));
  }
  request.http_1_0 = head.version() == 10;
  request.keep_alive = parser.keep_alive();
  request.now = now;
  return request;
}

// Reads some of the body; the number of bytes, 0 perhaps, or why it cannot be read.
net::awaitable<std::pair<int, std::size_t>> read_some(DemoConnection& connection, Parser& parser,
                                                      std::vector<char>& into) {
  auto& body = parser.get().body();
  body.data = into.data();
  body.size = into.size();
  const ReadDeadline deadline(connection, connection.serving.options.body_timeout);
  const auto [error, read] =
      co_await http::async_read_some(connection.stream, connection.buffer, parser, kDemoAwait);
  const std::size_t count = into.size() - parser.get().body().size;
  if (error && error != http::error::need_buffer)
    co_return std::pair{status_of(error, deadline), count};
  co_return std::pair{200, count};
}

// The whole body: its beginning is kept for the handler, the rest thrown away. 200, or why not.
net::awaitable<int> read_body(DemoConnection& connection, Parser& parser, DemoRequest& request) {
  std::vector<char> scratch(parser.is_done() ? 0 : kDemoTransferBytes);
  while (!parser.is_done()) {
    const auto [status, count] = co_await read_some(connection, parser, scratch);
    if (status != 200) co_return status;
    const std::size_t room = kDemoBodyKeptBytes - request.body.size();
    request.body.append(scratch.data(), std::min(count, room));
  }
  co_return 200;
}

net::awaitable<bool> continue_if_expected(DemoConnection& connection, const DemoRequest& request,
                                          const Parser& parser) {
  const bool expected = iequals(request.field("Expect"), "100-continue");
  if (!expected || request.http_1_0 || parser.is_done()) co_return true;
  const bool sent = co_await demo_write(connection, "HTTP/1.1 100 Continue\r\n\r\n");
  co_return sent;
}

// After an error: closing at once would let unread bytes of the client turn our answer into a
// reset.
net::awaitable<void> hear_out(DemoConnection& connection) {
  beast::error_code ignored;
  connection.stream.socket().shutdown(net::socket_base::shutdown_send, ignored);
  std::vector<char> scratch(4'096);
  connection.stream.expires_after(kLastWordsTime);
  for (std::uint64_t heard = 0; heard < kLastWordsBytes;) {
    const auto [error, got] =
        co_await connection.stream.async_read_some(net::buffer(scratch), kDemoAwait);
    if (error) break;
    heard += got;
  }
}

net::awaitable<void> refuse(DemoConnection& connection, int status, std::string_view why) {
  if (status == 0) co_return;
  DemoRequest request;
  request.keep_alive = false;
  request.now = connection.serving.clock.now();
  DemoReply reply = demo_bad_request(why);
  reply.status = status;
  const DemoAnswer answer = demo_prepare(request, reply, connection.serving.options.name);
  co_await demo_send(connection, reply, answer);
  co_await hear_out(connection);
}

// Answers with the request's body while that arrives. The framing mirrors the request's.
net::awaitable<bool> echo(DemoConnection& connection, Parser& parser, const DemoRequest& request,
                          DemoReply& reply) {
  const auto length = parser.content_length();
  if (length) reply.body = DemoBody::pattern(*length);  // stands for the length that is announced
  reply.delivery.chunked = !length && !parser.is_done();
  const DemoAnswer answer = demo_prepare(request, reply, connection.serving.options.name);
  const bool headed = co_await demo_write(connection, answer.head);
  if (!headed) co_return false;
  std::vector<char> scratch(kDemoTransferBytes);
  while (!parser.is_done()) {
    const auto [status, count] = co_await read_some(connection, parser, scratch);
    if (status != 200) co_return false;
    if (count == 0) continue;
    const std::string_view bytes(scratch.data(), count);
    std::string piece = answer.chunked ? fmt::format("{:x}\r\n", count) : std::string();
    piece.append(bytes).append(answer.chunked ? "\r\n" : "");
    const bool sent = co_await demo_write(connection, piece);
    if (!sent) co_return false;
  }
  if (answer.chunked) {
    const bool ended = co_await demo_write(connection, "0\r\n\r\n");
    if (!ended) co_return false;
  }
  co_return answer.keep_alive;
}

// True when the connection is good for another request.
net::awaitable<bool> serve(DemoConnection& connection, Parser& parser, DemoRequest& request) {
  DemoServing& serving = connection.serving;
  const bool streams = serving.site->streams_body(request);
  const bool continued = co_await continue_if_expected(connection, request, parser);
  if (!continued) co_return false;
  if (!streams) {
    const int status = co_await read_body(connection, parser, request);
    if (status != 200) {
      co_await refuse(connection, status, "The request's body did not arrive as announced.");
      co_return false;
    }
  }
  if (serving.stopping) request.keep_alive = false;
  DemoReply reply = serving.site->answer(request);
  if (reply.delivery.act == DemoAct::Echo) {
    const bool kept = co_await echo(connection, parser, request, reply);
    co_return kept;
  }
  if (request.http_1_0) reply.delivery.early_hints.clear();
  if (!parser.is_done()) request.keep_alive = false;
  const DemoAnswer answer = demo_prepare(request, reply, serving.options.name);
  const bool kept = co_await demo_send(connection, reply, answer);
  if (kept && reply.delivery.act == DemoAct::Tunnel) {
    co_await demo_tunnel(connection);
    co_return false;
  }
  if (!parser.is_done()) co_await hear_out(connection);
  co_return kept;
}

// The next request's head; false when there is none (any more) and nothing is left to say.
net::awaitable<bool> read_head(DemoConnection& connection, Parser& parser) {
  const DemoOriginOptions& options = connection.serving.options;
  if (connection.buffer.size() == 0) {  // idle until the first byte, then the head's own time runs
    connection.stream.expires_after(options.idle_timeout);
    const auto space = connection.buffer.prepare(2'048);
    const auto [error, got] = co_await connection.stream.async_read_some(space, kDemoAwait);
    if (error) co_return false;
    connection.buffer.commit(got);
  }
  connection.idle = false;
  int status = 200;
  {
    const ReadDeadline deadline(connection, options.header_timeout);
    const auto [error, read] =
        co_await http::async_read_header(connection.stream, connection.buffer, parser, kDemoAwait);
    if (error) status = status_of(error, deadline);
  }
  if (status != 200) {
    co_await refuse(connection, status, "No request that can be read.");
    co_return false;
  }
  const std::string_view fault = framing_fault(parser);
  if (!fault.empty()) {
    co_await refuse(connection, 400, fault);
    co_return false;
  }
  co_return true;
}

}  // namespace

DemoConnection::DemoConnection(net::ip::tcp::socket&& socket, DemoServing& s)
    : serving(s), stream(std::move(socket)), timer(stream.get_executor()) {
  beast::error_code ignored;
  stream.socket().set_option(net::ip::tcp::no_delay(true), ignored);
  serving.connections.insert(this);
}

DemoConnection::~DemoConnection() {
  serving.connections.erase(this);
}

void DemoConnection::close() {
  closed = true;
  stream.close();
  timer.cancel();
}

net::awaitable<void> demo_session(net::ip::tcp::socket socket, DemoServing& serving) {
  DemoConnection connection(std::move(socket), serving);
  bool again = true;
  while (again && !serving.stopping) {
    connection.idle = true;
    Parser parser;
    parser.header_limit(kDemoHeadBytes);
    parser.body_limit(kDemoBodyBytes);
    const bool headed = co_await read_head(connection, parser);
    if (!headed) co_return;
    DemoRequest request = make_request(parser, serving.clock.now());
    if (request.target.empty()) {
      co_await refuse(connection, 400, "No target that can be read.");
      co_return;
    }
    again = co_await serve(connection, parser, request);
  }
  beast::error_code ignored;
  connection.stream.socket().shutdown(net::socket_base::shutdown_both, ignored);
}

}  // namespace brink::origin
