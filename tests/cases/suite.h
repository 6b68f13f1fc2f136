#pragma once
// All the cases of some folders, two at a time.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/cases/case_player.h"

namespace brink::tests::cases {

struct Outcome {
  std::string path;
  bool played = false;  // false: does not belong to this setting
  std::string http1;    // why it is HTTP/1.1's own, and not played over HTTP/2
  bool passed = false;
  std::string report;  // of a failure
};

struct SuiteOptions {
  std::function<std::unique_ptr<Testbed>()> make_testbed;  // called from several threads
  Setting setting;
  unsigned jobs = 2;
  std::function<void(const Outcome&)> on_outcome = {};  // as each ends; one call at a time
};

// Files *.case below the paths (a path may be a file), in alphabetical order.
std::vector<std::string> find_cases(const std::vector<std::string>& paths,
                                    const std::string& filter);

Outcome play_file(const std::string& path, const SuiteOptions& options);

// In the order of `paths`; on_outcome is called in the order in which they end.
std::vector<Outcome> play_all(const std::vector<std::string>& paths, const SuiteOptions& options);

}  // namespace brink::tests::cases
