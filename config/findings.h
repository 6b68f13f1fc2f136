#pragma once
// What the loader found while it read a file: collected as it comes, given out in file order.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/loader.h"
#include "config/yaml_tree.h"

namespace brink::config {

// Where each option of a file stands, by path ("sites[0].origin.servers[1]"). Holds only what the
// file says.
using Places = std::map<std::string, Position, std::less<>>;

// In double quotes, cut and safe to print: it may quote anything.
std::string quote(std::string_view text);

// "sites[0]" + "origin" → "sites[0].origin"; "" + "cache" → "cache".
std::string child_path(std::string_view parent, std::string_view key);
std::string item_path(std::string_view list, std::size_t index);

class Findings {
 public:
  // More errors than this help nobody: the rest is counted.
  static constexpr std::size_t kShown = 100;

  void add(Severity severity, Position at, std::string_view path, std::string_view message);

  // Whether nothing at, above or below `path` is an error: only then is a check between options
  // worth its line, the rest would follow from the first mistake.
  bool is_clean(std::string_view path) const;

  // In file order; each message begins with its path.
  std::vector<Diagnostic> take(const std::string& file);

 private:
  struct Finding {
    Severity severity;
    Position at;
    std::string path;
    std::string message;
  };
  std::vector<Finding> found_;
};

}  // namespace brink::config
