#pragma once
// The embedded log's file: one line for each record and for each report that carries receipts.
//
//   0 CHECKSUM {"brink_purge_log":1,"id":"…","floor":N,"lost_until":N}     the first line
//   SEQUENCE CHECKSUM {"kind":"purge",…}                                    a record
//   - CHECKSUM {"node":"fra-1",…}                                           a report
//
// CHECKSUM is XXH3-64, 16 hexadecimal digits, of the line without it. Numbers go on from the
// highest of `floor` and the records. What stood up to `lost_until` may be incomplete: dropped by
// compact(), or damaged.
//
// A last line without its end (a crash while it was written, so never acknowledged) is cut off.
// Damaged lines elsewhere: the file is kept aside as PATH.damaged, what can be read goes on. A file
// in which no line is ours is refused and left alone. The file is locked (flock) for this object's
// life; a rewritten one is locked before it takes the name.
//
// Without a path the lines are in memory (memfd_create) and end with this object.
// One thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/runtime/error.h"

namespace brink::purge {

inline constexpr std::size_t kLineBytes = 4 * 1024 * 1024;      // longer = damaged
inline constexpr std::uint64_t kLogFileBytes = 4ULL << 30U;     // more → compaction
inline constexpr std::uint64_t kLogMemoryBytes = 64ULL << 20U;  // ditto, without a path

// A line's sequence, 0 for a report, and its JSON, good until the function returns.
using LineFunction = std::function<void(std::uint64_t sequence, std::string_view json)>;

class LogRewrite;

class LogFile {
 public:
  // Null, with a sentence and the fix in `message`, when it cannot be used.
  static std::unique_ptr<LogFile> open(const std::string& path, std::string& message);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  const std::string& id() const { return id_; }
  std::uint64_t last_sequence() const { return last_sequence_; }
  std::uint64_t lost_until() const { return lost_until_; }
  std::uint64_t damaged_lines() const { return damaged_lines_; }  // found by open()
  bool is_in_memory() const { return path_.empty(); }

  // Adds a line to what the next write() writes. `sequence` 0 = a report.
  void add(std::uint64_t sequence, std::string_view json);
  // All of it, synced when `sync`, or nothing: false, with the reason in `why`.
  bool write(bool sync, std::string& why);

  // Every line after the first, in order. False when reading fails.
  bool for_each(const LineFunction& f) const;

  // More than twice `retain` purge records, or too many bytes; not at once again after a failure.
  bool wants_compaction(std::uint32_t retain) const;
  // Keeps the last `retain` purge records (fewer when it is about bytes), what the sites' versions
  // are made of, members from `run_start` on, and the receipts of what stays. False: as it was.
  bool compact(std::uint32_t retain, std::uint64_t run_start,
               std::string& why);  // log_compaction.cc

 private:
  struct Scan;
  explicit LogFile(std::string path) : path_(std::move(path)) {}
  bool open_locked(std::string& message);
  bool load(std::string& message);
  bool read_header(std::string_view json, std::string& message);
  Scan scan(const LineFunction& f) const;
  bool cut_torn(std::uint64_t bytes, std::string& message);
  bool repair(const Scan& found, std::string& message);
  bool finish(LogRewrite& rewrite, std::string& why);
  bool rewrite_all(std::string& why);
  void count(std::uint64_t sequence, std::string_view json);
  bool cut(std::string& why);

  std::string path_;
  int fd_ = -1;
  std::string id_;
  std::string pending_;
  std::uint64_t pending_last_ = 0;
  std::uint64_t pending_purges_ = 0;
  std::uint64_t size_ = 0;  // of what is whole and known to be written
  std::uint64_t last_sequence_ = 0;
  std::uint64_t lost_until_ = 0;
  std::uint64_t purges_ = 0;
  std::uint64_t damaged_lines_ = 0;
  std::uint64_t compact_above_ = 0;  // bytes
  bool is_torn_ = false;             // bytes behind size_ could not be cut off yet
};

}  // namespace brink::purge
