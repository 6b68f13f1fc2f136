#include "edge/group_marks.h"

#include <string>
#include <vector>

#include "edge/cache/groups.h"
#include "edge/cache/key.h"
#include "purge/marks.h"

namespace brink::edge {

std::atomic<std::uint32_t>& GroupMarks::slot(std::uint64_t origin, std::uint64_t group) const {
  constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15ULL;
  return marks_[((origin ^ group) * kMix >> 32U) % kSlots];
}

void GroupMarks::invalidate(std::string_view key_text, std::string_view field) {
  const std::vector<std::string> names = cache::group_names(field);
  if (names.empty()) return;
  const std::uint64_t origin = cache::hash_key(cache::origin_of_key(key_text));
  const std::uint32_t mark = events_.next();
  for (const std::string& name : names) {
    std::atomic<std::uint32_t>& at = slot(origin, purge::hash_group(name));
    std::uint32_t seen = at.load();
    // Unless a later one has been here first, one that came at the same time.
    while (seen - mark >= kAtOnce && !at.compare_exchange_weak(seen, mark)) {
    }
  }
}

bool GroupMarks::any_mark_after(const store::StoredResponse& response) const {
  const std::uint64_t origin = cache::hash_key(cache::origin_of_key(response.key()));
  const store::TagHashes tags = response.tags();
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (LocalEvents::is_after(slot(origin, tags[i]).load(), response.meta().events_as_of)) {
      return true;
    }
  }
  return false;
}

}  // namespace brink::edge
