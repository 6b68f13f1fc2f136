#include "purge/dead_letter_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "config/runtime/log.h"
#include "purge/log_rewrite.h"

namespace brink::purge {

namespace json = boost::json;

namespace {

std::string error_text() {
  return std::strerror(errno);
}

std::string member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<DeadLetterLine> parse_line(std::string_view text) {
  json::parse_options options;
  options.max_depth = 64;
  boost::system::error_code error;
  const json::value value =
      json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  DeadLetterLine line{member(value.get_object(), "subscription"), member(value.get_object(), "key"),
                      std::string(text)};
  if (line.subscription.empty()) return std::nullopt;
  return line;
}

}  // namespace

DeadLetterFile::DeadLetterFile(DeadLetterFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

DeadLetterFile::~DeadLetterFile() {
  if (fd_ >= 0) ::close(fd_);
}

bool DeadLetterFile::open(std::uint64_t most_bytes, std::deque<DeadLetterLine>& lines,
                          std::string& message) {
  if (path_.empty()) return true;
  fd_ = open_and_lock(path_);
  struct stat status {};
  if (fd_ < 0 || ::fstat(fd_, &status) != 0) {
    message = fmt::format(
        "purge.dead_letters.path: cannot open '{}': {}. Name a file of this "
        "node's own in a folder where this user may write",
        path_, errno == EWOULDBLOCK ? "another process uses it" : error_text());
    return false;
  }
  const auto bytes = static_cast<std::uint64_t>(status.st_size);
  const std::uint64_t from = bytes - std::min(bytes, most_bytes);
  std::string text(bytes - from, '\0');
  if (!read_all(fd_, text, from)) {
    message = fmt::format("purge.dead_letters.path: cannot read '{}': {}", path_, error_text());
    return false;
  }
  std::size_t begin = from > 0 ? std::min(text.find('\n'), text.size() - 1) + 1 : 0;
  std::size_t damaged = 0;
  for (std::size_t end = text.find('\n', begin); end != std::string::npos;
       end = text.find('\n', begin)) {
    auto line = parse_line(std::string_view(text).substr(begin, end - begin));
    if (line) lines.push_back(std::move(*line));
    if (!line) ++damaged;
    begin = end + 1;
  }
  size_ = from + begin;
  if (size_ < bytes && ::ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
    message = fmt::format("purge.dead_letters.path: cannot write '{}': {}", path_, error_text());
    return false;
  }
  if (damaged > 0 || size_ < bytes) {
    log(LogLevel::Warning, "purge",
        fmt::format("'{}': {} lines are no dead letters and are left out, and {} bytes at its end "
                    "were half a line",
                    path_, damaged, bytes - size_));
  }
  return true;
}

bool DeadLetterFile::append(std::string_view lines, std::string& why) {
  if (fd_ < 0) return true;
  if (write_all(fd_, lines, size_) && ::fdatasync(fd_) == 0) {
    size_ += lines.size();
    return true;
  }
  why = error_text();
  // Half a line must not be the beginning of the next one; failing that, the next write goes over
  // it.
  if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) why += "; " + error_text();
  return false;
}

bool DeadLetterFile::rewrite(const std::deque<DeadLetterLine>& lines, std::string& why) {
  if (fd_ < 0) return true;
  LogRewrite rewrite(path_);
  for (const DeadLetterLine& line : lines) {
    rewrite.add_text(line.text);
    rewrite.add_text("\n");
  }
  const int fd = rewrite.take();
  if (fd < 0) {
    why = rewrite.why();
    return false;
  }
  ::close(std::exchange(fd_, fd));
  size_ = rewrite.size();
  return true;
}

}  // namespace brink::purge
