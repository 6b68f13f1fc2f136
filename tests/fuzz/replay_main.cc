// Runs a fuzz target without libFuzzer: every file of a corpus, then a bounded number of seeded
// mutations of them.
//
//   fuzz_NAME CORPUS [MUTATIONS [SEED]]
//
// The same corpus and seed give the same inputs on every machine. When a check fails, the input
// that did it is left in
// ./crash-input: a new corpus file, once the bug is fixed.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "config/runtime/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using brink::Random;

constexpr std::size_t kLimitBytes = 4096;

// What runs right now, for the signal handler.
const char* current_data = nullptr;
std::size_t current_size = 0;

void leave_crash_input(int signal_number) {
  const int file = open("crash-input", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0) {
    const auto written = write(file, current_data, current_size);
    static_cast<void>(written);
    close(file);
  }
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void run(const std::string& input) {
  current_data = input.data();
  current_size = input.size();
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::vector<std::string> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

std::string slice_of(const std::string& text, Random& random) {
  if (text.empty()) return {};
  const std::size_t begin = random.below(text.size());
  return text.substr(begin, 1 + random.below(std::min<std::size_t>(text.size() - begin, 16)));
}

void mutate_once(std::string& input, const std::vector<std::string>& corpus, Random& random) {
  static constexpr std::string_view kBytes = "\"\\,;= \t:-*/0919azAZ\n\r?@%()'W.~";
  const std::size_t at = random.below(input.size() + 1);
  switch (random.below(6)) {
    case 0:
      input.insert(at, 1, kBytes[random.below(kBytes.size())]);
      return;
    case 1:
      input.insert(at, slice_of(corpus[random.below(corpus.size())], random));
      return;
    case 2:
      input.insert(at, slice_of(input, random));
      return;
    case 3:
      input.erase(at, 1 + random.below(8));
      return;
    case 4:
      if (at < input.size()) input[at] = static_cast<char>(random.below(256));
      return;
    default:
      if (at < input.size()) input[at] = kBytes[random.below(kBytes.size())];
      return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS [MUTATIONS [SEED]]\n", argv[0]);
    return 2;
  }
  const std::vector<std::string> corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus in %s\n", argv[1]);
    return 2;
  }
  const long mutations = argc > 2 ? std::atol(argv[2]) : 0;
  const auto seed = static_cast<std::uint64_t>(argc > 3 ? std::atol(argv[3]) : 1);
  std::signal(SIGABRT, leave_crash_input);
  std::signal(SIGSEGV, leave_crash_input);
  run({});
  for (const std::string& input : corpus)
    run(input);
  Random random{seed};
  for (long i = 0; i < mutations; ++i) {
    std::string input = corpus[random.below(corpus.size())];
    const std::uint64_t steps = 1 + random.below(8);
    for (std::uint64_t step = 0; step < steps; ++step)
      mutate_once(input, corpus, random);
    if (input.size() > kLimitBytes) input.resize(kLimitBytes);
    run(input);
  }
  std::printf("%zu files, %ld mutations, seed %llu\n", corpus.size(), mutations,
              static_cast<unsigned long long>(seed));
  return 0;
}
