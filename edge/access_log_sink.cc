#include "edge/access_log_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace brink::edge {

namespace {

// A pipe that polls as writable takes this much without blocking (POSIX: PIPE_BUF).
constexpr std::size_t kPieceBytes = 4096;
constexpr int kPollMs = 50;
// How many polls in a row may find no room once the log is to stop.
constexpr int kPollsAfterStop = 20;

// As many whole lines as fit into kPieceBytes, or kPieceBytes of a longer line.
std::string_view piece_of(std::string_view text) {
  if (text.size() <= kPieceBytes) return text;
  const std::size_t end = text.substr(0, kPieceBytes).rfind('\n');
  return text.substr(0, end == std::string_view::npos ? kPieceBytes : end + 1);
}

class FileSink final : public AccessSink {
 public:
  FileSink(int fd, bool owned, std::string name) : fd_(fd), owned_(owned), name_(std::move(name)) {
    struct stat status {};
    is_regular_ = ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
  }
  ~FileSink() override {
    if (owned_) ::close(fd_);
  }

  int write(std::string_view text, const std::atomic<bool>& stop) override {
    while (!text.empty()) {
      const std::string_view piece = is_regular_ ? text : piece_of(text);
      if (!is_regular_) {
        if (const int error = wait_for_room(stop)) return error;
      }
      const ssize_t written = ::write(fd_, piece.data(), piece.size());
      if (written < 0 && errno != EINTR && errno != EAGAIN) return errno;
      if (written == 0) return EIO;
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
  }

  const std::string& name() const noexcept override { return name_; }

 private:
  // 0 once the descriptor takes more; otherwise what stands against it.
  int wait_for_room(const std::atomic<bool>& stop) const {
    for (int idle = 0;;) {
      pollfd wanted{.fd = fd_, .events = POLLOUT, .revents = 0};
      const int ready = ::poll(&wanted, 1, kPollMs);
      if (ready < 0 && errno != EINTR) return errno;
      if (ready > 0 && (wanted.revents & POLLOUT) == 0) return EPIPE;
      if (ready > 0) return 0;
      idle = stop.load(std::memory_order_relaxed) ? idle + 1 : 0;
      if (idle >= kPollsAfterStop) return ETIMEDOUT;
    }
  }

  const int fd_;
  const bool owned_;
  const std::string name_;
  bool is_regular_ = false;
};

}  // namespace

std::unique_ptr<AccessSink> open_access_sink(const std::string& to, std::string& message) {
  if (to == "none") return nullptr;
  if (to == "stdout") return std::make_unique<FileSink>(STDOUT_FILENO, false, to);
  if (to == "stderr") return std::make_unique<FileSink>(STDERR_FILENO, false, to);
  constexpr mode_t kMode = 0640;
  const int fd = ::open(to.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, kMode);
  if (fd < 0) {
    const int error = errno;
    message = "access_log.to: cannot open '" + to + "': " + std::generic_category().message(error);
    return nullptr;
  }
  return std::make_unique<FileSink>(fd, true, to);
}

}  // namespace brink::edge
