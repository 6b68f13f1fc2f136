#pragma once
// libcurl's multi handle on a shard's io_context.
//
// All sockets of the multi handle are in one epoll set, and the io_context waits for that set
// alone: one wake-up serves every socket that is ready. A socket stays in the set while its
// connection idles between two transfers. That saves two system calls a request, and it tells at
// once when the server closes an idle connection or sends what nobody asked for; such a connection
// is shut down, so that stray bytes are never read as the answer to the next request.
//
// Nothing here may be called from inside a libcurl callback, kick() and inside() excepted.

#include <sys/epoll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "config/runtime/clock.h"
#include "origin/curl.h"

namespace brink::origin {

class CurlDriver {
 public:
  // Called from the io_context, never from inside libcurl or inside a call of the owner's.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_kick() = 0;                             // what kick() was called for
    virtual void on_done(CURL* easy, CURLcode result) = 0;  // a transfer ended; it is still added
    // Deadlines that have passed are acted upon; returns the next one (Ticks::max() = none).
    virtual Ticks on_time(Ticks now) = 0;
    // Of a transfer that lets go of its socket: whether the connection has nothing more to say
    // until it is used again. Not so for HTTP/2, nor while the transfer is merely paused.
    virtual bool leaves_silence(CURL* easy) const = 0;
  };

  CurlDriver(boost::asio::io_context& io, const Clock& clock, Owner& owner);
  ~CurlDriver();  // REQUIRES: no handle is added
  CurlDriver(const CurlDriver&) = delete;
  CurlDriver& operator=(const CurlDriver&) = delete;

  // Sockets must be made by this driver: call for each handle once, before it is added.
  // The handle must be gone before the driver is.
  void adopt(CURL* easy);
  bool add(CURL* easy);
  void remove(CURL* easy);                // breaks the transfer off when it is under way
  void unpause(CURL* easy, int bitmask);  // curl_easy_pause(); delivers kept data from inside
  // A request goes out on this connection: bytes that come on it are no stray ones, even where libcurl does not ask to watch
  // it (an answer that arrives at once and is paused at once). From CURLOPT_PREREQFUNCTION, whose arguments these are.
  void occupy(const char* remote_address, int remote_port, int local_port);
  // Has on_kick() called soon from the io_context; calls in between count once.
  void kick();
  // True while libcurl is on the stack: handles may not be added, removed or unpaused.
  bool inside() const { return inside_; }

 private:
  struct Ends {
    std::string remote_address;
    int remote_port = 0;
    int local_port = 0;
    friend bool operator==(const Ends&, const Ends&) = default;
  };
  struct Socket {
    bool ours = false;    // opened by open_socket(): its close is seen, so it may stay in the set
    bool wanted = false;  // a transfer or handshake waits for it
    std::uint32_t events = 0;  // registered with epoll; 0 = not in the set
    Ends ends;            // while it is watched for bytes that nobody asked for
  };
  class Inside;

  void on_posted();
  void wait();
  void poll_sockets();
  void poll_one(const epoll_event& event);
  void on_idle_event(int fd, Socket& socket);
  void watch_idle(int fd, Socket& socket);
  static Ends ends_of(int fd);
  void turn();  // timers, finished transfers, next wake-up: after anything that moved
  void run_curl_timer();
  void collect();
  void arm(Ticks own_deadline);
  void set_events(int fd, Socket& socket, std::uint32_t events);
  Socket& socket(int fd);

  void socket_changed(CURL* easy, int fd, int what);
  static int socket_function(CURL* easy, curl_socket_t fd, int what, void* self, void*) noexcept;
  static int timer_function(CURLM*, long timeout_ms, void* self) noexcept;
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept;
  static int close_socket(void* self, curl_socket_t fd) noexcept;

  boost::asio::io_context& io_;
  const Clock& clock_;           // of the owner's deadlines
  const SystemClock real_time_;  // of libcurl's
  Owner& owner_;
  boost::asio::posix::stream_descriptor epoll_;
  boost::asio::steady_timer timer_;
  std::vector<Socket> sockets_;  // by descriptor
  std::vector<int> idle_;  // watched for stray bytes; some may have gone since
  Ticks curl_due_ = Ticks::max();
  Ticks armed_for_ = Ticks::max();
  bool inside_ = false;
  bool kicked_ = false;
  std::shared_ptr<CurlDriver*> self_;  // null pointee once destroyed: for handlers that come later
  CurlShare share_;                    // TLS sessions outlive the handles they were made with
  CurlMulti multi_;                    // last: closing it calls back
};

}  // namespace brink::origin
