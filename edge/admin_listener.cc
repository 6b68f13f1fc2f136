#include "edge/admin_listener.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <thread>
#include <utility>

#include "config/runtime/log.h"
#include "edge/admin_routes.h"
#include "edge/admin_session.h"

namespace brink::edge {

namespace net = boost::asio;
using tcp = net::ip::tcp;

namespace {

constexpr auto kAwait = net::as_tuple(net::use_awaitable);
constexpr Millis kAcceptPause{100};

// A session ends by itself; what it throws (no memory) must not end the admin thread.
void on_session_end(std::exception_ptr error) {
  if (error)
    log_limited(LogLevel::Error, "admin-session", "admin", "a connection failed unexpectedly");
}

void turn_away(tcp::socket socket) {
  constexpr std::string_view kBusy =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: "
      "close\r\n\r\n";
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(net::buffer(kBusy), ignored);
}

net::awaitable<void> accept_loop(tcp::acceptor& acceptor, std::shared_ptr<const TlsSlot> tls,
                                  AdminShared& shared) {
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(kAwait);
    if (error == net::error::operation_aborted) co_return;
    if (error) {
      log_limited(LogLevel::Warning, "admin-accept", "admin", "cannot accept: " + error.message());
      net::steady_timer pause(acceptor.get_executor(), kAcceptPause);
      co_await pause.async_wait(kAwait);
      continue;
    }
    if (shared.connections >= kAdminConnections) {
      turn_away(std::move(socket));
      continue;
    }
    boost::beast::tcp_stream stream(std::move(socket));
    auto context = tls ? tls->get() : nullptr;
    net::co_spawn(acceptor.get_executor(),
                  context ? admin_tls_session(std::move(stream), std::move(context), shared)
                          : admin_session(std::move(stream), shared),
                  on_session_end);
  }
}

// "127.0.0.1:9901", "[::1]:0", "localhost:9901". The configuration's loader has checked the form.
bool open_acceptor(tcp::acceptor& acceptor, const std::string& address,
                   boost::system::error_code& error) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  tcp::resolver resolver(acceptor.get_executor());
  const auto found =
      resolver.resolve(host, port, tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) return false;
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  return !error;
}

class Listener final : public AdminListener {
 public:
  Listener() { shared_.link = std::make_shared<AdminLink>(io_); }
  ~Listener() override {
    shared_.link->close();
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  bool open(const config::AdminOptions& options, std::string& message) {
    boost::system::error_code error;
    if (!open_acceptor(acceptor_, options.address, error)) {
      message = "admin.address: cannot listen on '" + options.address + "': " + error.message();
      return false;
    }
    const tcp::endpoint endpoint = acceptor_.local_endpoint();
    port_ = endpoint.port();
    is_loopback_ = endpoint.address().is_loopback();
    set_access(options);
    return true;
  }

  void run(MetricsRegistry& metrics, AdminHooks hooks) {
    shared_.router.set_audit(hooks.audit, shared_.clock);
    std::shared_ptr<const TlsSlot> tls = hooks.tls;
    add_admin_routes(shared_.router, metrics, std::move(hooks));
    net::co_spawn(io_, accept_loop(acceptor_, std::move(tls), shared_), on_session_end);
    thread_ = std::thread([this] { io_.run(); });
  }

  std::uint16_t port() const override { return port_; }

  void set_access(const config::AdminOptions& options) override {
    shared_.set_access(std::make_shared<const AdminAccess>(options.tokens, is_loopback_,
                                                           options.client_certificates));
  }

 private:
  AdminShared shared_;  // outlives the sessions, which io_ destroys
  net::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  std::uint16_t port_ = 0;
  bool is_loopback_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<AdminListener> AdminListener::start(const config::AdminOptions& options,
                                                    MetricsRegistry& metrics, AdminHooks hooks,
                                                    std::string& message) {
  auto listener = std::make_unique<Listener>();
  if (!listener->open(options, message)) return nullptr;
  listener->run(metrics, std::move(hooks));
  return listener;
}

}  // namespace brink::edge
