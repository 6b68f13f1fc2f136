#include "edge/cache/groups.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "edge/cache/structured_fields.h"

namespace brink::edge::cache {

std::vector<std::string> group_names(std::string_view field, std::size_t max) {
  auto list = sf::parse_list(field);
  if (!list) return {};
  std::vector<std::string> names;
  names.reserve(std::min(list->size(), max));
  for (sf::Member& member : *list) {
    auto* item = std::get_if<sf::Item>(&member);
    auto* name = item != nullptr ? std::get_if<std::string>(&item->value) : nullptr;
    if (name == nullptr) return {};
    if (names.size() < max) names.push_back(std::move(*name));
  }
  return names;
}

std::string_view origin_of_key(std::string_view key_text) {
  constexpr std::string_view kBetween = "://";
  const std::size_t scheme_end = key_text.find(kBetween);
  if (scheme_end == std::string_view::npos) return key_text;
  const std::size_t begin = key_text.rfind(' ', scheme_end) + 1;  // a site's version goes before
  return key_text.substr(begin, key_text.find('/', scheme_end + kBetween.size()) - begin);
}

}  // namespace brink::edge::cache
