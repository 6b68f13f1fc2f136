#pragma once
// What an allocation really costs, so that the ceiling means resident memory and not the sum of
// requests.

#include <bit>
#include <cstdint>

namespace brink::edge::store {

// jemalloc's size classes for 64-bit, 4 KiB pages (jemalloc(3), "Size classes"): multiples of 16 up
// to 128, then four classes for each doubling. From 16 KiB on an allocation begins at a random
// cache line of its first page and so touches one page more. Pure.
constexpr std::uint64_t allocation_bytes(std::uint64_t requested) {
  constexpr std::uint64_t kLarge = 16 * 1024;
  constexpr std::uint64_t kPage = 4096;
  if (requested <= 8) return 8;
  if (requested <= 128) return (requested + 15) & ~std::uint64_t{15};
  const auto log2 = std::bit_width(requested - 1) - 1;
  const std::uint64_t step = std::uint64_t{1} << (log2 - 2);
  const std::uint64_t size = (requested + step - 1) & ~(step - 1);
  return size >= kLarge ? size + kPage : size;
}

}  // namespace brink::edge::store
