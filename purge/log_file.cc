#include "purge/log_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "config/runtime/log.h"
#include "config/runtime/random.h"
#include "purge/log_line.h"
#include "purge/log_rewrite.h"

namespace brink::purge {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
// Numbers that a damaged end of the file may have used are not given again.
constexpr std::uint64_t kSkippedAfterDamage = 1'000;

std::string error_text() {
  return std::strerror(errno);
}

std::string make_log_id() {
  return fmt::format("{:016x}", secure_random());
}

int open_own(const std::string& path, std::string& message) {
  const int fd = open_and_lock(path);
  if (fd >= 0) return fd;
  message = errno == EWOULDBLOCK
                ? fmt::format(
                      "purge.path: another process uses '{}'. Give each node a file of its "
                      "own, or let all of them share one log with purge.log: nats",
                      path)
                : fmt::format(
                      "purge.path: cannot open '{}': {}. Make its folder and let this user "
                      "write there, or name another file",
                      path, error_text());
  return -1;
}

}  // namespace

struct LogFile::Scan {
  bool is_read = true;
  std::uint64_t end = 0;      // behind the last line end
  std::uint64_t size = 0;     // of the file
  std::uint64_t good = 0;     // lines
  std::uint64_t damaged = 0;  // lines
  std::uint64_t last = 0;     // the last good record's sequence
  std::uint64_t lost_until = 0;
  bool ends_damaged = false;
  bool has_header = false;

  void take(std::string_view text, const LineFunction& f);
};

// `f` gets the header with sequence 0 as well: as the first call, if at all.
void LogFile::Scan::take(std::string_view text, const LineFunction& f) {
  const auto line = text.size() > kLineBytes ? std::nullopt : read_line(text);
  const bool is_header = line && !line->is_report && line->sequence == 0;
  const bool is_out_of_order =
      line && !line->is_report && (is_header ? good + damaged > 0 : line->sequence <= last);
  if (!line || is_out_of_order) {
    ++damaged;
    ends_damaged = true;
    return;
  }
  ++good;
  has_header = has_header || is_header;
  if (!line->is_report && !is_header) {
    if (ends_damaged) lost_until = line->sequence - 1;
    ends_damaged = false;
    last = line->sequence;
  }
  f(line->sequence, line->json);
}

LogFile::Scan LogFile::scan(const LineFunction& f) const {
  Scan out;
  std::string buffer;
  bool is_too_long = false;
  for (;;) {
    const std::size_t kept = buffer.size();
    buffer.resize(kept + kReadBytes);
    const ssize_t n = ::pread(fd_, buffer.data() + kept, kReadBytes, static_cast<off_t>(out.size));
    if (n < 0 && errno == EINTR) {
      buffer.resize(kept);
      continue;
    }
    out.is_read = n >= 0;
    if (n <= 0) return out;
    out.size += static_cast<std::uint64_t>(n);
    buffer.resize(kept + static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (std::size_t end = buffer.find('\n', kept); end != std::string::npos;
         end = buffer.find('\n', begin)) {
      const std::string_view text(buffer.data() + begin, end - begin);
      out.take(is_too_long ? std::string_view{} : text, f);
      is_too_long = false;
      out.end += end + 1 - begin;
      begin = end + 1;
    }
    buffer.erase(0, begin);
    if (buffer.size() > kLineBytes) {  // no line of ours; only its length matters from here on
      is_too_long = true;
      out.end += buffer.size();
      buffer.clear();
    }
  }
}

std::unique_ptr<LogFile> LogFile::open(const std::string& path, std::string& message) {
  std::unique_ptr<LogFile> out(new LogFile(path));
  if (!out->open_locked(message) || !out->load(message)) return nullptr;
  return out;
}

LogFile::~LogFile() {
  if (fd_ >= 0) ::close(fd_);
}

bool LogFile::open_locked(std::string& message) {
  fd_ = path_.empty() ? open_memory() : open_own(path_, message);
  if (fd_ < 0 && path_.empty()) message = "purge.log: no memory for a log: " + error_text();
  return fd_ >= 0;
}

bool LogFile::read_header(std::string_view text, std::string& message) {
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return false;
  const auto number = [&](std::string_view name) {
    const auto* found = object->if_contains(name);
    boost::system::error_code wrong;
    const auto out = found != nullptr ? found->to_number<std::uint64_t>(wrong) : 0;
    return wrong ? 0 : out;
  };
  if (number("brink_purge_log") != kLogFormat) {
    message = fmt::format(
        "purge.path: '{}' was written by a later version of Brink; use that "
        "version, or another file",
        path_);
    return false;
  }
  const auto* id = object->if_contains("id");
  if (id != nullptr && id->is_string()) id_ = std::string(id->get_string());
  last_sequence_ = number("floor");
  lost_until_ = number("lost_until");
  return true;
}

void LogFile::count(std::uint64_t sequence, std::string_view json) {
  if (sequence == 0) return;
  last_sequence_ = std::max(last_sequence_, sequence);
  if (is_purge(json)) ++purges_;
}

bool LogFile::load(std::string& message) {
  bool is_ours = true;
  const Scan found = scan([&](std::uint64_t sequence, std::string_view json) {
    if (sequence == 0 && json.starts_with(R"({"brink_purge_log")")) {
      is_ours = is_ours && read_header(json, message);
    }
    count(sequence, json);
  });
  if (!is_ours) return false;
  if (!found.is_read) {
    message = fmt::format("purge.path: cannot read '{}': {}", path_, error_text());
    return false;
  }
  size_ = found.end;
  if (found.size > 0 && found.good == 0) {
    message = fmt::format(
        "purge.path: '{}' is not a purge log, and is left as it is. Name another "
        "file",
        path_);
    return false;
  }
  if (found.size == 0) {
    std::string why;
    id_ = make_log_id();
    if (rewrite_all(why)) return true;
    message = fmt::format("purge.path: cannot write '{}': {}", path_, why);
    return false;
  }
  if (found.size > found.end && !cut_torn(found.size - found.end, message)) return false;
  damaged_lines_ = found.has_header ? found.damaged : std::max<std::uint64_t>(found.damaged, 1);
  return (found.damaged == 0 && found.has_header) || repair(found, message);
}

bool LogFile::cut_torn(std::uint64_t bytes, std::string& message) {
  log(LogLevel::Warning, "purge",
      fmt::format("'{}' ended in the middle of a line, after a crash; {} bytes that were never "
                  "acknowledged are cut off",
                  path_, bytes));
  std::string why;
  if (cut(why)) return true;
  message = fmt::format("purge.path: cannot write '{}': {}", path_, why);
  return false;
}

// Keeps the file aside and goes on with what can be read.
bool LogFile::repair(const Scan& found, std::string& message) {
  const std::string aside = path_ + ".damaged";
  std::error_code failed;
  std::filesystem::copy_file(path_, aside, std::filesystem::copy_options::overwrite_existing,
                             failed);
  const bool is_end_known = found.has_header && !found.ends_damaged;
  if (!is_end_known) last_sequence_ += kSkippedAfterDamage;
  lost_until_ = std::max(lost_until_, is_end_known ? found.lost_until : last_sequence_);
  if (!found.has_header) id_ = make_log_id();  // nobody can know any more which log this was
  std::string why;
  if (failed || !rewrite_all(why)) {
    message = fmt::format(
        "purge.path: '{}' has {} damaged lines and cannot be kept aside as "
        "'{}': {}",
        path_, damaged_lines_, aside, failed ? failed.message() : why);
    return false;
  }
  log(LogLevel::Error, "purge",
      fmt::format(
          "'{}' had {} damaged lines. It is kept as '{}'; everything readable is used. What "
          "was stored before is revalidated. Check the disk",
          path_, damaged_lines_, aside));
  return true;
}

bool LogFile::for_each(const LineFunction& f) const {
  const Scan found = scan([&](std::uint64_t sequence, std::string_view json) {
    if (sequence == 0 && json.starts_with(R"({"brink_purge_log")")) return;
    f(sequence, json);
  });
  return found.is_read;
}

void LogFile::add(std::uint64_t sequence, std::string_view json) {
  append_line(pending_, {.sequence = sequence, .is_report = sequence == 0, .json = json});
  pending_last_ = std::max(pending_last_, sequence);
  if (is_purge(json)) ++pending_purges_;
}

bool LogFile::cut(std::string& why) {
  is_torn_ = ::ftruncate(fd_, static_cast<off_t>(size_)) != 0;
  if (is_torn_) why = error_text();
  return !is_torn_;
}

bool LogFile::write(bool sync, std::string& why) {
  const std::string bytes = std::move(pending_);
  const std::uint64_t last = std::exchange(pending_last_, 0);
  const std::uint64_t purges = std::exchange(pending_purges_, 0);
  pending_.clear();
  if (is_torn_ && !cut(why)) return false;
  const bool is_written =
      write_all(fd_, bytes, size_) && (!sync || path_.empty() || ::fdatasync(fd_) == 0);
  if (!is_written) {
    why = error_text();
    std::string ignored;
    cut(ignored);
    return false;
  }
  size_ += bytes.size();
  last_sequence_ = std::max(last_sequence_, last);
  purges_ += purges;
  return true;
}

bool LogFile::finish(LogRewrite& rewrite, std::string& why) {
  const int fd = rewrite.take();
  if (fd < 0) {
    why = rewrite.why();
    return false;
  }
  ::close(std::exchange(fd_, fd));
  size_ = rewrite.size();
  purges_ = rewrite.purges();
  return true;
}

bool LogFile::rewrite_all(std::string& why) {
  LogRewrite rewrite(path_);
  rewrite.add({.json = header_json(id_, last_sequence_, lost_until_)});
  for_each([&](std::uint64_t sequence, std::string_view json) {
    rewrite.add({.sequence = sequence, .is_report = sequence == 0, .json = json});
  });
  return finish(rewrite, why);
}

bool LogFile::wants_compaction(std::uint32_t retain) const {
  const std::uint64_t most = path_.empty() ? kLogMemoryBytes : kLogFileBytes;
  return size_ > compact_above_ && (purges_ > 2ULL * retain || size_ > most);
}

}  // namespace brink::purge
