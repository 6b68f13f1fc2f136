#include "edge/commands/version.h"

// Written by cmake/revision.cmake at each build.
#if __has_include("brink_revision.h")
#include "brink_revision.h"
#endif
#ifndef BRINK_VERSION
#define BRINK_VERSION "(unknown version)"
#endif

namespace brink::edge {

std::string version_line() {
#ifdef BRINK_REVISION
  return "brink " BRINK_VERSION " (" BRINK_REVISION ")";
#else
  return "brink " BRINK_VERSION;
#endif
}

}  // namespace brink::edge
