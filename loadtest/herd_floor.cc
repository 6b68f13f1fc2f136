// herd_floor: what a herd can get at best on this machine. A server that does nothing but hold a
// ready answer until all have asked, and then write it to each from two threads: one system call a
// connection.
//
//   herd_floor CONNECTIONS      prints "floor on 127.0.0.1:PORT"; ends when all are answered, or
//   after a minute
//
// What `herd` reports of it is the bare cost of that many writes, and of reading them on the same
// cores (make bench).

#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace brink::loadtest {
namespace {

constexpr int kTimeoutMs = 60'000;
constexpr std::size_t kThreads = 2;

std::string answer() {
  const std::string body(4096, 'x');
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

bool readable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, kTimeoutMs) == 1;
}

int open_listener(sockaddr_in& address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  const bool good = fd >= 0 && ::bind(fd, generic, size) == 0 && ::listen(fd, 4096) == 0 &&
                    ::getsockname(fd, generic, &size) == 0;
  return good ? fd : -1;
}

// Every connection with its whole request read: the herd sends in one go, once all are connected.
bool take_requests(int listener, std::size_t count, std::vector<int>& clients) {
  while (clients.size() < count) {
    if (!readable(listener)) return false;
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return false;
    clients.push_back(fd);
  }
  char request[4096];
  for (const int fd : clients) {
    if (!readable(fd) || ::recv(fd, request, sizeof request, 0) <= 0) return false;
  }
  return true;
}

void answer_all(const std::vector<int>& clients, std::string_view text) {
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < clients.size(); i += kThreads) {
        static_cast<void>(::send(clients[i], text.data(), text.size(), MSG_NOSIGNAL));
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
}

}  // namespace
}  // namespace brink::loadtest

int main(int argc, char** argv) {
  using namespace brink::loadtest;
  const std::size_t count = argc == 2 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (count == 0) {
    std::fputs("usage: herd_floor CONNECTIONS\n", stderr);
    return 2;
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  sockaddr_in address{};
  const int listener = open_listener(address);
  if (listener < 0) {
    std::perror("herd_floor: cannot listen");
    return 1;
  }
  std::printf("floor on 127.0.0.1:%u\n", ntohs(address.sin_port));
  std::fflush(stdout);
  std::vector<int> clients;
  if (!take_requests(listener, count, clients)) {
    std::fputs("herd_floor: not all connections asked within a minute\n", stderr);
    return 1;
  }
  answer_all(clients, answer());
  for (const int fd : clients)
    ::close(fd);
  return 0;
}
