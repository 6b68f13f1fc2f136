// purge_sim [first-seed [how-many [trace]]]: runs the past seeds and these, prints the first that
// breaks a promise. With a third argument, what happens in them. Exit status 0 = none.

#include <array>
#include <cstdio>
#include <cstdlib>

#include "edge/cache/key.h"
#include "purge/marks.h"
#include "tests/sim/purge_node.h"
#include "tests/sim/purge_world.h"

namespace {

using brink::purgesim::Parts;
using brink::purgesim::World;

// Each has found a mistake once.
constexpr std::array<std::uint64_t, 0> kPast{};

bool fails(Parts& parts, std::uint64_t seed, bool traces = false) {
  World world(parts, seed, traces);
  const std::string failure = world.run();
  if (failure.empty()) return false;
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), failure.c_str());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1000;
  const bool traces = argc > 3;
  // These take their seeds here, before a world sets its own.
  brink::edge::cache::make_cache_key_of_text({});
  brink::purge::hash_tag({});
  Parts parts;
  std::uint64_t passed = 0;
  bool failed = false;
  for (const std::uint64_t seed : kPast)
    failed = failed || fails(parts, seed);
  for (std::uint64_t seed = first; !failed && seed < first + count; ++seed) {
    failed = fails(parts, seed, traces);
    if (!failed) ++passed;
  }
  std::printf("%llu passed, %d failed\n", static_cast<unsigned long long>(passed), failed ? 1 : 0);
  return failed ? 1 : 0;
}
