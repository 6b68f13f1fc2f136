#pragma once
// What a Priority field says (RFC 9218 §4, §5). Pure.

#include <cstdint>
#include <string_view>

namespace brink::edge {

struct Priority {
  std::uint32_t urgency = 3;  // 0 = most urgent … 7
  bool incremental = false;   // of use before it is whole
  friend bool operator==(const Priority&, const Priority&) = default;
};

// What `field` says replaces what is there; what it does not say, or says wrongly, stays.
void merge_priority(std::string_view field, Priority& priority);

}  // namespace brink::edge
