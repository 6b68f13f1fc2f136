#pragma once
// One HTTP/1.1 connection of the admin listener, as one coroutine on the admin thread.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

#include "edge/admin_router.h"
#include "edge/tls_context.h"

namespace brink::edge {

inline constexpr std::size_t kAdminBodyBytes = 1024 * 1024;  // more → 413
inline constexpr std::size_t kAdminHeadBytes = 16 * 1024;    // more → 431
inline constexpr std::size_t kAdminConnections = 256;        // more → 503, close
inline constexpr Seconds kAdminIdle{60};                     // between requests → close
inline constexpr Seconds kAdminTransfer{10};  // for a whole request, or a whole answer → close
inline constexpr Seconds kAdminAnswer{65};    // until a handler has its answer → 504

// The way to the admin thread for answers that come later, also when there is none any more.
class AdminLink {
 public:
  explicit AdminLink(boost::asio::io_context& io) : io_(&io) {}
  void post(std::function<void()> f);
  void close() {  // before `io` goes
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* io_;
};

// What all sessions share. Outlives them; `router` and `connections` are the admin thread's.
class AdminShared {
 public:
  AdminRouter router;
  SystemClock clock;
  std::size_t connections = 0;
  std::shared_ptr<AdminLink> link;

  std::shared_ptr<const AdminAccess> access() const {
    const std::lock_guard lock(mutex_);
    return access_;
  }
  void set_access(std::shared_ptr<const AdminAccess> access) {
    const std::lock_guard lock(mutex_);
    access_ = std::move(access);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const AdminAccess> access_;
};

// Each ends when the client leaves, a limit is reached or the io_context is destroyed.
boost::asio::awaitable<void> admin_session(boost::beast::tcp_stream stream, AdminShared& shared);
// The same over TLS; a certificate that the client shows, and `context` verifies, goes with its requests.
boost::asio::awaitable<void> admin_tls_session(boost::beast::tcp_stream stream,
                                               std::shared_ptr<boost::asio::ssl::context> context,
                                               AdminShared& shared);

}  // namespace brink::edge
