#pragma once
// The file of dead_letters.h: one JSON object on each line. A last line without its end (a crash)
// is cut off; a line that is no letter is left out. One thread at a time.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace brink::purge {

struct DeadLetterLine {
  std::string subscription, key;  // in the text too
  std::string text;               // JSON, without a line end
};

class DeadLetterFile {
 public:
  // Without a path nothing is kept on disk.
  explicit DeadLetterFile(std::string path = {}) : path_(std::move(path)) {}
  DeadLetterFile(DeadLetterFile&& other) noexcept;
  DeadLetterFile& operator=(DeadLetterFile&&) = delete;
  ~DeadLetterFile();

  // Locks the file and reads the last `most_bytes` of it. False, with a sentence in `message`.
  bool open(std::uint64_t most_bytes, std::deque<DeadLetterLine>& lines, std::string& message);
  // Adds lines, synced; all of them or none.
  bool append(std::string_view lines, std::string& why);
  // Puts `lines` in the place of everything; it stays as it was when that fails.
  bool rewrite(const std::deque<DeadLetterLine>& lines, std::string& why);
  std::uint64_t size() const { return size_; }

 private:
  std::string path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace brink::purge
