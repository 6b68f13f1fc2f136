// Runs the cases: run_cases --in-process|--binary PROGRAM [--tier] [--protocol NAME] PATH…
// (README.md).

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "tests/cases/binary_testbed.h"
#include "tests/cases/in_process_testbed.h"
#include "tests/cases/suite.h"

namespace {

using namespace brink::tests::cases;

void print(const Outcome& outcome, bool verbose) {
  if (verbose && !outcome.http1.empty()) fmt::print("own  {}: {}\n", outcome.path, outcome.http1);
  if (!outcome.played || (outcome.passed && !verbose)) return;
  fmt::print("{} {}\n", outcome.passed ? "ok  " : "FAIL", outcome.path);
  if (!outcome.passed) fmt::print("{}\n", outcome.report);
  std::fflush(stdout);
}

// Of cases that must not hold.
int count_passed(const std::vector<Outcome>& outcomes) {
  int wrong = outcomes.empty() ? 1 : 0;
  for (const Outcome& outcome : outcomes) {
    const bool failed = outcome.played && !outcome.passed;
    if (!failed) fmt::print("FAIL {}: it must not hold\n", outcome.path);
    if (!failed) ++wrong;
  }
  fmt::print("{} cases that must fail, {} did not\n", outcomes.size(), wrong);
  return wrong == 0 ? 0 : 1;
}

int sum_up(const std::vector<Outcome>& outcomes, Protocol protocol) {
  int passed = 0;
  int failed = 0;
  int http1 = 0;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.http1.empty()) ++http1;
    if (outcome.played) ++(outcome.passed ? passed : failed);
  }
  if (is_http2(protocol)) {
    fmt::print("{} cases: {} over {}, {} are HTTP/1.1's own\n", passed + failed + http1,
               passed + failed, to_string(protocol), http1);
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Plays case files against Brink");
  BinaryOptions binary;
  SuiteOptions suite;
  std::vector<std::string> paths;
  std::string filter;
  std::string protocol = "http1";
  bool in_process = false;
  bool verbose = false;
  bool must_fail = false;
  app.add_flag("--in-process", in_process, "nodes in this process, virtual clock");
  app.add_option("--binary", binary.program, "nodes as processes of this program");
  app.add_option("--shim", binary.shim, "clock_shim.so, for --binary");
  app.add_flag("--tier", suite.setting.tier, "an edge in front of a regional node");
  app.add_option("--protocol", protocol, "what the clients speak")
      ->check(CLI::IsMember({"http1", "tls", "h2", "h2c"}));
  app.add_option("-j,--jobs", suite.jobs, "cases at a time");
  app.add_option("--filter", filter, "only cases whose path contains this");
  app.add_flag("--must-fail", must_fail, "succeed when every case fails");
  app.add_flag("-v,--verbose", verbose, "name every case");
  app.add_option("paths", paths, "case files, or folders of them")->required();
  CLI11_PARSE(app, argc, argv);
  suite.setting.binary = !binary.program.empty();
  if (in_process == suite.setting.binary) {
    fmt::print(stderr, "exactly one of --in-process and --binary\n");
    return 2;
  }
  suite.setting.protocol = protocol_of(protocol).value_or(Protocol::Http1);
  std::optional<brink::tests::TestCertificate> certificate;
  if (is_tls(suite.setting.protocol)) suite.setting.certificate = &certificate.emplace();
  if (in_process) {
    suite.make_testbed = make_in_process_testbed;
  } else {
    suite.make_testbed = [&] { return make_binary_testbed(binary); };
  }
  if (!must_fail) suite.on_outcome = [&](const Outcome& outcome) { print(outcome, verbose); };
  const std::vector<Outcome> outcomes = play_all(find_cases(paths, filter), suite);
  return must_fail ? count_passed(outcomes) : sum_up(outcomes, suite.setting.protocol);
}
