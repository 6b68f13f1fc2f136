// herd: opens thousands of connections, then asks for one URL on all of them at once.
//
//   herd --target 127.0.0.1:8080 --target 127.0.0.1:8081 --path '/slow?ms=500' --connections 10000
//
// One JSON object on standard output: how many were answered, with which statuses and how many
// different bodies, and how long after the very first byte anybody got (the leader's) the others
// got theirs. Exit status 0 = all were answered alike, 1 = some were not, 2 = usage.
//
// Connections are spread over as many processes as the limit of open files asks for. Each process:
// connect all, report ready, wait for the start, send on all, read to the end with epoll, write one
// Outcome per connection to its pipe.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "loadtest/herd_reader.h"

namespace brink::loadtest {
namespace {

struct HerdOptions {
  std::vector<sockaddr_in> targets;
  std::string path = "/";
  std::string host = "herd.example";
  std::size_t connections = 10'000;
  int timeout_s = 60;
};

// What became of one connection. Times are of the machine's steady clock, so processes may compare
// them.
struct Outcome {
  std::int64_t first_byte_ns = 0;
  std::uint64_t body_hash = 0;
  std::uint64_t body_bytes = 0;
  std::int32_t status = 0;  // 0 = never answered, or cut
  std::int32_t error = 0;   // errno, or -1 for an answer that ended early or was not HTTP
};

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
}

// All of `size` bytes through a pipe, or false.
bool write_all(int fd, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(fd, at, size);
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool read_all(int fd, void* data, std::size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t n = ::read(fd, at, size);
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

struct Client {
  int fd = -1;
  bool done = false;
  Outcome outcome;
  ResponseReader reader;
};

int open_connection(const sockaddr_in& target) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  // NOLINTNEXTLINE: the sockets interface is what it is
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

void finish(Client& client, int error) {
  client.done = true;
  client.outcome.error = error;
  client.outcome.status = error == 0 ? client.reader.status() : 0;
  client.outcome.body_hash = client.reader.body_hash();
  client.outcome.body_bytes = client.reader.body_bytes();
}

// Reads what is there; true once the response is over, well or badly.
bool on_readable(Client& client) {
  std::array<char, 65'536> buffer;
  while (true) {
    const ssize_t n = ::recv(client.fd, buffer.data(), buffer.size(), 0);
    if (n < 0) {
      if (errno == EAGAIN || errno == EINTR) return false;
      finish(client, errno);
      return true;
    }
    if (n == 0) {
      finish(client, client.reader.ends_at_close() ? 0 : -1);
      return true;
    }
    if (client.outcome.first_byte_ns == 0) client.outcome.first_byte_ns = now_ns();
    const auto state = client.reader.feed({buffer.data(), static_cast<std::size_t>(n)});
    if (state == ResponseReader::State::More) continue;
    finish(client, state == ResponseReader::State::Done ? 0 : -1);
    return true;
  }
}

void send_all(std::vector<Client>& clients, const HerdOptions& options) {
  const std::string request =
      "GET " + options.path + " HTTP/1.1\r\nHost: " + options.host + "\r\n\r\n";
  for (Client& client : clients) {
    if (client.done) continue;
    const ssize_t n = ::send(client.fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (n != static_cast<ssize_t>(request.size())) finish(client, n < 0 ? errno : -1);
  }
}

void receive_all(std::vector<Client>& clients, int epoll, int timeout_s) {
  auto open = static_cast<std::size_t>(
      std::count_if(clients.begin(), clients.end(), [](const Client& c) { return !c.done; }));
  const std::int64_t deadline = now_ns() + std::int64_t{timeout_s} * 1'000'000'000;
  std::array<epoll_event, 512> events;
  while (open > 0 && now_ns() < deadline) {
    const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < ready; ++i) {
      Client& client = clients[events[static_cast<std::size_t>(i)].data.u64];
      if (client.done || !on_readable(client)) continue;
      ::epoll_ctl(epoll, EPOLL_CTL_DEL, client.fd, nullptr);
      --open;
    }
  }
  for (Client& client : clients) {
    if (!client.done) finish(client, ETIMEDOUT);
  }
}

// One process's share, from connecting to reporting. `first` is the number of its first connection.
int run_worker(const HerdOptions& options, std::size_t first, std::size_t count, int report,
               int start) {
  std::vector<Client> clients(count);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < count; ++i) {
    clients[i].fd = open_connection(options.targets[(first + i) % options.targets.size()]);
    if (clients[i].fd < 0) {
      finish(clients[i], errno);
      continue;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event);
  }
  char signal = 'r';
  if (!write_all(report, &signal, 1) || !read_all(start, &signal, 1)) return 1;
  send_all(clients, options);
  receive_all(clients, epoll, options.timeout_s);
  for (const Client& client : clients) {
    if (!write_all(report, &client.outcome, sizeof client.outcome)) return 1;
  }
  return 0;
}

struct Worker {
  pid_t pid = -1;
  std::size_t count = 0;
  int report = -1;  // read end: 'r', then the outcomes
  int start = -1;   // write end: one byte to begin
};

Worker start_worker(const HerdOptions& options, std::size_t first, std::size_t count) {
  std::array<int, 2> report{};
  std::array<int, 2> start{};
  if (::pipe2(report.data(), O_CLOEXEC) != 0 || ::pipe2(start.data(), O_CLOEXEC) != 0) std::exit(1);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(report[0]);
    ::close(start[1]);
    ::_exit(run_worker(options, first, count, report[1], start[0]));
  }
  ::close(report[1]);
  ::close(start[0]);
  return {pid, count, report[0], start[1]};
}

// Files this process may open, after asking for as many as it is ever allowed.
std::size_t raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

std::vector<Outcome> run_herd(const HerdOptions& options, std::size_t& processes) {
  constexpr std::size_t kOwnFiles = 64;
  const std::size_t share = std::max<std::size_t>(raise_file_limit(), kOwnFiles * 2) - kOwnFiles;
  std::vector<Worker> workers;
  for (std::size_t first = 0; first < options.connections; first += share) {
    workers.push_back(start_worker(options, first, std::min(share, options.connections - first)));
  }
  processes = workers.size();
  char signal = 0;
  for (const Worker& worker : workers) {
    if (!read_all(worker.report, &signal, 1)) std::exit(1);
  }
  for (const Worker& worker : workers)
    write_all(worker.start, &signal, 1);
  std::vector<Outcome> outcomes;
  for (const Worker& worker : workers) {
    std::vector<Outcome> part(worker.count);
    if (!read_all(worker.report, part.data(), part.size() * sizeof(Outcome))) std::exit(1);
    outcomes.insert(outcomes.end(), part.begin(), part.end());
    int status = 0;
    ::waitpid(worker.pid, &status, 0);
  }
  return outcomes;
}

double percentile_ms(const std::vector<std::int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return static_cast<double>(sorted[at]) / 1e6;
}

// Prints the result; true when every connection got the same body with status 200.
bool print_result(const std::vector<Outcome>& outcomes, std::size_t processes) {
  std::map<int, std::size_t> statuses;
  std::map<int, std::size_t> errors;
  std::set<std::pair<std::uint64_t, std::uint64_t>> bodies;
  std::vector<std::int64_t> after_first;
  for (const Outcome& outcome : outcomes) {
    if (outcome.error != 0) {
      ++errors[outcome.error];
      continue;
    }
    ++statuses[outcome.status];
    bodies.emplace(outcome.body_hash, outcome.body_bytes);
    after_first.push_back(outcome.first_byte_ns);
  }
  std::sort(after_first.begin(), after_first.end());
  const std::int64_t first = after_first.empty() ? 0 : after_first.front();
  for (std::int64_t& at : after_first)
    at -= first;
  const std::size_t ok = statuses[200];
  std::printf(
      "{\"connections\": %zu, \"processes\": %zu, \"ok\": %zu, \"failed\": %zu, \"bodies\": %zu, "
      "\"body_bytes\": %llu,\n",
      outcomes.size(), processes, ok, outcomes.size() - ok, bodies.size(),
      bodies.empty() ? 0ULL : static_cast<unsigned long long>(bodies.begin()->second));
  for (const auto& [status, count] : statuses)
    std::printf(" \"status_%d\": %zu,\n", status, count);
  for (const auto& [error, count] : errors) {
    std::printf(" \"error_%d\": \"%zu: %s\",\n", error, count,
                error < 0 ? "cut, or not HTTP" : std::strerror(error));
  }
  std::printf(
      " \"first_byte_after_leader_ms\": {\"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, \"max\": "
      "%.3f}}\n",
      percentile_ms(after_first, 0.5), percentile_ms(after_first, 0.9),
      percentile_ms(after_first, 0.99), percentile_ms(after_first, 1.0));
  return ok == outcomes.size() && bodies.size() == 1;
}

bool add_target(HerdOptions& options, const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
  if (::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) return false;
  options.targets.push_back(address);
  return true;
}

bool parse_arguments(int argc, char** argv, HerdOptions& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--target" && add_target(options, value)) continue;
    if (name == "--path") {
      options.path = value;
    } else if (name == "--host") {
      options.host = value;
    } else if (name == "--connections") {
      options.connections = static_cast<std::size_t>(std::strtoull(value.c_str(), nullptr, 10));
    } else if (name == "--timeout") {
      options.timeout_s = std::atoi(value.c_str());
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && !options.targets.empty() && options.connections > 0;
}

}  // namespace
}  // namespace brink::loadtest

int main(int argc, char** argv) {
  brink::loadtest::HerdOptions options;
  if (!brink::loadtest::parse_arguments(argc, argv, options)) {
    std::fputs(
        "usage: herd --target IPv4:PORT… [--path P] [--host H] [--connections N] [--timeout "
        "SECONDS]\n",
        stderr);
    return 2;
  }
  std::size_t processes = 0;
  const auto outcomes = brink::loadtest::run_herd(options, processes);
  return brink::loadtest::print_result(outcomes, processes) ? 0 : 1;
}
