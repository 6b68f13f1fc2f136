#include "tests/support/transcript.h"

#include <fmt/core.h>

namespace brink::tests {
namespace {

constexpr std::size_t kWireLines = 40;

}  // namespace

std::string printable(std::string_view bytes, std::size_t limit) {
  std::string out;
  for (const char c : bytes) {
    if (out.size() >= limit) return out + fmt::format("… ({} bytes)", bytes.size());
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

void Transcript::add(std::string_view who, std::string_view what) {
  const std::lock_guard lock(mutex_);
  if (lines_.size() < kMaxLines) lines_.push_back(fmt::format("{:<10} {}", who, what));
}

void Transcript::add_wire(std::string_view who, std::string_view direction,
                          std::string_view bytes) {
  for (std::size_t n = 0; n < kWireLines && !bytes.empty(); ++n) {
    const std::size_t end = bytes.find('\n');
    const std::string_view line = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
    bytes.remove_prefix(line.size());
    std::string_view shown = line;
    while (!shown.empty() && (shown.back() == '\n' || shown.back() == '\r'))
      shown.remove_suffix(1);
    add(who, fmt::format("{} {}", direction, printable(shown)));
  }
}

std::string Transcript::text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const std::string& line : lines_)
    out += "    " + line + "\n";
  return out;
}

}  // namespace brink::tests
