#include "tests/cases/suite.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "tests/cases/parse_case.h"

namespace brink::tests::cases {
namespace {

// Why a case that would be played here over HTTP/1.1 is not over HTTP/2; empty otherwise.
std::string own_http1(const CaseFile& file, const Setting& setting) {
  Setting over_http1 = setting;
  over_http1.protocol = Protocol::Http1;
  if (!is_http2(setting.protocol) || !belongs(file, over_http1)) return {};
  return http1_reason(file);
}

}  // namespace

std::vector<std::string> find_cases(const std::vector<std::string>& paths,
                                    const std::string& filter) {
  std::vector<std::string> found;
  const auto add = [&](const std::filesystem::path& path) {
    if (path.extension() == ".case" && path.string().find(filter) != std::string::npos) {
      found.push_back(path.string());
    }
  };
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) add(path);
    if (!std::filesystem::is_directory(path)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
      add(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Outcome play_file(const std::string& path, const SuiteOptions& options) {
  Outcome outcome{path, true, {}, false, {}};
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  try {
    const CaseFile file = parse_case(text, path);
    outcome.http1 = own_http1(file, options.setting);
    outcome.played = outcome.http1.empty() && belongs(file, options.setting);
    if (!outcome.played) return outcome;
    const std::unique_ptr<Testbed> testbed = options.make_testbed();
    CasePlayer player(file, *testbed, options.setting);
    outcome.passed = player.play();
    if (!outcome.passed) outcome.report = player.report();
  } catch (const CaseError& error) {
    outcome.report = fmt::format("{}:{}: {}\n", path, error.line, error.what());
  }
  return outcome;
}

std::vector<Outcome> play_all(const std::vector<std::string>& paths, const SuiteOptions& options) {
  std::vector<Outcome> outcomes(paths.size());
  std::atomic<std::size_t> next{0};
  std::mutex reporting;
  const auto work = [&] {
    for (std::size_t i = next++; i < paths.size(); i = next++) {
      outcomes[i] = play_file(paths[i], options);
      const std::lock_guard lock(reporting);
      if (options.on_outcome) options.on_outcome(outcomes[i]);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, options.jobs); ++i)
    threads.emplace_back(work);
  for (std::thread& thread : threads)
    thread.join();
  return outcomes;
}

}  // namespace brink::tests::cases
