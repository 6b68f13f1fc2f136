// Fetch, validation: what a 304, or the answer to a HEAD, does to the stored response it was asked about.

#include <algorithm>

#include "edge/cache/directives.h"
#include "edge/cache/reuse.h"
#include "edge/cache/tokens.h"
#include "edge/cache/validation.h"
#include "edge/fetch.h"
#include "edge/store/slice_maps.h"

namespace brink::edge {
namespace {

// What the 304 brings for this one client, by the directives of the freshened head.
void append_unkept(Fields not_modified, std::string_view new_head, std::string& out) {
  std::vector<Field> fields;
  cache::for_each_stored_field(new_head, [&](const Field& field) {
    fields.push_back(field);
    return true;
  });
  cache::append_qualified_lines(not_modified, cache::parse_response_directives(fields), out);
}

}  // namespace

// The stored response that a 304 is about (RFC 9111 §4.3.4), or null: of several that were offered the 304 names one.
store::ResponsePtr Fetch::selected_by(const cache::ResponseContext& context) const {
  const auto fits = [&](const store::ResponsePtr& r) { return cache::selects(context, r->meta(), r->head()); };
  if (plan_.offered.size() <= 1) return fits(plan_.asked) ? plan_.asked : nullptr;
  if (find_field(context.fields, "etag") == nullptr) return nullptr;
  const auto it = std::find_if(plan_.offered.begin(), plan_.offered.end(), fits);
  return it == plan_.offered.end() ? nullptr : *it;
}

void Fetch::not_modified(const origin::ResponseHead& head) {
  const auto context = response_context(head);
  const store::ResponsePtr old = tier_behind_ ? nullptr : selected_by(context);
  if (!old) {
    refetch_ = true;
    return;
  }
  std::string new_head;
  cache::StoredMeta meta;
  std::optional<std::span<const store::Tag>> tags;
  const bool keep = cache::freshen(old->head(), old->meta(), context, plan_.policy, new_head, meta) &&
                    freshen_tags(head.fields, *old, tags);
  meta.events_as_of = events_as_of_;
  if (!keep) context_.store.drop(old);
  Progress result;
  result.response = new_head.empty() ? nullptr : context_.store.freshen(old, new_head, meta, as_of_, tags);
  append_unkept(head.fields, new_head, result.unkept);
  drop_if_outrun(result.response);
  if (!result.response) result.response = old;  // no room for a second head: this once from the old one
  const auto reuse = cache::decide_reuse({}, result.response->meta(), plan_.policy, context_.clock.now());
  const bool own_variant = old == plan_.stale;  // else another variant's, offered on a variant miss (§4.1)
  result.shareable = keep && own_variant && reuse.reuse == cache::Reuse::Fresh;
  {
    const std::lock_guard lock(mutex_);
    trace_.store_reason = keep ? cache::Reason::Freshened : cache::Reason::ResponseNoStore;
  }
  leave_table();
  if (!result.shareable && own_variant) remember_uncacheable(cache::Reason::Freshened);
  settle(Phase::Freshened, result);
}

// RFC 9111 §4.3.5: a HEAD's answer freshens the stored GET it describes; one that it contradicts is out of date.
void Fetch::freshen_by_head(const origin::ResponseHead& head) {
  const auto context = response_context(head);
  const store::ResponsePtr& old = plan_.stale;
  if (!cache::head_describes(context, old->meta(), old->head(), store::representation_length(*old))) {
    context_.store.drop(old);
    return;
  }
  std::string new_head;
  cache::StoredMeta meta;
  std::optional<std::span<const store::Tag>> tags;
  if (!tier_behind_ && cache::freshen(old->head(), old->meta(), context, plan_.policy, new_head, meta) &&
      freshen_tags(head.fields, *old, tags)) {
    meta.events_as_of = events_as_of_;
    context_.store.freshen(old, new_head, meta, as_of_, tags);
  }
}

}  // namespace brink::edge
