#include "edge/admin_session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/certificate_names.h"
#include "config/runtime/fields.h"

namespace brink::edge {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr auto kAwait = net::as_tuple(net::use_awaitable);
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using Parser = http::request_parser<http::string_body>;

struct Counted {
  explicit Counted(std::size_t& connections) : count(connections) { ++count; }
  ~Counted() { --count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  std::size_t& count;
};

std::string_view text(beast::string_view s) {
  return {s.data(), s.size()};
}

// Beast 1.81 reads a coding that is not "chunked" as no coding at all; here it is refused.
bool is_framed_well(const Parser::value_type& message) {
  const auto codings = message.equal_range(http::field::transfer_encoding);
  if (codings.first == codings.second) return true;
  return std::next(codings.first) == codings.second && message.version() == 11 &&
         iequals(text(codings.first->value()), "chunked") &&
         message.count(http::field::content_length) == 0;
}

AdminResponse bad_request(boost::system::error_code error) {
  if (error == http::error::body_limit) {
    return problem(413, "body-too-large", "The body is too large",
                   "A request body may have 1 MiB. Split the request.");
  }
  if (error == http::error::header_limit) {
    return problem(431, "head-too-large", "The request head is too large",
                   "A request head may have 16 KiB.");
  }
  return problem(400, "malformed", "Not an HTTP/1.1 request", error.message());
}

// An answer that may come later. The session alone owns it, so its timer goes with the io_context.
struct Pending {
  explicit Pending(net::any_io_executor executor) : arrived(executor, kAdminAnswer) {}
  net::steady_timer arrived;
  std::optional<AdminResponse> response;
};

// Who is at the other end.
struct Client {
  std::string address;
  std::vector<std::string> certificate_names;
};

void ask(const AdminShared& shared, const Parser::value_type& message, const Client& client,
         const std::shared_ptr<Pending>& pending) {
  const std::string_view target = text(message.target());
  const std::size_t mark = target.find('?');
  std::vector<Field> fields;
  for (const auto& field : message)
    fields.push_back({text(field.name_string()), trim_ows(text(field.value()))});
  AdminRequest request{
      .method = text(message.method_string()),
      .path = target.substr(0, mark),
      .query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1),
      .body = message.body(),
      .host = text(message[http::field::host]),
      .origin = text(message[http::field::origin]),
      .authorization = text(message[http::field::authorization]),
      .idempotency_key = text(message["Idempotency-Key"]),
      .client = client.address,
      .certificate_names = client.certificate_names,
      .now = shared.clock.ticks(),
      .fields = fields,
  };
  shared.router.answer(request, *shared.access(),
                       [link = shared.link, weak = std::weak_ptr(pending)](AdminResponse response) {
                         link->post([weak, response = std::move(response)]() mutable {
                           const auto waiting = weak.lock();
                           if (!waiting || waiting->response) return;
                           waiting->response = std::move(response);
                           waiting->arrived.cancel();
                         });
                       });
}

// What ask() has asked for.
net::awaitable<AdminResponse> answer_of(std::shared_ptr<Pending> pending) {
  if (!pending->response) co_await pending->arrived.async_wait(kAwait);
  if (pending->response) co_return std::move(*pending->response);
  co_return problem(504, "answer-too-late", "The node has not answered in time",
                    "The call may take effect all the same. Ask for its result, or send it again.");
}

std::string serialise(const AdminResponse& response, bool with_body, bool keep_alive) {
  const auto reason =
      http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason) +
                    "\r\nContent-Type: " + response.content_type +
                    "\r\nContent-Length: " + std::to_string(response.body.size()) +
                    "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : response.fields)
    out.append(name).append(": ").append(value).append("\r\n");
  out.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
  if (with_body) out.append(response.body);
  return out;
}

// Reads one request. Nothing: the client has gone or was too slow. A response: the request is
// refused with it.
struct Arrival {
  bool is_whole = false;
  std::optional<AdminResponse> refusal;
};

template <class Stream>
net::awaitable<Arrival> read_request(Stream& stream, beast::flat_buffer& buffer, Parser& parser) {
  Arrival arrival;
  beast::get_lowest_layer(stream).expires_after(kAdminTransfer);
  auto [head_error, head_bytes] = co_await http::async_read_header(stream, buffer, parser, kAwait);
  boost::system::error_code error = head_error;
  if (!error && !is_framed_well(parser.get()))
    error = http::make_error_code(http::error::bad_transfer_encoding);
  if (!error && iequals(text(parser.get()[http::field::expect]), "100-continue")) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    auto [write_error, written] = co_await net::async_write(stream, net::buffer(kContinue), kAwait);
    error = write_error;
  }
  if (!error && !parser.is_done()) {
    auto [body_error, body_bytes] = co_await http::async_read(stream, buffer, parser, kAwait);
    error = body_error;
  }
  arrival.is_whole = !error;
  const bool is_ours =
      error.category() == http::make_error_code(http::error::bad_method).category();
  if (is_ours && error != http::error::end_of_stream && error != http::error::partial_message) {
    arrival.refusal = bad_request(error);
  }
  co_return arrival;
}

// False when nothing came within kAdminIdle, or the client has gone.
template <class Stream>
net::awaitable<bool> wait_for_request(Stream& stream, beast::flat_buffer& buffer) {
  if (buffer.size() > 0) co_return true;
  beast::get_lowest_layer(stream).expires_after(kAdminIdle);
  constexpr std::size_t kReadBytes = 4096;
  const auto space = buffer.prepare(kReadBytes);
  auto [error, bytes] = co_await stream.async_read_some(space, kAwait);
  buffer.commit(bytes);
  co_return !error && bytes > 0;
}

// Requests and answers in turn, until one of the two ends it.
template <class Stream>
net::awaitable<void> serve(Stream& stream, const Client& client, AdminShared& shared) {
  beast::flat_buffer buffer(kAdminHeadBytes + kAdminBodyBytes);
  for (;;) {
    const bool is_there = co_await wait_for_request(stream, buffer);
    if (!is_there) break;
    Parser parser;
    parser.header_limit(kAdminHeadBytes);
    parser.body_limit(kAdminBodyBytes);
    const Arrival arrival = co_await read_request(stream, buffer, parser);
    if (!arrival.is_whole && !arrival.refusal) break;
    AdminResponse response;
    if (arrival.refusal) {
      response = *arrival.refusal;
    } else {
      const auto pending = std::make_shared<Pending>(stream.get_executor());
      ask(shared, parser.get(), client, pending);
      response = co_await answer_of(pending);
    }
    const bool keep_alive = arrival.is_whole && parser.get().keep_alive();
    const bool with_body = parser.get().method() != http::verb::head;
    const std::string bytes = serialise(response, with_body, keep_alive);
    beast::get_lowest_layer(stream).expires_after(kAdminTransfer);
    auto [error, written] = co_await net::async_write(stream, net::buffer(bytes), kAwait);
    if (error || !keep_alive) break;
  }
}

std::string address_of(const beast::tcp_stream& stream) {
  boost::system::error_code unknown;
  return stream.socket().remote_endpoint(unknown).address().to_string();
}

// False: there is no TLS. Counted among the handshakes of all listeners.
net::awaitable<bool> shake_hands(TlsStream& stream) {
  beast::get_lowest_layer(stream).expires_after(kAdminTransfer);
  auto [error] = co_await stream.async_handshake(net::ssl::stream_base::server, kAwait);
  if (!error) {
    count_handshake_done(stream.native_handle());
    co_return true;
  }
  TlsFailure failure = TlsFailure::ClientLeft;
  if (error == beast::error::timeout) failure = TlsFailure::Timeout;
  if (error.category() == net::error::get_ssl_category()) {
    failure = tls_failure_of(static_cast<unsigned long>(error.value()));
  }
  count_handshake_failed(stream.native_handle(), failure);
  co_return false;
}

std::vector<std::string> certificate_names_of(SSL* ssl) {
  const X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return {};
  return config::subject_names_of(certificate);
}

}  // namespace

void AdminLink::post(std::function<void()> f) {
  const std::lock_guard lock(mutex_);
  if (io_ != nullptr) net::post(*io_, std::move(f));
}

net::awaitable<void> admin_session(beast::tcp_stream stream, AdminShared& shared) {
  const Counted counted(shared.connections);
  const Client client{address_of(stream), {}};
  co_await serve(stream, client, shared);
  boost::system::error_code ignored;
  stream.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
}

net::awaitable<void> admin_tls_session(beast::tcp_stream socket,
                                       std::shared_ptr<net::ssl::context> context,
                                       AdminShared& shared) {
  const Counted counted(shared.connections);
  Client client{address_of(socket), {}};
  TlsStream stream(std::move(socket), *context);
  if (!co_await shake_hands(stream)) co_return;
  client.certificate_names = certificate_names_of(stream.native_handle());
  co_await serve(stream, client, shared);
  beast::get_lowest_layer(stream).expires_after(kAdminTransfer);
  co_await stream.async_shutdown(kAwait);
}

}  // namespace brink::edge
