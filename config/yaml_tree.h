#pragma once
// A YAML text as a tree in which everything knows where it stands (YAML 1.2 as yaml-cpp reads it).
//
// Built from yaml-cpp's events, not its nodes: so duplicate keys stay visible, quotes are
// remembered, and the bounds below hold before anything is built. Never throws; safe from any
// thread. Bounds: kYamlNodes nodes with aliases counted as often as they are used, kYamlDepth
// levels.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace brink::config {

inline constexpr std::size_t kYamlNodes = 100'000;
inline constexpr std::size_t kYamlDepth = 32;

// 1-based; line 0 = the file as a whole. The column counts bytes.
struct Position {
  std::size_t line = 0;
  std::size_t column = 0;
};

struct YamlNode;
using YamlRef = std::shared_ptr<const YamlNode>;  // shared where an alias names it again

struct YamlEntry {
  std::string key;
  Position at;  // of the key
  YamlRef value;
};

struct YamlNode {
  enum class Kind : std::uint8_t { Null, Scalar, List, Map };
  Kind kind = Kind::Null;
  Position at;
  std::string text;                // Scalar
  bool quoted = false;             // Scalar: quoted or a block, so a text and never a number
  std::vector<YamlRef> items;      // List
  std::vector<YamlEntry> entries;  // Map, in file order, duplicates included
  std::size_t weight = 1;          // nodes below and with this one, aliases counted in full
};

struct YamlProblem {
  Position at;
  std::string message;
};

// With problems, `root` may be null. Without any it is not.
struct YamlTree {
  YamlRef root;
  std::vector<YamlProblem> problems;  // in file order
};

YamlTree parse_yaml(std::string_view text);

}  // namespace brink::config
