// Sizes, durations and numbers as people write them.

#include <gtest/gtest.h>

#include "config/suggest.h"
#include "config/units.h"

namespace brink::config {
namespace {

constexpr std::uint64_t kBad = ~0ULL;

TEST(ConfigUnits, SizesAreReadExactlyOrNotAtAll) {
  const std::pair<std::string_view, std::uint64_t> kRows[] = {
      {"0", 0},
      {"1", 1},
      {"1024", 1024},
      {"12B", 12},
      {"1KiB", 1024},
      {"1KB", 1000},
      {"1kB", 1000},
      {"256MiB", 256ULL << 20U},
      {"20GB", 20'000'000'000},
      {"20GiB", 20ULL << 30U},
      {"1TB", 1'000'000'000'000},
      {"16TiB", 16ULL << 40U},
      {"9223372036854775807", 9'223'372'036'854'775'807},
      {"9223372036854775808", kBad},  // 2^63
      {"99999999999999999999", kBad},
      {"99999999TiB", kBad},
      {"", kBad},
      {"B", kBad},
      {"MiB", kBad},
      {"256M", kBad},
      {"256 MiB", kBad},
      {"256mib", kBad},
      {"-1", kBad},
      {"+1", kBad},
      {"1.5GiB", kBad},
      {"0x10", kBad},
      {"010", kBad},
      {"1e3", kBad},
      {"1KiBB", kBad},
      {"1\n", kBad},
  };
  for (const auto& [text, expected] : kRows) {
    EXPECT_EQ(parse_size(text).value_or(kBad), expected) << text;
  }
}

TEST(ConfigUnits, DurationsNeedAUnit) {
  const std::pair<std::string_view, std::int64_t> kRows[] = {
      {"0", 0},           {"0s", 0},
      {"250ms", 250},     {"30s", 30'000},
      {"5m", 300'000},    {"1h", 3'600'000},
      {"1d", 86'400'000}, {"365d", 31'536'000'000},
      {"30", -1},         {"", -1},
      {"s", -1},          {"1.5s", -1},
      {"-1s", -1},        {"1 s", -1},
      {"1h30m", -1},      {"1w", -1},
      {"1S", -1},         {"106751991168d", -1},
  };
  for (const auto& [text, expected] : kRows) {
    EXPECT_EQ(parse_duration(text).value_or(Millis{-1}).count(), expected) << text;
  }
}

TEST(ConfigUnits, RatiosAreDecimal) {
  const std::pair<std::string_view, double> kRows[] = {
      {"0", 0},    {"1", 1},    {"1.25", 1.25}, {"0.5", 0.5}, {".5", -1},
      {"5.", -1},  {"nan", -1}, {"inf", -1},    {"1e3", -1},  {"-1", -1},
      {"0x1", -1}, {"", -1},    {"1,5", -1},    {"1.2.3", -1}};
  for (const auto& [text, expected] : kRows) {
    EXPECT_EQ(parse_ratio(text).value_or(-1), expected) << text;
  }
}

TEST(ConfigUnits, WritesTheShortestExactForm) {
  const std::pair<std::uint64_t, std::string_view> kSizes[] = {
      {0, "0"},       {1, "1"},          {1000, "1KB"},           {1024, "1KiB"},
      {1500, "1500"}, {20'480, "20KiB"}, {268'435'456, "256MiB"}, {20'000'000'000, "20GB"}};
  for (const auto& [bytes, text] : kSizes) {
    EXPECT_EQ(write_size(bytes), text);
    EXPECT_EQ(parse_size(text), bytes);
  }
  const std::pair<std::int64_t, std::string_view> kDurations[] = {
      {0, "0"},        {1, "1ms"},      {1'500, "1500ms"}, {30'000, "30s"},
      {90'000, "90s"}, {120'000, "2m"}, {3'600'000, "1h"}, {172'800'000, "2d"}};
  for (const auto& [ms, text] : kDurations) {
    EXPECT_EQ(write_duration(Millis{ms}), text);
    EXPECT_EQ(parse_duration(text), Millis{ms});
  }
}

TEST(ConfigUnits, GuessesWhatWasMeant) {
  EXPECT_EQ(likely_size("256M"), "256MiB");
  EXPECT_EQ(likely_size("256 mb"), "256MB");
  EXPECT_EQ(likely_size("20 GiB"), "20GiB");
  EXPECT_EQ(likely_size("lots"), "");
  EXPECT_EQ(likely_duration("30"), "30s");
  EXPECT_EQ(likely_duration("5 min"), "5m");
  EXPECT_EQ(likely_duration("2 Hours"), "2h");
  EXPECT_EQ(likely_duration("soon"), "");
}

TEST(ConfigSuggest, FindsTheWordThatWasMeant) {
  constexpr std::string_view kWords[] = {"hosts", "origin",       "rules",
                                         "paths", "max_response", "memory"};
  const std::pair<std::string_view, std::string_view> kRows[] = {{"host", "hosts"},
                                                                 {"orgin", "origin"},
                                                                 {"oirgin", "origin"},
                                                                 {"Hosts", "hosts"},
                                                                 {"max-response", "max_response"},
                                                                 {"maxResponse", "max_response"},
                                                                 {"max_respones", "max_response"},
                                                                 {"memroy", "memory"},
                                                                 {"backend", ""},
                                                                 {"x", ""},
                                                                 {"", ""},
                                                                 {"completely_different", ""}};
  for (const auto& [word, meant] : kRows)
    EXPECT_EQ(closest(word, kWords), meant) << word;
  EXPECT_EQ(closest(std::string(100'000, 'h'), kWords), "");
}

}  // namespace
}  // namespace brink::config
