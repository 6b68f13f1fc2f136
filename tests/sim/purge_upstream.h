#pragma once
// How a simulated node asks: the origin, or another node of the world.

#include <memory>

#include "origin/upstream.h"

namespace brink::purgesim {

class Node;

// Of one shard of `node`. An edge asks a regional node, and the origin when that fails or by
// chance; a regional node asks the origin.
std::unique_ptr<origin::Upstream> make_upstream(Node& node);

}  // namespace brink::purgesim
