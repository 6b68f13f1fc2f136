// RFC 9110 §5.6.7, as HTTP-BEHAVIOUR's "RFC 9111 §5.3" line draws the borders.
#include "cache_support.h"
#include "edge/cache/http_date.h"

namespace brink::edge::cache {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;
using test::kNow;

TimePoint at(int y, unsigned m, unsigned d, int hour, int minute, int second) {
  return sys_days{year{y} / static_cast<int>(m) / static_cast<int>(d)} + std::chrono::hours{hour} +
         std::chrono::minutes{minute} + Seconds{second};
}

struct Valid {
  std::string_view text;
  TimePoint time;
};

TEST(HttpDate, AcceptsTheThreeFormats) {
  const Valid rows[] = {
      {"Sun, 06 Nov 1994 08:49:37 GMT", at(1994, 11, 6, 8, 49, 37)},
      {"Sunday, 06-Nov-94 08:49:37 GMT", at(1994, 11, 6, 8, 49, 37)},
      {"Sun Nov  6 08:49:37 1994", at(1994, 11, 6, 8, 49, 37)},
      {"Sun Nov 16 08:49:37 1994", at(1994, 11, 16, 8, 49, 37)},
      {"Sun Nov 06 08:49:37 1994", at(1994, 11, 6, 8, 49, 37)},
      // any letter case
      {"sun, 06 nov 1994 08:49:37 gmt", at(1994, 11, 6, 8, 49, 37)},
      {"SUNDAY, 06-NOV-94 08:49:37 GMT", at(1994, 11, 6, 8, 49, 37)},
      {"sUN nOV  6 08:49:37 1994", at(1994, 11, 6, 8, 49, 37)},
      // borders of the calendar
      {"Thu, 01 Jan 1970 00:00:00 GMT", at(1970, 1, 1, 0, 0, 0)},
      {"Thu, 29 Feb 2024 23:59:59 GMT", at(2024, 2, 29, 23, 59, 59)},
      {"Fri, 31 Dec 9999 23:59:59 GMT", at(9999, 12, 31, 23, 59, 59)},
      {"Mon, 01 Jan 0001 00:00:00 GMT", at(1, 1, 1, 0, 0, 0)},
      // a leap second
      {"Sat, 31 Dec 2016 23:59:60 GMT", at(2017, 1, 1, 0, 0, 0)},
      // the weekday is not compared with the date
      {"Mon, 06 Nov 1994 08:49:37 GMT", at(1994, 11, 6, 8, 49, 37)},
      // two digits: not more than 50 years ahead of 2026
      {"Thursday, 18-Aug-50 02:01:18 GMT", at(2050, 8, 18, 2, 1, 18)},
      {"Friday, 18-Aug-76 02:01:18 GMT", at(2076, 8, 18, 2, 1, 18)},
      {"Thursday, 18-Aug-77 02:01:18 GMT", at(1977, 8, 18, 2, 1, 18)},
      {"Wednesday, 18-Aug-99 02:01:18 GMT", at(1999, 8, 18, 2, 1, 18)},
      {"Friday, 18-Aug-00 02:01:18 GMT", at(2000, 8, 18, 2, 1, 18)},
      {"Tuesday, 29-Feb-00 02:01:18 GMT", at(2000, 2, 29, 2, 1, 18)},
  };
  for (const Valid& row : rows) {
    const auto time = parse_http_date(row.text, kNow);
    ASSERT_TRUE(time.has_value()) << row.text;
    EXPECT_EQ(*time, row.time) << row.text;
  }
}

TEST(HttpDate, RefusesEverythingElse) {
  const std::string_view rows[] = {
      "",
      "0",
      "-1",
      "Sun",
      // zones
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 AEST",
      "Sun, 06 Nov 1994 08:49:37 EST",
      "Sun, 06 Nov 1994 08:49:37 +0000",
      "Sun, 06 Nov 1994 08:49:37",
      "Sunday, 06-Nov-94 08:49:37 UTC",
      // years
      "Sun, 06 Nov 94 08:49:37 GMT",
      "Sun, 06 Nov 19940 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT",
      "Sun, 06-Nov-1994 08:49:37 GMT",
      // punctuation and spaces
      "Sun 06 Nov 1994 08:49:37 GMT",
      "Sun,06 Nov 1994 08:49:37 GMT",
      "Sun,  06 Nov 1994 08:49:37 GMT",
      "Sun, 06  Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov  1994 08:49:37 GMT",
      "Sun, 06 Nov 1994  08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37  GMT",
      " Sun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      "Sun, 06-Nov-94 08:49:37 GMT",
      "Sun, 06 Nov 1994 08.49.37 GMT",
      "Sun, 06 Nov 1994 08-49-37 GMT",
      "Sunday, 06 Nov 94 08:49:37 GMT",
      "Sun Nov 6 08:49:37 1994",
      "Sun Nov   6 08:49:37 1994",
      "Sun Nov  6 08:49:37 1994 GMT",
      // digits
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 8:49:37 GMT",
      "Sun, 06 Nov 1994 08:49 GMT",
      "Sun, 06 Nov 1994 08:49:3a GMT",
      "Sun, +6 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov -994 08:49:37 GMT",
      // impossible
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 31 Nov 1994 08:49:37 GMT",
      "Sun, 29 Feb 2023 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      // names
      "Son, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Okt 1994 08:49:37 GMT",
      "Sund, 06-Nov-94 08:49:37 GMT",
      "Sunday, 06-November-94 08:49:37 GMT",
  };
  for (const std::string_view row : rows)
    EXPECT_FALSE(parse_http_date(row, kNow)) << row;
}

TEST(HttpDate, TwoDigitYearsFollowTheClock) {
  // §5.6.7: "50 years in the future" is counted from now, whenever that is.
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-10 08:49:37 GMT", at(2080, 1, 1, 0, 0, 0)),
            at(2110, 11, 6, 8, 49, 37));
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", at(1996, 1, 1, 0, 0, 0)),
            at(1994, 11, 6, 8, 49, 37));
}

TEST(HttpDate, FormatsWhatItParses) {
  EXPECT_EQ(test::date_text(at(1994, 11, 6, 8, 49, 37)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(test::date_text(at(2024, 2, 29, 0, 0, 0) + Millis{999}),
            "Thu, 29 Feb 2024 00:00:00 GMT");
  EXPECT_EQ(test::date_text(TimePoint{Millis{-1}}), "Wed, 31 Dec 1969 23:59:59 GMT");
  for (TimePoint time = at(1900, 1, 1, 1, 2, 3); time < at(2200, 1, 1, 0, 0, 0); time += days{13}) {
    EXPECT_EQ(parse_http_date(test::date_text(time), kNow), time);
  }
}

TEST(HttpDate, ClampsWhatFourDigitsCannotSay) {
  EXPECT_EQ(test::date_text(TimePoint::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(test::date_text(TimePoint::min()).substr(4), " 01 Jan 0000 00:00:00 GMT");
}

}  // namespace
}  // namespace brink::edge::cache
