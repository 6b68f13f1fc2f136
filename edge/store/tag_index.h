#pragma once
// The tags of stored responses, each text once: how many responses carry it, how many bytes they
// are, and what it is called. Responses themselves keep 8-byte hashes (stored_response.h); a purge
// compares those and never comes here.
//
// What it takes is charged to the store's budget by whoever adds. Safe from any thread: 16 stripes
// by hash, a mutex each, held for one step along a chain; taken alone or under nothing of the
// store's.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace brink::edge::store {

// A tag of a new response. Text may be empty when a stored response carries the same hash already.
struct Tag {
  std::uint64_t hash = 0;
  std::string_view text;
  bool is_group = false;  // from Cache-Groups (RFC 9875), which stays in the head as well
};

// A stored response's tag hashes: packed, not aligned. Views of the response's own memory.
class TagHashes {
 public:
  TagHashes() = default;
  TagHashes(const char* first, std::size_t count) : first_(first), count_(count) {}
  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  std::uint64_t operator[](std::size_t i) const noexcept {
    std::uint64_t hash = 0;
    std::memcpy(&hash, first_ + i * sizeof(hash), sizeof(hash));
    return hash;
  }
  std::string_view packed() const noexcept { return {first_, count_ * sizeof(std::uint64_t)}; }

 private:
  const char* first_ = nullptr;
  std::size_t count_ = 0;
};

class TagIndex {
 public:
  struct Totals {
    std::uint64_t responses = 0, bytes = 0;
  };
  TagIndex() = default;
  ~TagIndex();
  TagIndex(const TagIndex&) = delete;
  TagIndex& operator=(const TagIndex&) = delete;

  // The most that add() takes for these.
  static std::uint64_t cost_max(std::span<const Tag> tags) noexcept;
  // One response more carries each; returns the bytes that this took. REQUIRES: cost_max() charged.
  std::uint64_t add(std::span<const Tag> tags);
  // One less; returns the bytes to credit.
  std::uint64_t release(TagHashes tags) noexcept;
  // A response has become visible (+1), or has left (-1), with `bytes`.
  void count(TagHashes tags, std::int64_t responses, std::uint64_t bytes) noexcept;

  Totals totals(std::uint64_t hash) const;  // of what is visible
  // Appends the text; false when nothing carries the tag.
  bool text(std::uint64_t hash, std::string& out, bool& is_group) const;
  std::size_t size() const;  // different tags

 private:
  struct Node;
  struct Stripe {
    mutable std::mutex mutex;
    std::vector<Node*> buckets;
    std::size_t nodes = 0;
  };
  static constexpr std::size_t kStripes = 16;
  Stripe& stripe(std::uint64_t hash) noexcept { return stripes_[hash % kStripes]; }
  static Node** find(Stripe& stripe, std::uint64_t hash) noexcept;
  static void grow(Stripe& stripe);

  std::array<Stripe, kStripes> stripes_;
};

}  // namespace brink::edge::store
