#pragma once
// "after=7&limit=10": the query of calls that list what has numbers.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "purge/decimal.h"

namespace brink::purge {

struct ListQuery {
  std::optional<std::uint64_t> after;  // empty: the last ones
  std::uint64_t limit = 0;
};

// Empty when it is anything else, or asks for none or more than `most`.
inline std::optional<ListQuery> parse_list_query(std::string_view query, std::uint64_t limit,
                                                 std::uint64_t most) {
  ListQuery out{std::nullopt, limit};
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const bool is_after = pair.starts_with("after=");
    if (!is_after && !pair.starts_with("limit=")) return std::nullopt;
    const auto number = parse_decimal(pair.substr(6));
    if (!number) return std::nullopt;
    if (is_after) {
      out.after = number;
    } else {
      out.limit = *number;
    }
  }
  if (out.limit < 1 || out.limit > most) return std::nullopt;
  return out;
}

}  // namespace brink::purge
