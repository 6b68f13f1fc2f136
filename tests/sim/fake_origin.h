#pragma once
// The upstream port as the simulation plays it: versions, validators, delays, errors, cuts, back-pressure.

#include <memory>

#include "origin/upstream.h"
#include "tests/sim/world.h"

namespace brink::sim {

std::unique_ptr<origin::Upstream> make_fake_upstream(World& world);

}  // namespace brink::sim
