// The error log: one safe line per event, and not too many of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/runtime/error.h"
#include "config/runtime/log.h"
#include "config/runtime/log_format.h"
#include "config/runtime/random.h"

namespace brink {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(RuntimeLog, EscapesWhatATerminalWouldObey) {
  const std::pair<std::string_view, std::string_view> kRows[] = {
      {"plain text", "plain text"},
      {"line\nline\r\ttab", "line\\nline\\r\\ttab"},
      {"\x1b[31mred", "\\x1b[31mred"},
      {std::string_view("nul\0", 4), "nul\\x00"},
      {"del\x7f", "del\\x7f"},
      {"back\\slash", "back\\\\slash"},
      {"Zürich 日本 😀", "Zürich 日本 😀"},
      {"c1 \xc2\x9b", "c1 \\xc2\\x9b"},
      {"broken \xff\xc3", "broken \\xff\\xc3"},
      {"overlong \xc0\x8a", "overlong \\xc0\\x8a"},
  };
  for (const auto& [text, escaped] : kRows)
    EXPECT_EQ(escape_log_text(text), escaped);
}

TEST(RuntimeLog, LinesSayWhenHowBadAndWho) {
  const TimePoint now{Millis{1'764'000'000'123}};
  EXPECT_EQ(format_log_line(now, LogLevel::Warning, "origin", "server 10.0.0.5:80 ejected"),
            "2025-11-24T16:00:00.123Z warning origin: server 10.0.0.5:80 ejected");
  EXPECT_EQ(format_log_line(TimePoint{}, LogLevel::Error, "a\nb", "x\ny"),
            "1970-01-01T00:00:00.000Z error a\\nb: x\\ny");
}

TEST(RuntimeLog, LongMessagesAreCut) {
  const std::string line =
      format_log_line(TimePoint{}, LogLevel::Info, "x", std::string(kLogMessageBytes + 5, 'a'));
  EXPECT_THAT(line, HasSubstr("a … (5 bytes more)"));
  EXPECT_LT(line.size(), kLogMessageBytes + 100);
}

TEST(RuntimeLog, LimiterCountsWhatItHoldsBack) {
  LogLimiter limiter;
  const Ticks start{};
  EXPECT_EQ(limiter.admit("a", start), 0U);
  EXPECT_EQ(limiter.admit("a", start + Seconds{1}), std::nullopt);
  EXPECT_EQ(limiter.admit("b", start + Seconds{1}), 0U);
  EXPECT_EQ(limiter.admit("a", start + Millis{9'999}), std::nullopt);
  EXPECT_EQ(limiter.admit("a", start + Seconds{10}), 2U);
  EXPECT_EQ(limiter.admit("a", start + Seconds{11}), std::nullopt);
  EXPECT_EQ(limiter.admit("a", start + Seconds{30}), 1U);
}

TEST(RuntimeLog, LimiterIsBounded) {
  LogLimiter limiter;
  std::size_t admitted = 0;
  for (std::size_t i = 0; i < 3 * LogLimiter::kKeys; ++i) {
    if (limiter.admit(std::to_string(i), Ticks{})) ++admitted;
  }
  EXPECT_EQ(admitted, LogLimiter::kKeys);
}

TEST(RuntimeLog, WritesToStandardErrorFromItsLevelUp) {
  const std::string key =
      std::to_string(secure_random());  // not held back when the test is repeated
  ::testing::internal::CaptureStderr();
  log(LogLevel::Debug, "config", "not shown");
  log(LogLevel::Info, "config", "shown\n");
  set_log_level(LogLevel::Error);
  log(LogLevel::Warning, "config", "not shown either");
  set_log_level(LogLevel::Info);
  log_limited(LogLevel::Warning, key, "config", "once");
  log_limited(LogLevel::Warning, key, "config", "twice");
  EXPECT_THAT(
      ::testing::internal::GetCapturedStderr(),
      MatchesRegex("[0-9T:.-]+Z info config: shown\\\\n\n[0-9T:.-]+Z warning config: once\n"));
}

TEST(RuntimeError, WordsAreStable) {
  EXPECT_EQ(to_string(ErrorCode::ConnectionRefused), "connection_refused");
  EXPECT_EQ(to_string(ErrorCode::LoopDetected), "proxy_loop_detected");
  EXPECT_EQ(to_string(Side::Upstream), "upstream");
  for (int code = 0; code <= static_cast<int>(ErrorCode::Invalid); ++code) {
    EXPECT_NE(to_string(static_cast<ErrorCode>(code)), "unknown") << code;
  }
}

TEST(RuntimeError, ValueOfAnErrorSaysWhich) {
  const Result<int> result =
      Error{ErrorCode::DnsError, Side::Upstream, Retry::Safe, "no such name"};
  try {
    (void)result.value();
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("upstream dns_error (no such name)"));
  }
}

TEST(RuntimeErrorDeathTest, CheckNamesTheCondition) {
  EXPECT_DEATH(CHECK(1 == 2), "CHECK failed: 1 == 2");
}

TEST(RuntimeRandom, SeededIsRepeatableSecureIsNot) {
  Random a(7);
  Random b(7);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(a.next(), b.next());
  EXPECT_LT(a.below(10), 10U);
  EXPECT_NE(secure_random(), secure_random());
}

}  // namespace
}  // namespace brink
