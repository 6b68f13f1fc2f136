#pragma once
// One connection of the demo origin: reads requests, carries out what the site answers, until
// either side has had enough.
//
// A connection is one coroutine on the server's thread; its state is its locals and one
// DemoConnection that the server can reach in order to stop it.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <unordered_set>

#include "config/runtime/clock.h"
#include "origin/demo_origin.h"
#include "origin/demo_routes.h"

namespace brink::origin {

inline constexpr std::uint32_t kDemoHeadBytes = 64 * 1024;    // request head → 431
inline constexpr std::uint64_t kDemoBodyBytes = 8ULL << 30U;  // request body → 413
inline constexpr std::size_t kDemoTransferBytes = 64 * 1024;  // one read or write of a body

class DemoConnection;

// What all connections share. Lives on the server's thread and outlives them.
struct DemoServing {
  DemoServing(const DemoOriginOptions& o, const Clock& c, std::unique_ptr<DemoSite> s)
      : options(o), clock(c), site(std::move(s)) {}
  const DemoOriginOptions options;
  const Clock& clock;
  const std::unique_ptr<DemoSite> site;
  std::unordered_set<DemoConnection*> connections;
  bool stopping = false;
};

class DemoConnection {
 public:
  DemoConnection(boost::asio::ip::tcp::socket&& socket, DemoServing& serving);
  ~DemoConnection();
  DemoConnection(const DemoConnection&) = delete;
  DemoConnection& operator=(const DemoConnection&) = delete;

  // Wakes whatever waits on it, with an error.
  void close();

  DemoServing& serving;
  boost::beast::tcp_stream stream;
  boost::asio::steady_timer timer;   // delays and pauses
  boost::beast::flat_buffer buffer;  // read, not yet parsed
  bool idle = true;                  // no request has begun
  bool closed = false;               // close() was called: begin nothing that waits
};

// REQUIRES: `serving` outlives the coroutine. Ends without exceptions but std::bad_alloc.
boost::asio::awaitable<void> demo_session(boost::asio::ip::tcp::socket socket,
                                          DemoServing& serving);

}  // namespace brink::origin
