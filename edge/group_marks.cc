#include "edge/group_marks.h"

#include <algorithm>
#include <string>

#include "edge/cache/groups.h"
#include "edge/cache/key.h"
#include "edge/cache/storable.h"

namespace brink::edge {

std::atomic<std::uint32_t>& GroupMarks::slot(std::string_view origin, std::string_view name) const {
  return marks_[cache::hash_key(std::string(origin).append(" ").append(name)) % kSlots];
}

void GroupMarks::invalidate(std::string_view key_text, std::string_view field) {
  const std::vector<std::string> names = cache::group_names(field);
  if (names.empty()) return;
  const std::string_view origin = cache::origin_of_key(key_text);
  const std::uint32_t mark = last_.fetch_add(1) + 1;
  for (const std::string& name : names) {
    std::atomic<std::uint32_t>& at = slot(origin, name);
    std::uint32_t seen = at.load();
    // Unless a later one has been here first, one that came at the same time.
    while (seen - mark >= kAtOnce && !at.compare_exchange_weak(seen, mark)) {
    }
  }
}

bool GroupMarks::any_mark_above(const store::StoredResponse& response) const {
  std::string field;
  cache::for_each_stored_field(response.head(), [&](const Field& line) {
    if (iequals(line.name, cache::kCacheGroups))
      field.append(field.empty() ? "" : ", ").append(line.value);
    return true;
  });
  const std::vector<std::string> names = cache::group_names(field);
  const std::string_view origin = cache::origin_of_key(response.key());
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    const std::uint32_t above = slot(origin, name).load() - response.meta().groups_as_of;
    return above != 0 && above < kHalf;
  });
}

}  // namespace brink::edge
