#pragma once

#include <string>

namespace brink::purge {

// An answer that refuses, for problem details (RFC 9457): `code` is the stable word for programs,
// `detail` says what to do.
struct Problem {
  int status = 400;
  std::string code, title, detail;
};

}  // namespace brink::purge
