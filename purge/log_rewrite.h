#pragma once
// A file beside the purge log that takes its place once it is whole and synced (log_file.h), and
// the system calls that all files of lines share.

#include <cstdint>
#include <string>
#include <string_view>

#include "purge/log_line.h"

namespace brink::purge {

inline constexpr int kLogFormat = 1;

// The JSON of the first line.
std::string header_json(const std::string& id, std::uint64_t floor, std::uint64_t lost_until);
// False, with errno, when not all of `bytes` went to `at`.
bool write_all(int fd, std::string_view bytes, std::uint64_t at);
// Fills `out`, as long as it is, from `at` on. False, with errno, when it could not.
bool read_all(int fd, std::string& out, std::uint64_t at);
// Memory that looks like a file; -1 with errno.
int open_memory();
// A file for this process alone (flock) and still what `path` names. -1 with errno; EWOULDBLOCK:
// another process has it.
int open_and_lock(const std::string& path);

// Without a path: memory in the place of memory. Gone with this object unless take() succeeded.
class LogRewrite {
 public:
  explicit LogRewrite(const std::string& path);
  ~LogRewrite();
  LogRewrite(const LogRewrite&) = delete;
  LogRewrite& operator=(const LogRewrite&) = delete;

  void add(const LogLine& line);
  void add_text(std::string_view text);  // as it is
  // The descriptor, locked, of the file that is now named `path`; -1 and `why` when it failed.
  int take();
  std::uint64_t size() const { return size_; }
  std::uint64_t purges() const { return purges_; }
  const std::string& why() const { return why_; }

 private:
  void flush();

  const std::string path_, name_;
  int fd_ = -1;
  bool ok_ = false;
  std::string buffer_, why_;
  std::uint64_t size_ = 0;
  std::uint64_t purges_ = 0;
};

}  // namespace brink::purge
