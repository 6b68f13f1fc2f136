#include "config/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

#include "config/runtime/fields.h"

namespace brink::config {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: writing takes the first that divides.
constexpr std::array<Unit, 9> kSizes = {{
    {"TiB", 1ULL << 40U},
    {"TB", 1'000'000'000'000},
    {"GiB", 1ULL << 30U},
    {"GB", 1'000'000'000},
    {"MiB", 1ULL << 20U},
    {"MB", 1'000'000},
    {"KiB", 1ULL << 10U},
    {"KB", 1'000},
    {"kB", 1'000},
}};

constexpr std::array<Unit, 5> kDurations = {{
    {"d", 86'400'000},
    {"h", 3'600'000},
    {"m", 60'000},
    {"s", 1'000},
    {"ms", 1},
}};

constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "256MiB" → "256" and "MiB".
std::pair<std::string_view, std::string_view> split_number(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits]))
    ++digits;
  return {text.substr(0, digits), text.substr(digits)};
}

template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text,
                                             const std::array<Unit, N>& units) {
  const auto [digits, unit_name] = split_number(text);
  const auto count = parse_count(digits);
  if (!count) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name != unit_name) continue;
    if (*count > kLargest / unit.factor) return std::nullopt;
    return *count * unit.factor;
  }
  return std::nullopt;
}

std::string lower_without_spaces(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c != ' ' && c != '_') out += ascii_lower(c);
  }
  return out;
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0') || !is_digit(text.front())) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > kLargest) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> parse_ratio(std::string_view text) {
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return std::nullopt;
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (const auto bytes = parse_count(text)) return bytes;
  if (text.size() > 1 && text.back() == 'B' && is_digit(text[text.size() - 2])) {
    return parse_count(text.substr(0, text.size() - 1));
  }
  return parse_with_unit(text, kSizes);
}

std::optional<Millis> parse_duration(std::string_view text) {
  if (text == "0") return Millis{0};
  const auto ms = parse_with_unit(text, kDurations);
  if (!ms) return std::nullopt;
  return Millis{static_cast<std::int64_t>(*ms)};
}

std::string write_size(std::uint64_t bytes) {
  for (const Unit& unit : kSizes) {
    if (bytes >= unit.factor && bytes % unit.factor == 0) {
      return fmt::format("{}{}", bytes / unit.factor, unit.name);
    }
  }
  return std::to_string(bytes);
}

std::string write_duration(Millis duration) {
  const auto ms = static_cast<std::uint64_t>(duration.count());
  if (ms == 0) return "0";
  // 90000 is 90s rather than 1.5m, 86400000 is 1d, 172800000 is 2d.
  for (const Unit& unit : kDurations) {
    if (ms >= unit.factor && ms % unit.factor == 0) {
      return fmt::format("{}{}", ms / unit.factor, unit.name);
    }
  }
  return fmt::format("{}ms", ms);
}

std::string write_ratio(double ratio) {
  return fmt::format("{:g}", ratio);
}

std::string likely_size(std::string_view text) {
  const std::string plain = lower_without_spaces(text);
  const auto [digits, unit] = split_number(plain);
  if (!parse_count(digits) || unit.empty()) return {};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kMeant = {{
      {"k", "KiB"},
      {"kb", "KB"},
      {"kib", "KiB"},
      {"m", "MiB"},
      {"mb", "MB"},
      {"mib", "MiB"},
      {"g", "GiB"},
      {"gb", "GB"},
      {"gib", "GiB"},
      {"t", "TiB"},
      {"tb", "TB"},
      {"tib", "TiB"},
  }};
  for (const auto& [written, meant] : kMeant) {
    if (unit == written) return fmt::format("{}{}", digits, meant);
  }
  return {};
}

std::string likely_duration(std::string_view text) {
  const std::string plain = lower_without_spaces(text);
  const auto [digits, unit] = split_number(plain);
  if (!parse_count(digits)) return {};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kMeant = {{
      {"", "s"},
      {"sec", "s"},
      {"secs", "s"},
      {"second", "s"},
      {"seconds", "s"},
      {"s", "s"},
      {"min", "m"},
      {"mins", "m"},
      {"minute", "m"},
      {"minutes", "m"},
      {"m", "m"},
      {"hour", "h"},
      {"hours", "h"},
      {"h", "h"},
      {"days", "d"},
      {"d", "d"},
  }};
  for (const auto& [written, meant] : kMeant) {
    if (unit == written) return fmt::format("{}{}", digits, meant);
  }
  if (unit == "msec" || unit == "millis") return fmt::format("{}ms", digits);
  return {};
}

}  // namespace brink::config
