// Reading the audit log's files (audit_file.h).

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "edge/audit_file.h"

namespace brink::edge {

namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;  // longer than a line

class Reader {
 public:
  explicit Reader(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (file_ >= 0 && ::fstat(file_, &status) == 0)
      size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~Reader() {
    if (file_ >= 0) ::close(file_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  std::uint64_t size() const { return size_; }
  std::string piece(std::uint64_t offset) const {
    std::string out(kPieceBytes, '\0');
    const ssize_t n = ::pread(file_, out.data(), out.size(), static_cast<off_t>(offset));
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  }
  // Where the first line that begins at `offset` or later begins; size() without any.
  std::uint64_t line_from(std::uint64_t offset) const {
    if (offset == 0) return 0;
    const std::string text = piece(offset - 1);
    const std::size_t end = text.find('\n');
    return end == text.npos ? size_ : offset + end;
  }
  // 0 = none.
  std::uint64_t number_at(std::uint64_t offset) const {
    constexpr std::string_view kBegin = "{\"n\":";
    const std::string text = offset < size_ ? piece(offset) : std::string();
    if (!text.starts_with(kBegin)) return 0;
    std::uint64_t number = 0;
    std::from_chars(text.data() + kBegin.size(), text.data() + text.size(), number);
    return number;
  }
  // Where the lines above `after` begin.
  std::uint64_t seek(std::uint64_t after) const {
    std::uint64_t low = 0;
    std::uint64_t high = size_;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      const std::uint64_t line = line_from(middle);
      if (line >= high || number_at(line) > after) {
        high = middle;
      } else {
        low = line + 1;
      }
    }
    return line_from(low);
  }

 private:
  int file_;
  std::uint64_t size_ = 0;
};

// False once the page is full.
bool add_lines(const Reader& reader, std::uint64_t offset, std::size_t& left, std::string& out) {
  while (offset < reader.size()) {
    const std::string text = reader.piece(offset);
    std::size_t at = 0;
    for (std::size_t end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1) {
      if (left == 0 || out.size() > kAuditPageBytes) return false;
      out.append(text, at, end + 1 - at);
      --left;
    }
    if (at == 0) return true;  // the writer is at it
    offset += at;
  }
  return true;
}

}  // namespace

std::string read_audit_page(const std::string& path, std::optional<std::uint64_t> after,
                            std::size_t limit) {
  const std::vector<std::string> files = audit_files(path);
  if (!after && !files.empty()) {
    const Reader newest(files.back());
    std::uint64_t last = 0;
    const std::uint64_t tail = newest.size() - std::min<std::uint64_t>(newest.size(), kPieceBytes);
    for (std::uint64_t at = newest.line_from(tail); at < newest.size(); at = newest.line_from(at + 1))
      last = newest.number_at(at);
    after = last - std::min<std::uint64_t>(last, limit);
  }
  std::string out;
  for (const std::string& name : files) {
    const Reader reader(name);
    if (!add_lines(reader, reader.seek(*after), limit, out)) break;
  }
  return out;
}

}  // namespace brink::edge
