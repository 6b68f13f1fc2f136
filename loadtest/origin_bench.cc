// What one fetch from an upstream costs: the client on one thread against a raw server on another.
//
// cpu_us is the client thread's processor time for each fetch, which is what a shard pays; the rate
// is bounded by both.

#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "config/runtime/metrics.h"
#include "origin/client.h"

namespace {

using namespace brink;

// Answers each request head on each connection with the same bytes.
class RawServer {
 public:
  explicit RawServer(std::size_t body_bytes) {
    response_ =
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 2026 08:49:37 GMT\r\nContent-Type: text/html\r\n"
        "Cache-Control: max-age=60\r\nETag: \"abc\"\r\nContent-Length: " +
        std::to_string(body_bytes) + "\r\n\r\n" + std::string(body_bytes, 'x');
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(::listen(listener_, 1024) == 0);
    CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    epoll_ = ::epoll_create1(0);
    add(listener_);
    thread_ = std::thread([this] { serve(); });
  }
  ~RawServer() {
    stop_ = true;
    thread_.join();
    for (const int fd : connections_)
      ::close(fd);
    ::close(listener_);
    ::close(epoll_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void add(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    CHECK(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
  }
  void serve() {
    std::array<epoll_event, 64> events;
    while (!stop_) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 50);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        fd == listener_ ? accept_one() : answer(fd);
      }
    }
  }
  void accept_one() {
    const int fd = ::accept4(listener_, nullptr, nullptr, 0);
    if (fd < 0) return;
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections_.push_back(fd);
    add(fd);
  }
  void answer(int fd) {
    std::array<char, 4096> request;  // one head at a time: the client waits for its answer
    if (::recv(fd, request.data(), request.size(), 0) <= 0) {
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
      return;
    }
    std::string_view left = response_;
    while (!left.empty()) {
      const ssize_t n = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      left.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  std::string response_;
  int listener_;
  int epoll_;
  std::uint16_t port_;
  std::vector<int> connections_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Fetches again and again until told to stop.
class Fetcher final : public origin::Handler {
 public:
  Fetcher(origin::Upstream& upstream, std::shared_ptr<origin::ServerGroup> group)
      : upstream_(upstream), group_(std::move(group)) {}
  void go() {
    origin::Request request;
    request.method = "GET";
    request.scheme = "http";
    request.authority = "shop.example.com";
    request.target = "/products/12345?size=large";
    request.fields = {{"Accept", "text/html"},
                      {"Accept-Encoding", "gzip, br"},
                      {"User-Agent", "benchmark/1"},
                      {"Via", "1.1 brink"},
                      {"X-Forwarded-For", "192.0.2.1"}};
    request.origin = group_;
    call_ = upstream_.start(std::move(request), *this);
  }
  void on_interim(int, Fields) override {}
  void on_head(const origin::ResponseHead&) override {}
  Flow on_body(std::string_view bytes) override {
    body_bytes += bytes.size();
    return Flow::Continue;
  }
  void on_complete() override {
    ++done;
    go();
  }
  void on_error(Error error) override {
    failed = true;
    static_cast<void>(error);
  }

  std::uint64_t done = 0;
  std::uint64_t body_bytes = 0;
  bool failed = false;

 private:
  origin::Upstream& upstream_;
  std::shared_ptr<origin::ServerGroup> group_;
  std::unique_ptr<origin::Call> call_;
};

double thread_cpu_us() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

// Arguments: bytes of each body, fetches at once.
void fetch(benchmark::State& state) {
  RawServer server(static_cast<std::size_t>(state.range(0)));
  boost::asio::io_context io{1};
  const SystemClock clock;
  MetricsRegistry metrics;
  config::UpstreamOptions options;
  options.servers = {server.url()};
  const auto group = origin::ServerGroup::create(options, nullptr);
  const auto upstream = origin::make_origin_upstream(io, clock, metrics);
  std::vector<std::unique_ptr<Fetcher>> fetchers;
  for (std::int64_t i = 0; i < state.range(1); ++i) {
    fetchers.push_back(std::make_unique<Fetcher>(*upstream, group));
    fetchers.back()->go();
  }
  const auto done = [&] {
    std::uint64_t all = 0;
    for (const auto& fetcher : fetchers) {
      if (fetcher->failed) state.SkipWithError("a fetch failed");
      all += fetcher->done;
    }
    return all;
  };
  while (done() < 1'000)
    io.run_for(Millis{10});
  const std::uint64_t before = done();
  const double cpu_before = thread_cpu_us();
  for (auto _ : state)
    io.run_for(Millis{20});
  const auto fetched = static_cast<double>(done() - before);
  state.counters["cpu_us"] = (thread_cpu_us() - cpu_before) / fetched;
  state.counters["fetches"] = benchmark::Counter(fetched, benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(fetched) * state.range(0));
}
BENCHMARK(fetch)
    ->ArgNames({"bytes", "at_once"})
    ->Args({1'024, 1})
    ->Args({1'024, 64})
    ->Args({65'536, 64})
    ->Args({1'048'576, 16})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
