#pragma once
// What a dry run shows of one node besides how much it would match there.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace brink::purge {

inline constexpr std::size_t kPreviewUris = 20;
inline constexpr std::size_t kPreviewUriBytes = 1'024;  // of one; the rest is cut off with "…"

struct Preview {
  std::uint64_t hits = 0;          // of the sampled ones, those that it would have matched
  std::uint64_t hits_sampled = 0;  // of the node's latest hits
  std::vector<std::string> uris = {};  // some of what it matches, as ASCII; at most kPreviewUris

  friend bool operator==(const Preview&, const Preview&) = default;
};
using PreviewPtr = std::shared_ptr<const Preview>;  // null: no dry run, or not counted yet

// Null is like null only.
inline bool alike(const PreviewPtr& a, const PreviewPtr& b) {
  return a == b || (a && b && *a == *b);
}

}  // namespace brink::purge
