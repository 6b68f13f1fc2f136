#pragma once
// Notices that files have changed: written in place, replaced, behind a symbolic link that moved,
// or gone.

#include <sys/stat.h>

#include <array>
#include <string>
#include <vector>

#include "config/runtime/clock.h"

namespace brink::edge {

// Looks at names, sizes, times and numbers first, and reads only what these say may differ. What
// was written within the last seconds is read again: the clock of a file system is coarse.
class FileWatch {
 public:
  // What is there at `now` counts as known. Make it before the files are read for use.
  FileWatch(std::vector<std::string> paths, TimePoint now);
  // Whether the content of any is another than at the last call.
  bool changed(TimePoint now);

 private:
  using Digest = std::array<unsigned char, 32>;
  struct File {
    std::string path;
    struct stat status {};
    bool is_there = false;
    bool is_settled = false;
    Digest digest{};
  };
  static bool look(File& file, TimePoint now);

  std::vector<File> files_;
};

}  // namespace brink::edge
