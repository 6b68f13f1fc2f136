#pragma once
// A small file as text, with the reason in words where it cannot be read.

#include <cstddef>
#include <string>

namespace brink::config {

inline constexpr std::size_t kFileBytes = 1024 * 1024;  // for configurations and certificates alike

struct FileText {
  std::string text;
  std::string problem;  // "cannot be read: No such file or directory"; empty = none
};

// Reads all of `path`; anything longer than kFileBytes is a problem. `only_regular`: refuse devices
// and pipes, which could block for ever (a configuration may come through a pipe, a certificate may
// not).
FileText read_file(const std::string& path, bool only_regular);

// `path` as seen from the folder of `file`, unless it is absolute.
std::string resolve_beside(const std::string& file, const std::string& path);

}  // namespace brink::config
