// Transaction, purges (DESIGN.md section 4): what of the stored may be used at all, which version of
// a site a client gets, and what the tiers tell each other.

#include "edge/cache/freshness.h"
#include "edge/cache/tokens.h"
#include "edge/collapse.h"
#include "edge/transaction.h"

namespace brink::edge {
namespace {

// A client falls into the same hundredth on every node and for as long as its address stays.
std::uint32_t hundredth_of(std::string_view client) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a: the same on every node, unlike hash_key()
  for (const char c : client) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return static_cast<std::uint32_t>((hash >> 16U) % 100);
}

}  // namespace

purge::Subject Transaction::subject_of(std::string_view key_text, store::TagHashes tags) const {
  return {.uri = purge::uri_of_key(key_text), .site = site_->name, .tags = tags.packed()};
}

// A child has chosen for its client already.
std::string_view Transaction::version() {
  if (is_child_) return field_value(head_.fields, "brink-version");
  const SiteVersion* entry = context_.shard_versions.find(context_.purges.versions, site_->name);
  if (!entry) return {};
  // Nobody's request is for the version that most clients get.
  constexpr std::uint32_t kMiddle = 50;
  const std::uint32_t hundredth = head_.warm ? kMiddle : hundredth_of(head_.client_address);
  const bool has_it = entry->percent >= 100 || hundredth < entry->percent;
  return has_it ? entry->version : entry->previous;
}

// The position is read before the store is: every purge up to it is in force for this request.
void Transaction::take_position() {
  as_of_ = context_.purges.position.applied();
  fenced_ = context_.purges.position.fenced(began_);
  behind_ = false;
  purged_ = false;
  min_as_of_ = 0;
  asked_as_of_ = 0;
  after_event_.reset();
  if (!is_child_) return;
  asked_as_of_ = cache::parse_digits(field_value(head_.fields, "brink-min-as-of"), UINT64_MAX).value_or(0);
  const std::string_view log = field_value(head_.fields, "brink-log");
  if (asked_as_of_ == 0) return;
  if (log.empty() || context_.purges.is_log(log)) {
    min_as_of_ = asked_as_of_;
  } else {
    after_event_ = context_.purges.foreign.event_of(log, asked_as_of_);
  }
}

// What a child has seen purged may be stored here still, when this node hears of it later.
bool Transaction::reflects_what_child_knows(const store::StoredResponse& response) const {
  if (response.as_of() < min_as_of_) return false;
  return !after_event_ || !LocalEvents::is_after(*after_event_, response.meta().events_as_of);
}

// `found`, or what a soft purge leaves of it; null when it is gone, or must not answer this request.
store::ResponsePtr Transaction::admit(store::ResponsePtr found) {
  if (context_.purges.groups.outdated(*found)) {
    context_.store.drop(found);
    return nullptr;
  }
  if (const std::uint64_t since = found->as_of(); since < as_of_) {
    const auto verdict = context_.purges.marks.check(subject_of(found->key(), found->tags()), since);
    if (verdict.is == purge::Verdict::Is::Gone) {
      purged_ = true;
      context_.purges.counts.add(verdict.sequence, *found);
      context_.store.drop(found);
      return nullptr;
    }
    if (verdict.is == purge::Verdict::Is::Stale) {
      context_.purges.counts.add(verdict.sequence, *found);
      found = soften(context_.store, found, verdict.stale_since, as_of_);
      if (!found) return nullptr;
    } else {
      found->raise_as_of(as_of_);
    }
  }
  if (reflects_what_child_knows(*found)) return found;
  behind_ = true;
  return nullptr;
}

store::ResponsePtr soften(store::Store& store, const store::ResponsePtr& response, TimePoint since,
                          std::uint64_t as_of) {
  cache::StoredMeta meta = response->meta();
  // What was still on its way here when it was purged has been stale since before it came.
  const auto early_s = std::chrono::ceil<Seconds>(meta.response_time - since).count();
  const std::int64_t age_then =
      std::int64_t{cache::current_age(meta, since)} - std::max<std::int64_t>(0, early_s);
  meta.freshness_lifetime_s = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(age_then, 0, meta.freshness_lifetime_s));
  meta.soft_purged = true;
  store::ResponsePtr stale = store.freshen(response, response->head(), meta, as_of);
  if (!stale) store.drop(response);  // no room for a second head: gone is more than stale
  return stale;
}

// May this request share an answer that was asked for earlier? Before its head has come.
bool Transaction::may_join(const Fetch& fetch) const {
  // Who has lost the log cannot tell what was purged since that one began.
  if (distrusts_store() || fetch.outrun() || fetch.as_of() < min_as_of_) return false;
  if (after_event_ && LocalEvents::is_after(*after_event_, fetch.began_at_event())) return false;
  return fetch.as_of() >= as_of_ ||
         context_.purges.marks.check(subject_of(key_.text, {}), fetch.as_of()).is ==
             purge::Verdict::Is::Untouched;
}

// And once the head, with its tags, is here.
bool Transaction::may_share(const store::StoredResponse& response) const {
  return response.as_of() >= as_of_ ||
         context_.purges.marks.check(subject_of(response.key(), response.tags()), response.as_of())
                 .is == purge::Verdict::Is::Untouched;
}

// What is offered upstream with its tag comes back to life with a 304.
bool Transaction::may_offer(const store::StoredResponse& response) const {
  // Who has lost the log cannot tell which variants were purged since.
  return !distrusts_store() && !context_.purges.groups.outdated(response) && may_share(response) &&
         reflects_what_child_knows(response);
}

std::uint64_t Transaction::fetch_as_of() const { return std::max(as_of_, min_as_of_); }

void Transaction::add_tier_fields(FetchPlan& plan) {
  plan.after_event = after_event_;
  // Behind the last purge there are only records that touch no content.
  plan.min_as_of = std::max(min_as_of_, std::min(as_of_, context_.purges.marks.last()));
  auto& fields = plan.request.tier_fields;
  if (plan.min_as_of > 0) {
    fields.emplace_back("Brink-Min-As-Of", std::to_string(plan.min_as_of));
    if (std::string log = context_.purges.log_id(); !log.empty())
      fields.emplace_back("Brink-Log", std::move(log));
  }
  if (!version_.empty()) fields.emplace_back("Brink-Version", version_);
}

// What a child needs to hear: how far this content reflects the log it asked about, and its tags.
void Transaction::append_child_fields(const store::StoredResponse& response) {
  // A child could not tell that it is stale by a purge: then it does not store it.
  const std::uint64_t as_of = response.meta().soft_purged ? 0 : response.as_of();
  extra_.append("Brink-As-Of: ")
      .append(std::to_string(after_event_ && as_of > 0 ? asked_as_of_ : as_of))
      .append("\r\n");
  if (response.meta().keeps_tag_fields) return;
  if (leader_ && fetch_) {
    if (const std::string lines = fetch_->progress().tag_lines; !lines.empty()) {
      extra_.append(lines);  // the store has not kept them
      return;
    }
  }
  std::string plain;
  std::string spaced;  // tags with white space in them
  const store::TagHashes tags = response.tags();
  std::string text;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    text.clear();
    bool is_group = false;
    if (!context_.store.tag_text(tags[i], text, is_group) || is_group) continue;
    const bool has_space = text.find_first_of(" \t") != std::string::npos;
    std::string& out = has_space ? spaced : plain;
    out.append(out.empty() ? "" : (has_space ? "," : " ")).append(text);
  }
  if (!plain.empty()) extra_.append("Surrogate-Key: ").append(plain).append("\r\n");
  if (!spaced.empty()) extra_.append("Cache-Tag: ").append(spaced).append("\r\n");
}

}  // namespace brink::edge
