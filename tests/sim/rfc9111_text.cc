#include "tests/sim/rfc9111_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <set>

namespace brink::sim::rfc9111 {
namespace {

constexpr Seconds64 kLargest = 2147483648;  // RFC 9111 §1.2.2
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<const char*, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                              "Thursday", "Friday", "Saturday"};

std::vector<std::string> split(const std::string& list, bool backslash_escapes) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == ',' && !quoted) {
      out.emplace_back();
      continue;
    }
    if (list[i] == '"') quoted = !quoted;
    out.back() += list[i];
    if (quoted && backslash_escapes && list[i] == '\\' && i + 1 < list.size()) {
      out.back() += list[++i];
    }
  }
  for (std::string& member : out)
    member = trim(member);
  std::erase(out, "");
  return out;
}

// Does a text look like `shape`, letter case aside? There 9 is a digit, _ a digit or a space, a a
// letter; all else is itself.
bool looks_like(const std::string& original, const std::string& shape) {
  if (original.size() != shape.size()) return false;
  const std::string text = lower(original);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    const bool letter = text[i] >= 'a' && text[i] <= 'z';
    const bool fits = shape[i] == '9'   ? digit
                      : shape[i] == '_' ? digit || text[i] == ' '
                      : shape[i] == 'a' ? letter
                                        : text[i] == shape[i];
    if (!fits) return false;
  }
  return true;
}

int month_of(const std::string& name) {
  for (int i = 0; i < 12; ++i) {
    if (same_name(kMonths[static_cast<std::size_t>(i)], name)) return i + 1;
  }
  return 0;
}

// `length`: of the day's name, 0 = all of it.
bool is_day(const std::string& name, std::size_t length) {
  return std::any_of(kDays.begin(), kDays.end(), [&](const std::string& day) {
    return same_name(length == 0 ? day : day.substr(0, length), name);
  });
}

std::optional<Seconds64> at(int year, int month, int day, const std::string& time) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year},
                            std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  const int h = std::stoi(time.substr(0, 2));
  const int m = std::stoi(time.substr(3, 2));
  const int s = std::stoi(time.substr(6, 2));
  if (!date.ok() || h > 23 || m > 59 || s > 60) return std::nullopt;
  return sys_days{date}.time_since_epoch().count() * 86400LL + h * 3600 + m * 60 + s;
}

// "a timestamp that appears to be more than 50 years in the future" is in the past (RFC 9110
// §5.6.7).
std::optional<Seconds64> rfc850(const std::string& rest, Seconds64 now) {
  const int digits = std::stoi(rest.substr(9, 2));
  for (const int century : {2000, 1900}) {
    const auto time = at(century + digits, month_of(rest.substr(5, 3)),
                         std::stoi(rest.substr(2, 2)), rest.substr(12, 8));
    if (time && *time <= now + 50LL * 366 * 86400) return time;
  }
  return std::nullopt;
}

}  // namespace

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string trim(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool same_name(const std::string& a, const std::string& b) {
  return lower(a) == lower(b);
}

std::vector<std::string> values(const Lines& fields, const std::string& name) {
  std::vector<std::string> out;
  for (const auto& [n, v] : fields) {
    if (same_name(n, name)) out.push_back(trim(v));
  }
  return out;
}

bool has(const Lines& fields, const std::string& name) {
  return !values(fields, name).empty();
}

std::optional<std::string> only_value(const Lines& fields, const std::string& name) {
  const auto all = values(fields, name);
  if (all.size() != 1 || all[0].empty()) return std::nullopt;
  return all[0];
}

std::string joined(const Lines& fields, const std::string& name) {
  std::string out;
  for (const std::string& value : values(fields, name))
    out += (out.empty() ? "" : ", ") + value;
  return out;
}

void remove_field(Lines& fields, const std::string& name) {
  std::erase_if(fields, [&](const Line& line) { return same_name(line.first, name); });
}

Lines end_to_end(const Lines& fields) {
  std::set<std::string> leave = {"connection",
                                 "keep-alive",
                                 "proxy-authenticate",
                                 "proxy-authentication-info",
                                 "proxy-authorization",
                                 "te",
                                 "proxy-connection",
                                 "transfer-encoding",
                                 "upgrade"};
  for (const std::string& option : members(joined(fields, "Connection")))
    leave.insert(lower(option));
  leave.erase("cache-control");
  leave.erase("vary");
  Lines out;
  for (const auto& line : fields) {
    if (!leave.contains(lower(line.first))) out.push_back(line);
  }
  return out;
}

std::vector<std::string> members(const std::string& list) {
  return split(list, true);
}
std::vector<std::string> entity_tags(const std::string& list) {
  return split(list, false);
}

std::optional<Seconds64> delta_seconds(const std::string& digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return 0;
  if (digits.size() - first > 10) return kLargest;
  return std::min<Seconds64>(std::stoll(digits.substr(first)), kLargest);
}

std::optional<Seconds64> http_date(const std::string& text, Seconds64 now) {
  if (looks_like(text, "aaa, 99 aaa 9999 99:99:99 gmt") && is_day(text.substr(0, 3), 3)) {
    return at(std::stoi(text.substr(12, 4)), month_of(text.substr(8, 3)),
              std::stoi(text.substr(5, 2)), text.substr(17, 8));
  }
  if (looks_like(text, "aaa aaa _9 99:99:99 9999") && is_day(text.substr(0, 3), 3)) {
    return at(std::stoi(text.substr(20, 4)), month_of(text.substr(4, 3)),
              std::stoi(text.substr(8, 2)), text.substr(11, 8));
  }
  const std::size_t comma = text.find(',');
  if (comma != std::string::npos && is_day(text.substr(0, comma), 0) &&
      looks_like(text.substr(comma), ", 99-aaa-99 99:99:99 gmt")) {
    return rfc850(text.substr(comma), now);
  }
  return std::nullopt;
}

std::string same_origin_target(const std::string& reference, const std::string& target) {
  std::string rest = reference.substr(0, reference.find('#'));
  const bool absolute = lower(rest).starts_with("http://");
  if (!absolute && rest.find(':') < rest.find('/')) return "";  // another scheme
  if (absolute) rest.erase(0, 5);
  if (rest.starts_with("//")) {
    const std::size_t slash = rest.find('/', 2);
    const std::string host = lower(rest.substr(2, slash == std::string::npos ? slash : slash - 2));
    if (host != "sim.test" && host != "sim.test:80") return "";
    return slash == std::string::npos ? "/" : rest.substr(slash);
  }
  const std::string path = target.substr(0, target.find('?'));
  if (rest.empty()) return target;
  if (rest.starts_with("?")) return path + rest;
  if (rest.starts_with("./")) rest.erase(0, 2);
  return rest.starts_with("/") ? rest : path.substr(0, path.rfind('/') + 1) + rest;
}

std::string write_date(Seconds64 time, DateForm form) {
  using namespace std::chrono;
  const sys_seconds point{seconds{time}};
  const auto midnight = floor<days>(point);
  const year_month_day date{midnight};
  const hh_mm_ss clock{point - midnight};
  const std::string day = kDays[weekday{midnight}.c_encoding()];
  const char* month = kMonths[static_cast<unsigned>(date.month()) - 1];
  const int year = static_cast<int>(date.year());
  const auto number = static_cast<unsigned>(date.day());
  std::array<char, 32> of_day{};
  std::snprintf(of_day.data(), of_day.size(), "%02d:%02d:%02d",
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::array<char, 64> out{};
  if (form == DateForm::Rfc850) {
    std::snprintf(out.data(), out.size(), "%s, %02u-%s-%02d %s GMT", day.c_str(), number, month,
                  year % 100, of_day.data());
  } else if (form == DateForm::Asctime) {
    std::snprintf(out.data(), out.size(), "%.3s %s %2u %s %04d", day.c_str(), month, number,
                  of_day.data(), year);
  } else {
    std::snprintf(out.data(), out.size(), "%.3s, %02u %s %04d %s GMT", day.c_str(), number, month,
                  year, of_day.data());
  }
  return out.data();
}

}  // namespace brink::sim::rfc9111
