// Proves that the runner can pass and, above all, that it can fail: the cases in selftest/pass must
// hold against a toy proxy, and each in selftest/fail must be refused for the reason that its
// citation line names.

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/cases/selftest/toy_testbed.h"
#include "tests/cases/suite.h"

namespace brink::tests::cases {
namespace {

SuiteOptions toy(bool tier) {
  SuiteOptions options;
  options.make_testbed = make_toy_testbed;
  options.setting.tier = tier;
  return options;
}

std::string folder(const std::string& name) {
  return std::string(BRINK_SELFTEST_FOLDER) + "/" + name;
}

// The second line of a case that must fail: "# fails: 12: text", the line number and part of the
// message.
std::string expected_failure(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  std::getline(in, line);
  const std::string prefix = "# fails: ";
  return line.starts_with(prefix) ? line.substr(prefix.size())
                                  : "no '# fails: ' in the second line";
}

TEST(CaseRunner, PassesWhatHolds) {
  for (const bool tier : {false, true}) {
    const auto paths = find_cases({folder("pass")}, "");
    ASSERT_FALSE(paths.empty());
    for (const Outcome& outcome : play_all(paths, toy(tier))) {
      EXPECT_TRUE(outcome.passed || !outcome.played) << outcome.report;
    }
  }
}

TEST(CaseRunner, FailsWhatDoesNotHoldAndSaysWhere) {
  const auto paths = find_cases({folder("fail")}, "");
  ASSERT_GE(paths.size(), 10U);
  for (const Outcome& outcome : play_all(paths, toy(false))) {
    EXPECT_TRUE(outcome.played) << outcome.path;
    EXPECT_FALSE(outcome.passed) << outcome.path;
    const std::string expected = outcome.path + ":" + expected_failure(outcome.path);
    EXPECT_NE(outcome.report.find(expected), std::string::npos) << "expected " << expected << "\n"
                                                                << outcome.report;
  }
}

}  // namespace
}  // namespace brink::tests::cases
