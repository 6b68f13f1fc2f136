#pragma once
// The large representations of a world: what each version of them is, byte for byte, and what the
// origin has said of them.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/clock.h"
#include "config/runtime/random.h"

namespace brink::sim {

struct LargeResource {
  std::string target;
  std::uint32_t version = 1;
  std::uint32_t invalidated =
      0;  // an unsafe request that was answered has made this the oldest version to be served
  bool no_store = false;
  std::uint32_t max_age_s = 5;
  std::uint32_t swr_s = 0;
  std::uint32_t sie_s = 0;
  std::map<std::uint32_t, std::set<std::uint64_t>>
      told_lengths;  // version → complete lengths the origin made up
};

// One answer of the origin, by its X-Gen.
struct OriginAnswer {
  TimePoint at{};
  std::uint32_t version = 0;
  std::string content_range;
  std::string body;  // of one whose Content-Range does not fit what it sent
  bool lies = false;
  bool no_store = false;
  bool heeds_if_range = true;
  std::string client;  // who asked
};

class Representations {
 public:
  static constexpr std::size_t kCount = 4;
  // `faults`: some may not be stored, or have no validator to combine by.
  Representations(std::uint64_t seed, bool faults);

  LargeResource& of(std::string_view target) {
    return resources_[static_cast<std::size_t>(target[2] - '0')];
  }
  std::vector<LargeResource>& all() { return resources_; }
  const std::string& content(const LargeResource& resource, std::uint32_t version);
  // Its entity tag: mostly strong, some weak, some missing.
  std::string tag(const LargeResource& resource, std::uint32_t version) const;
  // Which version's bytes these are, in words: for a failure.
  std::string whose(const LargeResource& resource, std::string_view bytes);

  std::uint64_t slice_bytes = 1024;
  std::uint64_t slice_from = 2048;
  std::vector<OriginAnswer> answers{1};  // by X-Gen
  std::map<std::string, int> asked;      // client, Range and If-Range → calls
  std::map<std::string, int>
      slices_under_way;  // target and Range → calls, where the range is a slice

 private:
  std::size_t length(std::size_t index, std::uint32_t version) const;

  const std::uint64_t seed_;
  const bool faults_;
  std::vector<LargeResource> resources_;
  std::map<std::pair<std::size_t, std::uint32_t>, std::string> contents_;
};

// "W/\"v12\"" → 12; 0 when it is none of ours.
std::uint32_t version_of_tag(std::string_view tag);
std::uint64_t to_number(std::string_view digits);

}  // namespace brink::sim
