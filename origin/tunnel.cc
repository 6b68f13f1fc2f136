#include "origin/tunnel.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <string>
#include <utility>
#include <vector>

#include "config/runtime/log.h"
#include "origin/server.h"

namespace brink::origin {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using net::ip::tcp;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using Connected = Result<std::unique_ptr<RawStream>>;

constexpr auto kAwait = net::as_tuple(net::use_awaitable);
constexpr unsigned char kAlpn[] = "\x08http/1.1";  // the only protocol with Upgrade

Error terminated() {
  return {ErrorCode::ConnectionTerminated, Side::Upstream, Retry::Never, "the tunnel broke"};
}

template <class Stream>
class Raw final : public RawStream {
 public:
  explicit Raw(Stream stream) : stream_(std::move(stream)) {
    beast::get_lowest_layer(stream_).expires_never();
  }

  net::awaitable<Result<std::size_t>> read_some(char* into, std::size_t size) override {
    const auto [error, count] = co_await stream_.async_read_some(net::buffer(into, size), kAwait);
    if (error == net::error::eof) co_return std::size_t{0};
    if (error) co_return terminated();
    co_return count;
  }

  net::awaitable<Result<std::size_t>> write_all(std::string_view bytes) override {
    const auto [error, count] =
        co_await net::async_write(stream_, net::buffer(bytes.data(), bytes.size()), kAwait);
    if (error) co_return terminated();
    co_return count;
  }

  void close() override { beast::get_lowest_layer(stream_).close(); }

 private:
  Stream stream_;
};

net::awaitable<Result<std::vector<tcp::endpoint>>> resolve(const Server& server) {
  error_code error;
  const auto literal = net::ip::make_address(server.host(), error);
  std::vector<tcp::endpoint> endpoints;
  if (!error) {
    endpoints.emplace_back(literal, server.port());
    co_return endpoints;
  }
  tcp::resolver resolver(co_await net::this_coro::executor);
  const std::string port = std::to_string(server.port());
  const auto [failed, results] = co_await resolver.async_resolve(server.host(), port, kAwait);
  if (failed) {
    co_return Error{ErrorCode::DnsError, Side::Upstream, Retry::Safe,
                    "the server's name does not resolve"};
  }
  for (const auto& result : results)
    endpoints.push_back(result.endpoint());
  co_return endpoints;
}

Error tls_error(std::string_view what) {
  return {ErrorCode::TlsError, Side::Upstream, Retry::Safe, what};
}

Error certificate_error(std::string_view what) {
  return {ErrorCode::TlsCertificateError, Side::Upstream, Retry::Safe, what};
}

// Why a handshake failed, as origin/curl.cc tells it of other requests.
Error handshake_error(TlsStream& stream, const error_code& failed) {
  if (failed == beast::error::timeout) {
    return {ErrorCode::ConnectionTimeout, Side::Upstream, Retry::Safe, "no connection in time"};
  }
  if (SSL_get_verify_result(stream.native_handle()) != X509_V_OK) {
    return certificate_error("the server's certificate is not valid: see tls.ca, tls.server_name");
  }
  constexpr int kAlerts = 1000;  // OpenSSL numbers the alerts of peers from there on
  if (failed.category() == net::error::get_ssl_category() && ERR_GET_REASON(static_cast<unsigned long>(failed.value())) > kAlerts) {
    return {ErrorCode::TlsAlertReceived, Side::Upstream, Retry::Safe,
            "the server refused the TLS handshake: see tls.certificate"};
  }
  return tls_error("TLS handshake failed");
}

net::awaitable<Connected> shake_hands(PlainStream plain, const Server& server, const UpstreamTls& tls) {
  const config::UpstreamTlsOptions& options = tls.options;
  net::ssl::context context(net::ssl::context::tls_client);
  if (const auto ready = set_up_context(context.native_handle(), tls); !ready) co_return ready.error();
  TlsStream stream(std::move(plain), context);
  const std::string& name = options.server_name.empty() ? server.host() : options.server_name;
  error_code error;
  net::ip::make_address(name, error);
  const bool is_name = error.failed();  // an address has no place in SNI (RFC 6066 §3)
  if ((is_name && SSL_set_tlsext_host_name(stream.native_handle(), name.c_str()) != 1) ||
      SSL_set_alpn_protos(stream.native_handle(), kAlpn, sizeof kAlpn - 1) != 0) {
    co_return tls_error("TLS cannot be set up");
  }
  if (options.verify) {
    stream.set_verify_mode(net::ssl::verify_peer, error);
    stream.set_verify_callback(net::ssl::host_name_verification(name), error);
    if (error) co_return tls_error("TLS cannot be set up");
  }
  const auto [failed] = co_await stream.async_handshake(net::ssl::stream_base::client, kAwait);
  if (failed) co_return handshake_error(stream, failed);
  if (!has_pinned_key(stream.native_handle(), tls)) co_return certificate_error("the server's key is none of tls.pins");
  std::unique_ptr<RawStream> raw = std::make_unique<Raw<TlsStream>>(std::move(stream));
  co_return raw;
}

net::awaitable<Connected> connect_one(const Server& server, const ServerGroup& group) {
  const config::UpstreamOptions& options = group.options();
  const auto endpoints = co_await resolve(server);
  if (!endpoints) co_return endpoints.error();
  PlainStream stream(co_await net::this_coro::executor);
  stream.expires_after(options.connect_timeout);
  const auto [failed, endpoint] = co_await stream.async_connect(*endpoints, kAwait);
  if (failed == beast::error::timeout) {
    co_return Error{ErrorCode::ConnectionTimeout, Side::Upstream, Retry::Safe,
                    "no connection in time"};
  }
  if (failed) {
    co_return Error{ErrorCode::ConnectionRefused, Side::Upstream, Retry::Safe,
                    "no connection to the server"};
  }
  error_code ignored;
  stream.socket().set_option(tcp::no_delay(true), ignored);
  if (server.tls()) {
    auto handshake = shake_hands(std::move(stream), server, group.tls());
    co_return co_await std::move(handshake);
  }
  std::unique_ptr<RawStream> raw = std::make_unique<Raw<PlainStream>>(std::move(stream));
  co_return raw;
}

}  // namespace

net::awaitable<Connected> connect_raw(std::shared_ptr<ServerGroup> group, const Clock& clock) {
  Error last{ErrorCode::NoServerAvailable, Side::Upstream, Retry::Never,
             "every server is ejected or unhealthy"};
  std::vector<std::shared_ptr<Server>> tried;
  while (tried.size() <= group->options().retries) {
    const std::shared_ptr<Server> server = group->pick(tried, clock.ticks());
    if (!server) break;
    tried.push_back(server);
    Connected stream = co_await connect_one(*server, *group);
    group->report(server, stream ? AttemptOutcome::Answered : AttemptOutcome::Failed,
                  clock.ticks());
    if (stream) co_return std::move(stream);
    last = stream.error();
    log_limited(LogLevel::Warning, to_string(last.code), "origin",
                fmt::format("{}: {}: {}", server->url(), to_string(last.code), last.what));
  }
  co_return last;
}

}  // namespace brink::origin
