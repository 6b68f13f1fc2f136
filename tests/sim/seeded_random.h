#pragma once
// Stands in for the operating system's randomness (config/runtime/random.h), so that a seed is a
// run: names of slices and the hash of keys come from it.

#include <cstdint>

namespace brink::sim {

void seed_secure_random(std::uint64_t seed);

}  // namespace brink::sim
