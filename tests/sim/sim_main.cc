// sim [first-seed [how-many]]: runs the past seeds and these, prints the first that breaks a
// promise. Exit status 0 = none.

#include <array>
#include <cstdio>
#include <cstdlib>

#include "edge/cache/key.h"
#include "tests/sim/world.h"

namespace {

using brink::sim::Profile;

// Each has found a mistake once; those below 10,000 are run anyway.
constexpr std::array<std::uint64_t, 1> kPast{11049};

bool fails(std::uint64_t seed, const char* name, const Profile& profile) {
  brink::sim::World world(seed, profile);
  const std::string failure = world.run();
  if (failure.empty()) return false;
  std::printf("seed %llu (%s): %s\n", static_cast<unsigned long long>(seed), name, failure.c_str());
  return true;
}

bool fails(std::uint64_t seed) {
  return fails(seed, "faults", {.faults = true}) || fails(seed, "clean", {.faults = false}) ||
         fails(seed, "ranges", {.faults = seed % 4 != 0, .ranges = true});
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1000;
  brink::edge::cache::make_cache_key_of_text(
      {});  // the hash takes its seed here, before a world sets its own
  std::uint64_t passed = 0;
  bool failed = false;
  for (const std::uint64_t seed : kPast)
    failed = failed || fails(seed);
  for (std::uint64_t seed = first; !failed && seed < first + count; ++seed) {
    failed = fails(seed);
    if (!failed) ++passed;
  }
  std::printf("%llu passed, %d failed\n", static_cast<unsigned long long>(passed), failed ? 1 : 0);
  return failed ? 1 : 0;
}
