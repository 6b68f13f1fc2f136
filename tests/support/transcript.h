#pragma once
// What was said by whom during one test, in order; shown when it fails. Safe from any thread.

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace brink::tests {

// Printable form: control characters escaped, at most `limit` characters of it.
std::string printable(std::string_view bytes, std::size_t limit = 400);

class Transcript {
 public:
  static constexpr std::size_t kMaxLines = 2'000;
  void add(std::string_view who, std::string_view what);
  // The same for a message on the wire: one line per line of it.
  void add_wire(std::string_view who, std::string_view direction, std::string_view bytes);
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace brink::tests
