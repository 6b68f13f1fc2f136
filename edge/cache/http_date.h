#pragma once
// HTTP dates (RFC 9110 §5.6.7): IMF-fixdate, RFC 850 with a two-digit year, asctime; any letter
// case.

#include <array>
#include <optional>
#include <string_view>

#include "config/runtime/clock.h"

namespace brink::edge::cache {

// Empty when invalid. `now` resolves two-digit years (more than 50 years ahead means the past).
// Invalid are: zones other than GMT, a two-digit year in IMF form, a missing comma, several spaces,
// dashes or periods where they do not belong, a one-digit hour, impossible days.
std::optional<TimePoint> parse_http_date(std::string_view text, TimePoint now);

inline constexpr std::size_t kHttpDateLength = 29;
// "Sun, 06 Nov 1994 08:49:37 GMT"; no allocation.
std::array<char, kHttpDateLength> format_http_date(TimePoint time);

}  // namespace brink::edge::cache
