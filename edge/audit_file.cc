#include "edge/audit_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "purge/log_rewrite.h"

namespace brink::edge {

namespace {

constexpr std::size_t kTailBytes = 2 * 1024 * 1024;  // of the file, in which its last line is found

std::string reason() { return std::error_code(errno, std::generic_category()).message(); }

std::string older(const std::string& path, std::uint32_t age) {
  return age == 0 ? path : fmt::format("{}.{}", path, age);
}

std::uint64_t size_of(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

std::vector<std::string> audit_files(const std::string& path) {
  std::vector<std::string> out;
  for (std::uint32_t age = 0; ::access(older(path, age).c_str(), F_OK) == 0; ++age)
    out.push_back(older(path, age));
  std::reverse(out.begin(), out.end());
  return out;
}

AuditFile::AuditFile(std::string path, std::uint64_t bytes, std::uint32_t files)
    : path_(std::move(path)), bytes_(bytes), files_(std::max(files, 1U)) {}

AuditFile::~AuditFile() {
  if (file_ >= 0) ::close(file_);
}

std::unique_ptr<AuditFile> AuditFile::open(const std::string& path, std::uint64_t bytes,
                                           std::uint32_t files, std::string& message) {
  std::unique_ptr<AuditFile> out(new AuditFile(path, bytes, files));
  if (!out->open_newest(message) || !out->find_end(message)) return nullptr;
  return out;
}

bool AuditFile::open_newest(std::string& message) {
  const int file = purge::open_and_lock(path_);
  if (file < 0) {
    message = errno == EWOULDBLOCK
                  ? fmt::format("the audit log '{}' is another process's; give each node its own "
                                "admin.audit.path",
                                path_)
                  : fmt::format("the audit log '{}' cannot be opened: {}", path_, reason());
    return false;
  }
  if (file_ >= 0) ::close(file_);
  file_ = file;
  size_ = size_of(file_);
  return true;
}

// The chain goes on from the last whole line of the newest file that has one.
bool AuditFile::find_end(std::string& message) {
  for (std::uint32_t age = 0; age <= files_; ++age) {
    const std::string name = older(path_, age);
    const int file = age == 0 ? file_ : ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return true;  // a first start
    const std::uint64_t size = size_of(file);
    const std::uint64_t from = size - std::min<std::uint64_t>(size, kTailBytes);
    std::string tail(static_cast<std::size_t>(size - from), '\0');
    const bool is_read = purge::read_all(file, tail, from);
    if (age != 0) ::close(file);
    if (!is_read) {
      message = fmt::format("the audit log '{}' cannot be read: {}", name, reason());
      return false;
    }
    const std::size_t end = tail.rfind('\n');
    const std::size_t whole = end == tail.npos ? 0 : end + 1;
    if (age == 0 && whole < tail.size() && (from == 0 || whole > 0)) {
      size_ = from + whole;
      if (::ftruncate(file_, static_cast<off_t>(size_)) != 0) {
        message = fmt::format("the audit log '{}' cannot be written: {}", name, reason());
        return false;
      }
    }
    if (whole == 0) continue;
    const std::size_t before = end == 0 ? tail.npos : tail.rfind('\n', end - 1);
    const std::size_t begin = before == tail.npos ? 0 : before + 1;
    const auto link = read_audit_link(std::string_view(tail).substr(begin, end - begin));
    if (!link) {
      message = fmt::format("the last line of the audit log '{}' is damaged or was changed. Look at "
                            "it with brink audit --check, move the file away to keep it, and start "
                            "again",
                            name);
      return false;
    }
    last_ = *link;
    return true;
  }
  return true;
}

bool AuditFile::rotate(std::string& why) {
  // A rotation that could not open the next file has moved the others already.
  const bool has_moved = ::access(path_.c_str(), F_OK) != 0;
  for (std::uint32_t age = has_moved ? 0 : files_ - 1; age > 0; --age) {
    const std::string from = older(path_, age - 1);
    if (::access(from.c_str(), F_OK) == 0 && std::rename(from.c_str(), older(path_, age).c_str()) != 0) {
      why = reason();
      return false;
    }
  }
  if (files_ == 1 && !has_moved && ::unlink(path_.c_str()) != 0) {
    why = reason();
    return false;
  }
  return open_newest(why);
}

bool AuditFile::append(const std::string& lines, const AuditLink& last, std::string& why) {
  if (size_ > 0 && size_ + lines.size() > bytes_ && !rotate(why)) return false;
  if (!purge::write_all(file_, lines, size_) || ::fdatasync(file_) != 0) {
    why = reason();
    // What is there of them would break the chain.
    if (::ftruncate(file_, static_cast<off_t>(size_)) != 0) why += "; and cannot be taken back";
    return false;
  }
  size_ += lines.size();
  last_ = last;
  return true;
}

}  // namespace brink::edge
