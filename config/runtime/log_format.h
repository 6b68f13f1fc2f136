#pragma once
// What the error log is made of, apart from the file descriptor: pure, so that tests need no clock
// and no standard error. Used by log.cc.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "config/runtime/log.h"

namespace brink {

// Longer messages are cut; the line says by how many bytes.
inline constexpr std::size_t kLogMessageBytes = 4 * 1024;

// Text that may quote the network, safe for a terminal and for one line: control characters (C0,
// DEL, C1), bytes that are not UTF-8 and the backslash are written as \n, \t, \\, \x1b ….
std::string escape_log_text(std::string_view text);

// Length of the UTF-8 sequence at `i` if it is well-formed and no control character; 0 = it is not.
// REQUIRES: i < text.size().
std::size_t printable_sequence(std::string_view text, std::size_t i);

// "2026-11-22T10:00:00.123Z warning origin: message", without a line end.
std::string format_log_line(TimePoint now, LogLevel level, std::string_view component,
                            std::string_view message);

// At most one line per key in ten seconds. Not safe from several threads: log.cc holds a lock.
// Bounds: kKeys keys; further ones share one slot.
class LogLimiter {
 public:
  static constexpr std::size_t kKeys = 1'024;
  static constexpr Seconds kPeriod{10};

  // Empty = hold this line back. Otherwise how many lines of this key were held back since the last
  // one.
  std::optional<std::uint64_t> admit(std::string_view key, Ticks now);

 private:
  struct Slot {
    Ticks last;
    std::uint64_t held_back = 0;
  };
  std::map<std::string, Slot, std::less<>> slots_;
};

}  // namespace brink
