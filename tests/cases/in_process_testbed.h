#pragma once
// Nodes of this very process under a virtual clock.

#include <memory>

#include "tests/cases/testbed.h"

namespace brink::tests::cases {

std::unique_ptr<Testbed> make_in_process_testbed();

}  // namespace brink::tests::cases
