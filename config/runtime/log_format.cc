#include "config/runtime/log_format.h"

#include <fmt/format.h>

namespace brink {

namespace {

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warning:
      return "warning";
    case LogLevel::Error:
      return "error";
  }
  return "error";
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\\':
      out += "\\\\";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

// Length of the well-formed, printable UTF-8 sequence that begins at `i`; 0 = none there. Overlong
// forms and surrogates pass: they cannot hide a control character from a terminal that rejects
// them.
std::size_t printable_sequence(std::string_view text, std::size_t i) {
  const auto lead = static_cast<unsigned char>(text[i]);
  std::size_t length = 0;
  if (lead >= 0x20 && lead < 0x7F) return 1;
  if (lead >= 0xC2 && lead < 0xE0) length = 2;
  if (lead >= 0xE0 && lead < 0xF0) length = 3;
  if (lead >= 0xF0 && lead < 0xF5) length = 4;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if (!is_continuation(text[i + k])) return 0;
  }
  const bool is_c1_control = lead == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
  return is_c1_control ? 0 : length;
}

std::string escape_log_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = text[i] == '\\' ? 0 : printable_sequence(text, i);
    if (length == 0) {
      append_escaped(out, text[i]);
      ++i;
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  return out;
}

std::string format_log_line(TimePoint now, LogLevel level, std::string_view component,
                            std::string_view message) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{now - day};
  const std::size_t cut = message.size() > kLogMessageBytes ? message.size() - kLogMessageBytes : 0;
  std::string line = fmt::format(
      "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z {} {}: {}", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
      time.minutes().count(), time.seconds().count(), time.subseconds().count(), level_name(level),
      escape_log_text(component), escape_log_text(message.substr(0, message.size() - cut)));
  if (cut > 0) line += fmt::format(" … ({} bytes more)", cut);
  return line;
}

std::optional<std::uint64_t> LogLimiter::admit(std::string_view key, Ticks now) {
  auto it = slots_.find(key);
  if (it == slots_.end() && slots_.size() >= kKeys) it = slots_.find("");
  if (it == slots_.end()) {
    const bool is_last_slot = slots_.size() + 1 >= kKeys;
    slots_.emplace(is_last_slot ? std::string() : std::string(key), Slot{.last = now});
    return 0;
  }
  Slot& slot = it->second;
  if (now - slot.last < kPeriod) {
    ++slot.held_back;
    return std::nullopt;
  }
  const std::uint64_t held_back = slot.held_back;
  slot = Slot{.last = now};
  return held_back;
}

}  // namespace brink
