#include "tests/support/child_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace brink::tests {
namespace {

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& s : strings)
    out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

// Between fork and exec only what is safe there; everything else was prepared.
[[noreturn]] void become(char* const* arguments, char* const* environment, int standard_error,
                         int null) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(standard_error, STDERR_FILENO);
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments,
                           std::vector<std::string> environment) {
  for (char** entry = ::environ; *entry != nullptr; ++entry)
    environment.emplace_back(*entry);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  pid_ = ::fork();
  if (pid_ == 0) become(argv.data(), envp.data(), ends[1], null);
  ::close(ends[1]);
  ::close(null);
  reader_ = std::thread([this, fd = ends[0]] { read_standard_error(fd); });
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (reader_.joinable()) reader_.join();
}

void ChildProcess::read_standard_error(int fd) {
  std::string partial;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    const std::lock_guard lock(mutex_);
    if (n > 0) partial.append(buffer.data(), static_cast<std::size_t>(n));
    for (std::size_t end = partial.find('\n'); end != std::string::npos; end = partial.find('\n')) {
      lines_.push_back(partial.substr(0, end));
      partial.erase(0, end + 1);
    }
    ended_ = n <= 0;
    changed_.notify_all();
    if (ended_) break;
  }
  ::close(fd);
}

std::string ChildProcess::wait_for_line(const std::string& text, Millis limit, std::size_t nth) {
  std::unique_lock lock(mutex_);
  std::string found;
  const auto look = [&] {
    std::size_t n = 0;
    for (const std::string& line : lines_) {
      if (line.find(text) != std::string::npos && ++n == nth) found = line;
    }
    return !found.empty() || ended_;
  };
  changed_.wait_for(lock, limit, look);
  return found;
}

std::size_t ChildProcess::count_lines(const std::string& text) const {
  const std::lock_guard lock(mutex_);
  std::size_t n = 0;
  for (const std::string& line : lines_)
    n += line.find(text) != std::string::npos ? 1 : 0;
  return n;
}

void ChildProcess::signal(int number) {
  if (pid_ > 0) ::kill(pid_, number);
}

void ChildProcess::suspend() {
  if (pid_ <= 0) return;
  siginfo_t what{};
  ::kill(pid_, SIGSTOP);
  ::waitid(P_PID, static_cast<id_t>(pid_), &what, WSTOPPED | WEXITED | WNOWAIT);
}

std::string ChildProcess::wait_for_exit(Millis limit) {
  if (pid_ <= 0) return "was not started";
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, limit, [&] { return ended_; })) {
      return "does not end; its standard error is still open";
    }
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFSIGNALED(status)) return fmt::format("ended by signal {}", WTERMSIG(status));
  return fmt::format("exit status {}", WEXITSTATUS(status));
}

std::string ChildProcess::standard_error() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const std::string& line : lines_)
    out += "    " + line + "\n";
  return out;
}

}  // namespace brink::tests
