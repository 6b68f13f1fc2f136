#include "tests/sim/representation.h"

#include <charconv>
#include <cstring>

namespace brink::sim {

Representations::Representations(std::uint64_t seed, bool faults) : seed_(seed), faults_(faults) {
  Random random(seed ^ 0x5eedULL);
  slice_bytes = 1024ULL << random.below(3);
  slice_from = slice_bytes * (1 + random.below(4));
  for (std::size_t i = 0; i < kCount; ++i) {
    LargeResource r;
    r.target = "/s" + std::to_string(i);
    r.no_store = faults && random.chance(0.06);
    r.swr_s = random.chance(0.5) ? 4 : 0;
    r.sie_s = random.chance(0.4) ? 30 : 0;
    resources_.push_back(r);
  }
}

// 3 to 12 slices, the last one cut off; sometimes next to nothing.
std::size_t Representations::length(std::size_t index, std::uint32_t version) const {
  Random random(seed_ + index * 1000003 +
                version / 2 * 7919);  // two versions in a row are of one length
  if (faults_ && random.chance(0.08)) return 1 + random.below(slice_bytes * 2);
  return slice_bytes * (2 + random.below(10)) + 1 + random.below(slice_bytes);
}

const std::string& Representations::content(const LargeResource& resource, std::uint32_t version) {
  const auto index = static_cast<std::size_t>(resource.target[2] - '0');
  std::string& out = contents_[{index, version}];
  if (!out.empty()) return out;
  const std::size_t size = length(index, version);
  Random bytes(seed_ * 31 + index * 64007 + version);
  out.resize((size + 7) / 8 * 8);
  for (std::size_t at = 0; at < out.size(); at += 8) {
    const std::uint64_t word = bytes.next();
    std::memcpy(out.data() + at, &word, sizeof word);
  }
  out.resize(size);
  return out;
}

std::string Representations::tag(const LargeResource& resource, std::uint32_t version) const {
  const std::string strong = "\"v" + std::to_string(version) + "\"";
  if (!faults_) return strong;
  Random random(seed_ * 17 + static_cast<std::uint64_t>(resource.target[2]) * 104729 + version);
  const std::uint64_t kind = random.below(12);
  return kind == 0 ? "W/" + strong : (kind == 1 ? std::string() : strong);
}

std::string Representations::whose(const LargeResource& resource, std::string_view bytes) {
  if (bytes.size() < 8) return "too few bytes to tell";
  for (std::uint32_t version = 1; version <= resource.version; ++version) {
    const std::size_t at = content(resource, version).find(bytes.substr(0, 16));
    if (at != std::string::npos)
      return "version " + std::to_string(version) + " at " + std::to_string(at);
  }
  return "nobody's";
}

std::uint32_t version_of_tag(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag.starts_with("\"v") ? static_cast<std::uint32_t>(to_number(tag.substr(2))) : 0;
}

std::uint64_t to_number(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace brink::sim
