#include "edge/cache/tags.h"

#include <algorithm>
#include <array>
#include <set>

#include "edge/cache/groups.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

struct TagField {
  std::string_view name;
  std::string_view ends;  // what a tag ends at
};
constexpr std::array kTagFields = {
    TagField{"surrogate-key", " \t"},    TagField{"cache-tag", ","},
    TagField{"xkey", " \t"},             TagField{"x-magento-tags", ","},
    TagField{"x-cache-tags", ", \t"},    TagField{"cache-tags", " \t"},
    TagField{"purge-cache-tags", " \t"},
};

const TagField* find_tag_field(std::string_view name) {
  const auto found = std::find_if(kTagFields.begin(), kTagFields.end(),
                                  [&](const TagField& each) { return iequals(each.name, name); });
  return found == kTagFields.end() ? nullptr : &*found;
}

class Collector {
 public:
  explicit Collector(const TagLimits& limits) : limits_(limits) {}

  void add(std::string_view text, bool is_group) {
    if (text.empty() || out_.over_limit || !seen_.emplace(text, is_group).second) return;
    bytes_ += text.size();
    out_.over_limit = out_.list.size() >= limits_.tags || bytes_ > limits_.bytes;
    if (!out_.over_limit) out_.list.push_back({std::string(text), is_group});
  }

  void add_all(std::string_view value, std::string_view ends) {
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
  return find_tag_field(name) != nullptr;
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
    if (const TagField* known = find_tag_field(field.name)) out.add_all(field.value, known->ends);
  }
  if (find_field(fields, kCacheGroups) != nullptr) {
    for (const std::string& name : group_names(joined_value(fields, kCacheGroups), limits.tags + 1))
      out.add(name, true);
  }
  return out.take();
}

}  // namespace brink::edge::cache
