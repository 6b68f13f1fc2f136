#pragma once
// Stored responses that are slice maps (edge/cache/slices.h): reading them, and finding one again.

#include <array>
#include <cstdint>
#include <string_view>

#include "config/runtime/error.h"
#include "edge/cache/slices.h"
#include "edge/store/store.h"

namespace brink::edge::store {

// REQUIRES: response.meta().sliced.
inline cache::SliceMap slice_map_of(const StoredResponse& response) {
  std::array<std::string_view, 1> views;
  const std::size_t count =
      response.body_views(0, response.body_length(), views, sizeof(cache::SliceMap));
  CHECK(count == 1);
  return cache::decode_slice_map(views[0]);
}

// Of the representation, whichever way its bytes are stored.
inline std::uint64_t representation_length(const StoredResponse& response) {
  return response.meta().sliced ? slice_map_of(response).complete_length : response.body_length();
}

// Selects the map whose slices are of this generation: freshening makes new maps of the same one.
class GenerationSelector final : public Selector {
 public:
  explicit GenerationSelector(std::uint64_t generation) : generation_(generation) {}
  std::int64_t score(const StoredResponse& candidate) const noexcept override {
    return candidate.meta().sliced && slice_map_of(candidate).generation == generation_ ? 1 : 0;
  }

 private:
  std::uint64_t generation_;
};

}  // namespace brink::edge::store
