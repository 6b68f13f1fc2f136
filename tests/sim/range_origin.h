#pragma once
// The upstream port as an origin of large representations plays it: ranges, If-Range,
// If-None-Match, done right and done wrong.

#include <memory>

#include "origin/upstream.h"
#include "tests/sim/world.h"

namespace brink::sim {

std::unique_ptr<origin::Upstream> make_range_upstream(World& world);

}  // namespace brink::sim
