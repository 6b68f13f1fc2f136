#pragma once
// What `brink --version` says. CMake defines BRINK_VERSION and, inside a git checkout,
// BRINK_REVISION.

#include <string>

namespace brink::edge {

inline std::string version_line() {
#ifdef BRINK_VERSION
  std::string line = "brink " BRINK_VERSION;
#else
  std::string line = "brink 0.1.0";
#endif
#ifdef BRINK_REVISION
  line += " (" BRINK_REVISION ")";
#endif
  return line;
}

}  // namespace brink::edge
