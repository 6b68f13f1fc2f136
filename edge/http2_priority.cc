#include "edge/http2_priority.h"

#include "edge/cache/structured_fields.h"

namespace brink::edge {

void merge_priority(std::string_view field, Priority& priority) {
  constexpr std::int64_t kLeastUrgent = 7;
  const auto dictionary = cache::sf::parse_dictionary(field);
  if (!dictionary) return;
  for (const auto& [key, member] : *dictionary) {
    const auto* item = std::get_if<cache::sf::Item>(&member);
    if (item == nullptr) continue;
    const auto* number = std::get_if<std::int64_t>(&item->value);
    const auto* flag = std::get_if<bool>(&item->value);
    if (key == "u" && number != nullptr && *number >= 0 && *number <= kLeastUrgent) {
      priority.urgency = static_cast<std::uint32_t>(*number);
    }
    if (key == "i" && flag != nullptr) priority.incremental = *flag;
  }
}

}  // namespace brink::edge
