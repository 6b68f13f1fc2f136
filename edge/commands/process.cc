#include "edge/commands/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "edge/commands/commands.h"

namespace brink::edge {

namespace {

sigset_t waited_for() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&set, number);
  return set;
}

extern "C" void brink_exit_at_once(int) {
  _exit(kFailed);
}

}  // namespace

Signals::Signals() {
  const sigset_t set = waited_for();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

std::optional<Wanted> Signals::wait(std::optional<double> seconds) {
  const sigset_t set = waited_for();
  timespec limit{};
  if (seconds) {
    constexpr double kNanosecond = 1e-9;
    limit.tv_sec = static_cast<std::time_t>(*seconds);
    limit.tv_nsec = static_cast<long>((*seconds - static_cast<double>(limit.tv_sec)) / kNanosecond);
  }
  for (;;) {
    const int number = seconds ? sigtimedwait(&set, nullptr, &limit) : sigwaitinfo(&set, nullptr);
    if (number == SIGHUP) return Wanted::Reload;
    if (number > 0) return Wanted::Stop;
    if (errno == EAGAIN) return std::nullopt;
  }
}

void Signals::exit_on_next() {
  struct sigaction action {};
  action.sa_handler = brink_exit_at_once;
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT}) {
    sigaction(number, &action, nullptr);
    sigaddset(&set, number);
  }
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace brink::edge
