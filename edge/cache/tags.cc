#include "edge/cache/tags.h"

#include <algorithm>
#include <array>
#include <set>

#include "edge/cache/groups.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

enum class Separator : bool { Space, Comma };

class Collector {
 public:
  explicit Collector(const TagLimits& limits) : limits_(limits) {}

  void add(std::string_view text, bool is_group) {
    if (text.empty() || out_.over_limit || !seen_.emplace(text, is_group).second) return;
    bytes_ += text.size();
    out_.over_limit = out_.list.size() >= limits_.tags || bytes_ > limits_.bytes;
    if (!out_.over_limit) out_.list.push_back({std::string(text), is_group});
  }

  void add_all(std::string_view value, Separator separator) {
    const std::string_view ends = separator == Separator::Comma ? "," : " \t";
    while (!value.empty() && !out_.over_limit) {
      const std::size_t end = std::min(value.find_first_of(ends), value.size());
      add(trim_ows(value.substr(0, end)), false);
      value.remove_prefix(std::min(value.size(), end + 1));
    }
  }

  ResponseTags take() { return std::move(out_); }

 private:
  const TagLimits limits_;
  std::size_t bytes_ = 0;
  std::set<std::pair<std::string, bool>> seen_;
  ResponseTags out_;
};

}  // namespace

bool is_tag_field(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames = {"surrogate-key", "cache-tag", "xkey"};
  return std::any_of(kNames.begin(), kNames.end(), [&](auto known) { return iequals(known, name); });
}

bool names_tags(Fields fields) {
  return std::any_of(fields.begin(), fields.end(), [](const Field& field) {
    return is_tag_field(field.name) || iequals(field.name, kCacheGroups);
  });
}

ResponseTags tags_of(Fields fields, const TagLimits& limits) {
  if (!names_tags(fields)) return {};
  Collector out(limits);
  for (const Field& field : fields) {
    if (!is_tag_field(field.name)) continue;
    out.add_all(field.value, iequals(field.name, "cache-tag") ? Separator::Comma : Separator::Space);
  }
  if (find_field(fields, kCacheGroups) != nullptr) {
    for (const std::string& name : group_names(joined_value(fields, kCacheGroups), limits.tags + 1))
      out.add(name, true);
  }
  return out.take();
}

}  // namespace brink::edge::cache
