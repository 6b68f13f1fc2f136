#pragma once
// Sizes, durations and numbers as people write them in a configuration, and back.
//
// Reading is strict: no sign, no white space, no exponent, no rounding. Every function is pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"

namespace brink::config {

// "1024", "64KiB", "256MiB", "20GB", "1TiB" (KiB = 1024 bytes, kB or KB = 1000). Empty: not a size,
// or beyond 2^63.
std::optional<std::uint64_t> parse_size(std::string_view text);

// "250ms", "30s", "5m", "1h", "1d", and "0" without a unit. Empty: not a duration, or beyond 2^63
// ms.
std::optional<Millis> parse_duration(std::string_view text);

// Decimal digits without a leading zero. Empty: anything else, or beyond 2^63.
std::optional<std::uint64_t> parse_count(std::string_view text);

// "1", "0.25". Empty: anything else.
std::optional<double> parse_ratio(std::string_view text);

// The shortest exact form: 268435456 → "256MiB", 20000000000 → "20GB", 1500 → "1500".
std::string write_size(std::uint64_t bytes);
std::string write_duration(Millis duration);  // 90000 → "90s", 0 → "0"
std::string write_ratio(double ratio);        // 1.25 → "1.25"

// What the writer of `text` probably meant: "256M" → "256MiB", "30" → "30s", "90 s" → "90s". Empty:
// no idea.
std::string likely_size(std::string_view text);
std::string likely_duration(std::string_view text);

}  // namespace brink::config
