#pragma once
// Nodes as processes of the real binary, whose wall clock is a file of ours
// (tests/support/clock_shim.c).

#include <memory>
#include <string>

#include "tests/cases/testbed.h"

namespace brink::tests::cases {

struct BinaryOptions {
  std::string program;  // the brink binary
  std::string shim;     // the clock shim
};

std::unique_ptr<Testbed> make_binary_testbed(const BinaryOptions& options);

}  // namespace brink::tests::cases
