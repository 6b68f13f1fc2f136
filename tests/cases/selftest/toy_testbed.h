#pragma once
// A toy of a caching proxy, just enough of one that the runner itself can be tested before and
// without Brink.

#include <memory>

#include "tests/cases/testbed.h"

namespace brink::tests::cases {

std::unique_ptr<Testbed> make_toy_testbed();

}  // namespace brink::tests::cases
