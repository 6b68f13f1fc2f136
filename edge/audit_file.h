#pragma once
// The audit log's files: PATH, and PATH.1, PATH.2 … for what is older. The chain goes on from one to
// the next.
//
// One thread appends; read_page() is for any thread, and sees whole lines only.
// Bounds: `bytes` each, `files` of them; then the oldest goes. A last line that a crash cut off is
// taken away: it was never whole. The file is locked (flock) for this object's life.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/audit_entry.h"

namespace brink::edge {

class AuditFile {
 public:
  // Null, with a sentence in `message`, when it cannot be used.
  static std::unique_ptr<AuditFile> open(const std::string& path, std::uint64_t bytes,
                                         std::uint32_t files, std::string& message);
  ~AuditFile();
  AuditFile(const AuditFile&) = delete;
  AuditFile& operator=(const AuditFile&) = delete;

  const AuditLink& last() const { return last_; }
  // Adds whole lines, the last of which is `last`, and syncs. False: none of them is there, and
  // `why` says why.
  bool append(const std::string& lines, const AuditLink& last, std::string& why);

 private:
  AuditFile(std::string path, std::uint64_t bytes, std::uint32_t files);
  bool open_newest(std::string& message);
  bool find_end(std::string& message);
  bool rotate(std::string& why);

  const std::string path_;
  const std::uint64_t bytes_;
  const std::uint32_t files_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  AuditLink last_;
};

// Names of the files that are there, oldest first.
std::vector<std::string> audit_files(const std::string& path);

// Lines with numbers above `after`, or else the last ones; at most `limit` lines and kAuditPageBytes.
inline constexpr std::size_t kAuditPageBytes = 4 * 1024 * 1024;
std::string read_audit_page(const std::string& path, std::optional<std::uint64_t> after,
                            std::size_t limit);

}  // namespace brink::edge
