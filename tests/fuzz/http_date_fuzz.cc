// HTTP dates (RFC 9110 §5.6.7): what is accepted means one instant, however it is written.
#include <cctype>

#include "edge/cache/http_date.h"
#include "fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brink;
  using edge::cache::format_http_date;
  using edge::cache::parse_http_date;
  // Some clock between 1970 and about 2106, from the length: two-digit years depend on it.
  const TimePoint now{Seconds{static_cast<std::int64_t>(size) * 104'729'000 % 4'294'967'296}};
  const std::string_view text = fuzz::as_text(data, size);
  const auto time = parse_http_date(text, now);
  CHECK(parse_http_date(fuzz::upper(text), now) == time);
  if (!time) return 0;
  CHECK(text.size() >= 24 && text.size() <= 33);
  const auto canonical = format_http_date(*time);
  const std::string_view written{canonical.data(), canonical.size()};
  // A leap second at the end of the year 9999 is the one instant that four digits cannot say.
  const bool sayable = *time < TimePoint{Seconds{253'402'300'800}};
  if (sayable) CHECK(parse_http_date(written, now) == time);
  // Two digits never mean more than about 50 years ahead.
  const bool two_digits = text.size() > 6 && text.find("day,") != std::string_view::npos;
  if (two_digits) CHECK(*time <= now + std::chrono::days{51 * 366});
  return 0;
}
