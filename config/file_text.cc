#include "config/file_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace brink::config {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string last_error() {
  return "cannot be read: " + std::error_code(errno, std::generic_category()).message();
}

}  // namespace

FileText read_file(const std::string& path, bool only_regular) {
  const Descriptor file(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | (only_regular ? O_NONBLOCK : 0)));
  if (file.get() < 0) return {{}, last_error()};
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return {{}, last_error()};
  if (S_ISDIR(status.st_mode)) return {{}, "cannot be read: it is a folder"};
  if (only_regular && !S_ISREG(status.st_mode))
    return {{}, "cannot be read: it is no regular file"};
  FileText out;
  std::array<char, 16 * 1024> buffer{};
  while (true) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return {{}, last_error()};
    if (n == 0) return out;
    out.text.append(buffer.data(), static_cast<std::size_t>(n));
    if (out.text.size() > kFileBytes) {
      return {{}, fmt::format("is larger than {} bytes", kFileBytes)};
    }
  }
}

std::string resolve_beside(const std::string& file, const std::string& path) {
  const std::filesystem::path target(path);
  if (target.is_absolute()) return path;
  return (std::filesystem::path(file).parent_path() / target).string();
}

}  // namespace brink::config
