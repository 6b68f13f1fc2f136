#include "origin/curl_driver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>

namespace brink::origin {
namespace {

namespace net = boost::asio;

constexpr long kIdleConnections = 8'192;  // per shard, over all servers; the oldest goes
constexpr std::size_t kEventsAtOnce = 256;
constexpr int kTimerRounds = 8;  // before the io_context gets its turn
constexpr Millis kShortestWait{1};

}  // namespace

CurlDriver::Ends CurlDriver::ends_of(int fd) {
  const auto port_of = [](const sockaddr_storage& address) {
    return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                               : reinterpret_cast<const sockaddr_in&>(address).sin_port);
  };
  Ends out;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) out.local_port = port_of(address);
  size = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return out;
  out.remote_port = port_of(address);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = address.ss_family == AF_INET6
                          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
                          : &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  if (inet_ntop(address.ss_family, bytes, text.data(), text.size())) out.remote_address = text.data();
  return out;
}

class CurlDriver::Inside {
 public:
  explicit Inside(CurlDriver& driver) : driver_(driver) {
    CHECK(!driver_.inside_);
    driver_.inside_ = true;
  }
  ~Inside() { driver_.inside_ = false; }

 private:
  CurlDriver& driver_;
};

CurlDriver::CurlDriver(net::io_context& io, const Clock& clock, Owner& owner)
    : io_(io), clock_(clock), owner_(owner), epoll_(io), timer_(io) {
  ensure_curl_initialised();
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  CHECK(epoll_fd >= 0);
  epoll_.assign(epoll_fd);
  share_.reset(curl_share_init());
  multi_.reset(curl_multi_init());
  CHECK(share_ && multi_);
  CHECK(curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK);
  const auto set = [this](CURLMoption option, auto value) {
    CHECK(curl_multi_setopt(multi_.get(), option, value) == CURLM_OK);
  };
  set(CURLMOPT_SOCKETFUNCTION, &CurlDriver::socket_function);
  set(CURLMOPT_SOCKETDATA, this);
  set(CURLMOPT_TIMERFUNCTION, &CurlDriver::timer_function);
  set(CURLMOPT_TIMERDATA, this);
  set(CURLMOPT_MAXCONNECTS, kIdleConnections);
  // One exchange per HTTP/2 connection at a time. Where two share one, libcurl 7.88 goes on reading a paused body for the other's
  // sake, into memory of its own, as far as the stream's window of 32 MiB: a slow reader would cost that much, outside of all
  // bounds of ours (tests/unit/origin_multiplexing_test.cc). Alone, a paused transfer leaves the socket unread.
  set(CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  set(CURLMOPT_MAX_HOST_CONNECTIONS, 0L);  // the bound is per group of servers: slots.h
  set(CURLMOPT_MAX_TOTAL_CONNECTIONS, 0L);
  self_ = std::make_shared<CurlDriver*>(this);
  wait();
}

CurlDriver::~CurlDriver() {
  *self_ = nullptr;
}

void CurlDriver::adopt(CURL* easy) {
  set_option(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlDriver::open_socket);
  set_option(easy, CURLOPT_OPENSOCKETDATA, this);
  set_option(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlDriver::close_socket);
  set_option(easy, CURLOPT_CLOSESOCKETDATA, this);
  set_option(easy, CURLOPT_SHARE, share_.get());
}

bool CurlDriver::add(CURL* easy) {
  const Inside inside(*this);
  return curl_multi_add_handle(multi_.get(), easy) == CURLM_OK;
}

void CurlDriver::remove(CURL* easy) {
  const Inside inside(*this);
  CHECK(curl_multi_remove_handle(multi_.get(), easy) == CURLM_OK);
}

void CurlDriver::unpause(CURL* easy, int bitmask) {
  const Inside inside(*this);
  // An error ends the transfer, which then is reported as done.
  static_cast<void>(curl_easy_pause(easy, bitmask));
}

void CurlDriver::kick() {
  if (kicked_) return;
  kicked_ = true;
  net::post(io_, [self = self_] {
    if (*self) (*self)->on_posted();
  });
}

void CurlDriver::on_posted() {
  kicked_ = false;
  poll_sockets();  // first: an idle connection that was closed must not be chosen
  owner_.on_kick();
  turn();
}

void CurlDriver::wait() {
  epoll_.async_wait(net::posix::stream_descriptor::wait_read,
                    [self = self_](const boost::system::error_code& error) {
                      if (error || !*self) return;
                      (*self)->poll_sockets();
                      (*self)->turn();
                      (*self)->wait();
                    });
}

void CurlDriver::poll_sockets() {
  std::array<epoll_event, kEventsAtOnce> events;
  const int count =
      epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i)
    poll_one(events[static_cast<std::size_t>(i)]);
}

void CurlDriver::poll_one(const epoll_event& event) {
  Socket& of = socket(event.data.fd);
  if (of.events == 0) return;  // left the set while earlier events were handled
  if (!of.wanted) return on_idle_event(event.data.fd, of);
  int mask = 0;
  if (event.events & EPOLLIN) mask |= CURL_CSELECT_IN;
  if (event.events & EPOLLOUT) mask |= CURL_CSELECT_OUT;
  if (event.events & (EPOLLERR | EPOLLHUP)) mask |= CURL_CSELECT_ERR;
  // Errors show on reading; libcurl does not look at CURL_CSELECT_ERR alone everywhere.
  if (event.events & EPOLLHUP) mask |= CURL_CSELECT_IN;
  const Inside inside(*this);
  int running = 0;
  static_cast<void>(curl_multi_socket_action(multi_.get(), event.data.fd, mask, &running));
}

void CurlDriver::on_idle_event(int fd, Socket& of) {
  set_events(fd, of, 0);
  // libcurl finds a connection that was shut down dead and does not use it again.
  ::shutdown(fd, SHUT_RDWR);
}

void CurlDriver::turn() {
  run_curl_timer();
  collect();
  const Ticks next = owner_.on_time(clock_.ticks());
  run_curl_timer();
  arm(next);
}

void CurlDriver::run_curl_timer() {
  for (int i = 0; i < kTimerRounds && curl_due_ <= real_time_.ticks(); ++i) {
    curl_due_ = Ticks::max();
    const Inside inside(*this);
    int running = 0;
    static_cast<void>(curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running));
  }
}

void CurlDriver::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg == CURLMSG_DONE) owner_.on_done(message->easy_handle, message->data.result);
  }
}

void CurlDriver::arm(Ticks own_deadline) {
  const Ticks now = real_time_.ticks();
  Ticks wake = curl_due_;
  if (own_deadline != Ticks::max()) {
    wake = std::min(wake,
                    now + std::max<Ticks::duration>(own_deadline - clock_.ticks(), kShortestWait));
  }
  // Waking early is harmless, and transfers mostly end long before their deadlines: a later one
  // waits.
  if (wake >= armed_for_ && armed_for_ > now) return;
  armed_for_ = wake;
  if (wake == Ticks::max()) return;
  timer_.expires_after(std::max<Ticks::duration>(wake - now, Ticks::duration::zero()));
  timer_.async_wait([self = self_](const boost::system::error_code& error) {
    if (error || !*self) return;
    (*self)->armed_for_ = Ticks::max();
    (*self)->turn();
  });
}

CurlDriver::Socket& CurlDriver::socket(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= sockets_.size()) sockets_.resize(index + 64);
  return sockets_[index];
}

void CurlDriver::set_events(int fd, Socket& of, std::uint32_t events) {
  if (events == of.events) return;
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  const int operation = events == 0      ? EPOLL_CTL_DEL
                        : of.events == 0 ? EPOLL_CTL_ADD
                                         : EPOLL_CTL_MOD;
  // A descriptor that is gone already has left the set by itself.
  static_cast<void>(epoll_ctl(epoll_.native_handle(), operation, fd, &event));
  of.events = events;
}

void CurlDriver::socket_changed(CURL* easy, int fd, int what) {
  Socket& of = socket(fd);
  if (what == CURL_POLL_REMOVE) {
    of.wanted = false;
    // A descriptor we do not see closed must leave now: its number may come back as another socket.
    const bool watch = of.ours && of.events != 0 && owner_.leaves_silence(easy);
    return watch ? watch_idle(fd, of) : set_events(fd, of, 0);
  }
  of.wanted = true;
  set_events(fd, of,
             ((what & CURL_POLL_IN) ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0U));
}

void CurlDriver::watch_idle(int fd, Socket& of) {
  of.ends = ends_of(fd);
  set_events(fd, of, EPOLLIN);
  if (std::find(idle_.begin(), idle_.end(), fd) == idle_.end()) idle_.push_back(fd);
}

void CurlDriver::occupy(const char* remote_address, int remote_port, int local_port) {
  const Ends ends{remote_address ? remote_address : "", remote_port, local_port};
  std::erase_if(idle_, [&](int fd) {
    Socket& of = socket(fd);
    if (of.wanted || of.events == 0) return true;
    if (of.ends != ends) return false;
    set_events(fd, of, 0);
    return true;
  });
}

int CurlDriver::socket_function(CURL* easy, curl_socket_t fd, int what, void* self,
                                void*) noexcept {
  static_cast<CurlDriver*>(self)->socket_changed(easy, fd, what);
  return 0;
}

int CurlDriver::timer_function(CURLM*, long timeout_ms, void* self) noexcept {
  auto* driver = static_cast<CurlDriver*>(self);
  driver->curl_due_ =
      timeout_ms < 0 ? Ticks::max() : driver->real_time_.ticks() + Millis{timeout_ms};
  return 0;
}

curl_socket_t CurlDriver::open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  auto& of = static_cast<CurlDriver*>(self)->socket(fd);
  of = Socket{};
  of.ours = true;
  return fd;
}

int CurlDriver::close_socket(void* self, curl_socket_t fd) noexcept {
  static_cast<CurlDriver*>(self)->socket(fd) = Socket{};  // closing takes it out of the epoll set
  return ::close(fd);
}

}  // namespace brink::origin
