#include "tests/sim/seeded_random.h"

#include "config/runtime/random.h"

namespace brink {
namespace {

Random& source() {
  static Random random(1);
  return random;
}

}  // namespace

// Linked in place of the one in config/runtime/random.cc.
std::uint64_t secure_random() {
  return source().next();
}

namespace sim {

void seed_secure_random(std::uint64_t seed) {
  source() = Random(seed);
}

}  // namespace sim
}  // namespace brink
