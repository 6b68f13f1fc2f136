#pragma once
// What `brink --version` says.

#include <string>

namespace brink::edge {

// "brink 0.1.0 (1a2b3c4d5e6f)": the revision is there when it was built inside a git checkout,
// "-dirty" with changes.
std::string version_line();

}  // namespace brink::edge
