#include "purge/log_rewrite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace brink::purge {

namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr mode_t kMode = 0640;

std::string error_text() {
  return std::strerror(errno);
}

// A rename is durable once its folder is.
void sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

std::string header_json(const std::string& id, std::uint64_t floor, std::uint64_t lost_until) {
  return fmt::format(R"({{"brink_purge_log":{},"id":"{}","floor":{},"lost_until":{}}})", kLogFormat,
                     id, floor, lost_until);
}

bool write_all(int fd, std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
  return true;
}

bool read_all(int fd, std::string& out, std::uint64_t at) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n =
        ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

int open_memory() {
  return ::memfd_create("brink-purge-log", MFD_CLOEXEC);
}

int open_and_lock(const std::string& path) {
  for (;;) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
    if (fd < 0) return -1;
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const int why = errno;
      ::close(fd);
      errno = why;
      return -1;
    }
    struct stat opened {};
    struct stat named {};
    if (::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
        opened.st_ino == named.st_ino && opened.st_dev == named.st_dev) {
      return fd;
    }
    ::close(fd);  // it was rewritten between open and lock
  }
}

LogRewrite::LogRewrite(const std::string& path) : path_(path), name_(path + ".new") {
  fd_ = path_.empty() ? open_memory()
                      : ::open(name_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  ok_ = fd_ >= 0 && (path_.empty() || ::flock(fd_, LOCK_EX | LOCK_NB) == 0);
  if (!ok_) why_ = error_text();
}

LogRewrite::~LogRewrite() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!path_.empty()) ::unlink(name_.c_str());
}

void LogRewrite::add(const LogLine& line) {
  append_line(buffer_, line);
  if (!line.is_report && line.sequence > 0 && is_purge(line.json)) ++purges_;
  if (buffer_.size() >= kBufferBytes) flush();
}

void LogRewrite::add_text(std::string_view text) {
  buffer_.append(text);
  if (buffer_.size() >= kBufferBytes) flush();
}

int LogRewrite::take() {
  flush();
  if (!ok_) return -1;
  if (!path_.empty() && (::fsync(fd_) != 0 || ::rename(name_.c_str(), path_.c_str()) != 0)) {
    why_ = error_text();
    return -1;
  }
  if (!path_.empty()) sync_folder_of(path_);
  return std::exchange(fd_, -1);
}

void LogRewrite::flush() {
  if (ok_ && !write_all(fd_, buffer_, size_)) {
    ok_ = false;
    why_ = error_text();
  }
  size_ += buffer_.size();
  buffer_.clear();
}

}  // namespace brink::purge
