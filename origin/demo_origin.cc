// The server of the demo origin: one thread, one io_context, one listener; sessions are in
// demo_session.cc.
//
// Life: create() opens and listens on the caller's thread, then the thread runs. The destructor
// posts stop(): no further connection is taken, idle ones close, the others have stop_grace; when
// the last is gone, run() has nothing left to do and the thread ends.
#include "origin/demo_origin.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "config/runtime/log.h"
#include "origin/demo_http.h"
#include "origin/demo_send.h"
#include "origin/demo_session.h"

namespace brink::origin {
namespace {

namespace net = boost::asio;
using net::ip::tcp;

constexpr Millis kAcceptPause{50};  // after running out of descriptors
constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n"
    "Connection: close\r\n\r\n";

Error invalid(std::string_view what) {
  return Error{ErrorCode::Invalid, Side::Internal, Retry::Never, what};
}

Result<tcp::endpoint> resolve(net::io_context& io, std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return invalid("the address is not host:port");
  std::string_view host = address.substr(0, colon);
  const auto port = demo_parse_number(address.substr(colon + 1), 65'535);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!port) return invalid("the address has no port number");
  if (host.empty()) host = "0.0.0.0";
  boost::system::error_code error;
  tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(std::string(host), std::to_string(*port), tcp::resolver::passive, error);
  if (error || found.empty()) return invalid("the address has a host that is not known");
  return found.begin()->endpoint();
}

// Says no without waiting for the client: what fits into the socket's buffer at once, or nothing.
void refuse(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(net::buffer(kBusy), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void on_session_end(std::exception_ptr failure) {
  if (!failure) return;
  log_limited(LogLevel::Error, "demo-session", "demo_origin", "a session ended by an exception");
}

class Server final : public DemoOrigin {
 public:
  Server(const DemoOriginOptions& options, std::unique_ptr<DemoSite> site)
      : serving_(options, options.clock ? *options.clock : system_clock_, std::move(site)),
        acceptor_(io_),
        timer_(io_) {}

  ~Server() override {
    if (!thread_.joinable()) return;
    net::post(io_, [this] { stop(); });
    thread_.join();
  }

  Result<void> listen(const std::string& address) {
    const auto endpoint = resolve(io_, address);
    if (!endpoint) return endpoint.error();
    boost::system::error_code error;
    acceptor_.open(endpoint->protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(*endpoint, error);
    if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error == net::error::address_in_use) return invalid("the address is in use");
    if (error) return invalid("cannot listen on the address");
    return {};
  }

  void start() {
    net::co_spawn(io_, accept_all(*this), on_session_end);
    thread_ = std::thread([this] { io_.run(); });
  }

  std::uint16_t port() const override { return port_; }
  std::map<std::string, std::uint64_t> requests() const override {
    return serving_.site->counts().snapshot();
  }

 private:
  static net::awaitable<void> accept_all(Server& server) {
    while (!server.serving_.stopping) {
      auto [error, socket] = co_await server.acceptor_.async_accept(kDemoAwait);
      if (error == net::error::operation_aborted) continue;
      if (error) {
        log_limited(LogLevel::Warning, "demo-accept", "demo_origin", error.message());
        server.timer_.expires_after(kAcceptPause);
        co_await server.timer_.async_wait(kDemoAwait);
        continue;
      }
      server.take(std::move(socket));
    }
  }

  void take(tcp::socket socket) {
    if (serving_.connections.size() >= serving_.options.connections) {
      refuse(socket);
      log_limited(LogLevel::Warning, "demo-connections", "demo_origin",
                  "too many connections: further ones get 503");
      return;
    }
    net::co_spawn(io_, demo_session(std::move(socket), serving_), on_session_end);
  }

  void close_connections(bool also_busy) {
    for (DemoConnection* connection : serving_.connections) {
      if (also_busy || connection->idle) connection->close();
    }
  }

  void stop() {
    serving_.stopping = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    timer_.cancel();
    close_connections(false);
    wait_for_the_rest(0);
  }

  // Looks a few times during the grace, so that an answer that ends early does not cost all of it.
  void wait_for_the_rest(int looks) {
    constexpr int kLooks = 25;
    if (serving_.connections.empty()) return;
    if (looks >= kLooks) return close_connections(true);
    timer_.expires_after(serving_.options.stop_grace / kLooks);
    timer_.async_wait([this, looks](boost::system::error_code) { wait_for_the_rest(looks + 1); });
  }

  SystemClock system_clock_;
  DemoServing serving_;  // outlives the coroutines, which io_ owns
  net::io_context io_{1};
  tcp::acceptor acceptor_;
  net::steady_timer timer_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<DemoOrigin>> DemoOrigin::create(const DemoOriginOptions& options) {
  if (!demo_is_field_value(options.name)) return invalid("the name has control characters");
  auto site = DemoSite::create(options.root);
  if (!site) return site.error();
  auto server = std::make_unique<Server>(options, std::move(*site));
  const auto listening = server->listen(options.address);
  if (!listening) return listening.error();
  server->start();
  return std::unique_ptr<DemoOrigin>(std::move(server));
}

}  // namespace brink::origin
