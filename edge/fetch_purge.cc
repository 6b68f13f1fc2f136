// Fetch, purges: the tags of what it brings, and how far that reflects the purge log (DESIGN.md
// section 4).

#include <algorithm>

#include "config/runtime/log.h"
#include "edge/cache/tokens.h"
#include "edge/fetch.h"
#include "purge/marks.h"

namespace brink::edge {

// A regional node says how far its content reflects the log; an origin's always does, since it was
// asked after we had read the position.
void Fetch::note_as_of(const origin::ResponseHead& head) {
  reflects_ = as_of_;
  tier_behind_ = false;
  if (!head.from_tier) return;
  const std::uint64_t said =
      cache::parse_digits(field_value(head.fields, "brink-as-of"), UINT64_MAX).value_or(0);
  tier_behind_ = said < plan_.min_as_of;
  reflects_ = std::max(as_of_, said);
}

// A response that a later purge could not find, or that may be older than one it has missed, is not
// kept.
void Fetch::keep_only_purgeable(const origin::ResponseHead& head, cache::StoreDecision& decision) {
  if (!decision.store) return;
  take_tags(head.fields);
  if (tags_.over_limit) {
    decision.store = false;
    decision.reason = cache::Reason::TagsOverLimit;
    context_.metrics.count_limit(Limit::Tags);
    log_limited(LogLevel::Warning, "tags", "purge",
                "not stored: more tags than purge.tags_per_response or purge.tag_bytes allow: " +
                    plan_.cache_key.substr(0, 512));
  } else if (tier_behind_) {
    decision.store = false;
    decision.reason = cache::Reason::TierBehind;
  }
}

void Fetch::take_tags(Fields fields) {
  tags_ = cache::tags_of(fields, context_.purges.tag_limits);
  stored_tags_.clear();
  for (const cache::ResponseTag& tag : tags_.list) {
    const std::uint64_t hash = tag.is_group ? purge::hash_group(tag.text) : purge::hash_tag(tag.text);
    stored_tags_.push_back({hash, tag.text, tag.is_group});
  }
}

// Tags that a 304 (or a HEAD's answer, or another part) names come beside the stored ones, not in
// their place: a purge that has yet to be heard of here names what the content had when it was made,
// and not every origin that calls it unchanged is right. A group that is named no more stays as a
// tag. Nothing when it names none. False: too many.
bool Fetch::freshen_tags(Fields not_modified, const store::StoredResponse& old,
                         std::optional<std::span<const store::Tag>>& out) {
  if (!cache::names_tags(not_modified)) return true;
  take_tags(not_modified);
  const store::TagHashes hashes = old.tags();
  std::unordered_set<std::uint64_t> here;
  for (const store::Tag& tag : stored_tags_) here.insert(tag.hash);
  former_tags_.clear();
  former_tags_.reserve(hashes.size());  // views of these texts are kept
  for (std::size_t i = 0; i < hashes.size() && !tags_.over_limit; ++i) {
    std::string text;
    bool is_group = false;
    if (here.contains(hashes[i]) || !context_.store.tag_text(hashes[i], text, is_group)) continue;
    const std::uint64_t hash = is_group ? purge::hash_tag(text) : hashes[i];
    if (!here.insert(hash).second) continue;
    stored_tags_.push_back({hash, former_tags_.emplace_back(std::move(text)), false});
  }
  out = std::span<const store::Tag>(stored_tags_);
  return !tags_.over_limit && stored_tags_.size() <= context_.purges.tag_limits.tags;
}

}  // namespace brink::edge
