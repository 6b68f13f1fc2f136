#include "edge/cache/http_date.h"

#include <chrono>
#include <cstdint>

#include "config/runtime/fields.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// As C++ counts them: Sunday is 0.
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::size_t kAsctimeLength = 24;
constexpr int kYearsAhead = 50;  // RFC 9110 §5.6.7: further ahead means the past century

template <std::size_t N>
int index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (iequals(names[i], name)) return static_cast<int>(i);
  }
  return -1;
}

// Exactly `text.size()` digits, or -1.
int number(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "08:49:37" as a duration since midnight; 60 seconds only for a leap second.
std::optional<Seconds> time_of_day(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const int hour = number(text.substr(0, 2));
  const int minute = number(text.substr(3, 2));
  const int second = number(text.substr(6, 2));
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  return Seconds{hour * 3600 + minute * 60 + second};
}

std::optional<TimePoint> assemble(int year, int month, int day, std::string_view time) {
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month + 1)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  const auto since_midnight = time_of_day(time);
  if (!date.ok() || !since_midnight) return std::nullopt;
  return TimePoint{sys_days{date}} + *since_midnight;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<TimePoint> parse_imf_fixdate(std::string_view s) {
  if (s.size() != kHttpDateLength || s[3] != ',' || s[4] != ' ' || s[7] != ' ' || s[11] != ' ' ||
      s[16] != ' ' || !iequals(s.substr(25), " GMT") || index_of(kDays, s.substr(0, 3)) < 0) {
    return std::nullopt;
  }
  return assemble(number(s.substr(12, 4)), index_of(kMonths, s.substr(8, 3)),
                  number(s.substr(5, 2)), s.substr(17, 8));
}

// "Sun Nov  6 08:49:37 1994"
std::optional<TimePoint> parse_asctime(std::string_view s) {
  if (s.size() != kAsctimeLength || s[3] != ' ' || s[7] != ' ' || s[10] != ' ' || s[19] != ' ' ||
      index_of(kDays, s.substr(0, 3)) < 0) {
    return std::nullopt;
  }
  const std::string_view day = s[8] == ' ' ? s.substr(9, 1) : s.substr(8, 2);
  return assemble(number(s.substr(20, 4)), index_of(kMonths, s.substr(4, 3)), number(day),
                  s.substr(11, 8));
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<TimePoint> parse_rfc850(std::string_view s, TimePoint now) {
  constexpr std::size_t kAfterDay = std::string_view{", 06-Nov-94 08:49:37 GMT"}.size();
  if (s.size() <= kAfterDay) return std::nullopt;
  if (index_of(kLongDays, s.substr(0, s.size() - kAfterDay)) < 0) return std::nullopt;
  s.remove_prefix(s.size() - kAfterDay);
  if (s[0] != ',' || s[1] != ' ' || s[4] != '-' || s[8] != '-' || s[11] != ' ' ||
      !iequals(s.substr(20), " GMT")) {
    return std::nullopt;
  }
  const int two_digits = number(s.substr(9, 2));
  if (two_digits < 0) return std::nullopt;
  // The latest year with these digits that is not more than 50 years ahead.
  const std::chrono::year_month_day today{floor<days>(now)};
  int year = static_cast<int>(today.year()) / 100 * 100 + 100 + two_digits;
  const TimePoint limit{sys_days{(today.year() + std::chrono::years{kYearsAhead}) / today.month() /
                                 std::chrono::last}};
  for (int century = 0; century < 3; ++century, year -= 100) {
    const auto time =
        assemble(year, index_of(kMonths, s.substr(5, 3)), number(s.substr(2, 2)), s.substr(12, 8));
    // 29 February may exist in one century only: an impossible day goes on to the next.
    if (time && *time <= limit) return time;
  }
  return std::nullopt;
}

char* put(char* at, std::string_view text) {
  for (const char c : text)
    *at++ = c;
  return at;
}

char* put_two(char* at, unsigned value) {
  *at++ = static_cast<char>('0' + value / 10 % 10);
  *at++ = static_cast<char>('0' + value % 10);
  return at;
}

}  // namespace

std::optional<TimePoint> parse_http_date(std::string_view text, TimePoint now) {
  if (text.size() < kAsctimeLength) return std::nullopt;
  if (text[3] == ',') return parse_imf_fixdate(text);
  if (text[3] == ' ') return parse_asctime(text);
  return parse_rfc850(text, now);
}

std::array<char, kHttpDateLength> format_http_date(TimePoint time) {
  // What four digits can say; a clock beyond that is broken, its date is not our worst problem.
  constexpr TimePoint kFirst{sys_days{std::chrono::year{0} / 1 / 1}};
  constexpr TimePoint kLast{sys_days{std::chrono::year{9999} / 12 / 31} + Seconds{86'399}};
  const auto whole = floor<Seconds>(std::clamp(time, kFirst, kLast));
  const auto midnight = floor<days>(whole);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{whole - midnight};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));

  std::array<char, kHttpDateLength> out{};
  char* at = put(out.data(), kDays[std::chrono::weekday{midnight}.c_encoding()]);
  at = put_two(put(at, ", "), static_cast<unsigned>(date.day()));
  *at++ = ' ';
  at = put(at, kMonths[static_cast<unsigned>(date.month()) - 1]);
  *at++ = ' ';
  at = put_two(put_two(at, year / 100), year % 100);
  *at++ = ' ';
  at = put_two(at, static_cast<unsigned>(clock.hours().count()));
  at = put_two(put(at, ":"), static_cast<unsigned>(clock.minutes().count()));
  at = put_two(put(at, ":"), static_cast<unsigned>(clock.seconds().count()));
  put(at, " GMT");
  return out;
}

}  // namespace brink::edge::cache
