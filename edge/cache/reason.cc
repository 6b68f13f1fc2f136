#include "edge/cache/reason.h"

#include <array>
#include <cstddef>

namespace brink::edge::cache {
namespace {

struct Row {
  Reason reason;
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array kRows = {
    Row{Reason::None, "none", "No decision was made."},
    // answered from the store
    Row{Reason::Fresh, "fresh", "The stored response is fresh (RFC 9111 section 4.2)."},
    Row{Reason::FreshByRequestMaxStale, "request-max-stale",
        "The stored response is stale by no more than the request's max-stale (RFC 9111 section "
        "5.2.1.2)."},
    Row{Reason::StaleWhileRevalidate, "stale-while-revalidate",
        "Stale, inside stale-while-revalidate: served while it is validated (RFC 5861 section 3)."},
    Row{Reason::StaleIfError, "stale-if-error",
        "Stale, inside stale-if-error: served instead of an error (RFC 5861 section 4)."},
    Row{Reason::StaleUnreachable, "stale-unreachable",
        "Stale, served because upstream cannot be reached (RFC 9111 section 4.2.4)."},
    // not answered from the store
    Row{Reason::NotStored, "not-stored", "Nothing is stored under this key (RFC 9111 section 4)."},
    Row{Reason::VariantNotStored, "variant-not-stored",
        "The key is stored, but for other values of the fields that Vary names (RFC 9111 section "
        "4.1)."},
    Row{Reason::VaryStar, "vary-star",
        "Vary is *: no other request matches (RFC 9111 section 4.1)."},
    Row{Reason::MethodNotCacheable, "method-not-cacheable",
        "The method is not GET or HEAD, and the response is not one that answers a later GET (RFC "
        "9110 "
        "section 9.2.3)."},
    Row{Reason::UpgradeRequested, "upgrade-requested",
        "The request asks for another protocol (RFC 9110 section 7.8)."},
    Row{Reason::RequestBody, "request-body", "The request has content (RFC 9110 section 9.3.1)."},
    Row{Reason::SiteBypass, "site-bypass", "A rule of the site bypasses the cache."},
    Row{Reason::Expired, "expired", "The stored response is stale (RFC 9111 section 4.2)."},
    Row{Reason::NoFreshness, "no-freshness",
        "The stored response has no freshness lifetime and is validated before each use (RFC 9111 "
        "section "
        "4.2.1)."},
    Row{Reason::NoCacheResponse, "response-no-cache",
        "The response says no-cache: validated before each use (RFC 9111 section 5.2.2.4)."},
    Row{Reason::NoCacheRequest, "request-no-cache",
        "The request says no-cache (RFC 9111 section 5.2.1.4, or Pragma, section 5.4)."},
    Row{Reason::RequestMaxAge, "request-max-age",
        "The stored response is older than the request's max-age (RFC 9111 section 5.2.1.1)."},
    Row{Reason::RequestMinFresh, "request-min-fresh",
        "The stored response is not fresh for the request's min-fresh (RFC 9111 section 5.2.1.3)."},
    Row{Reason::MustRevalidate, "must-revalidate",
        "Stale, and must-revalidate, proxy-revalidate or s-maxage forbids using it (RFC 9111 "
        "sections 4.2.4, "
        "5.2.2)."},
    Row{Reason::InvalidFreshness, "invalid-freshness",
        "The freshness information is not valid and counts as stale (RFC 9111 section 4.2.1)."},
    Row{Reason::KnownUncacheable, "known-uncacheable",
        "The last response under this key could not be stored; it is not waited for."},
    Row{Reason::RangeNotStored, "range-not-stored",
        "The range asked for is not stored (RFC 9111 section 3.4)."},
    Row{Reason::OnlyIfCached, "only-if-cached",
        "The request wants a stored response only, and none may be used (RFC 9111 section "
        "5.2.1.7)."},
    Row{Reason::RequestNoStore, "request-no-store",
        "The request says no-store (RFC 9111 section 5.2.1.5)."},
    Row{Reason::Purged, "purged", "What was stored is gone by a purge."},
    Row{Reason::SoftPurged, "soft-purged", "A soft purge made the stored response stale."},
    Row{Reason::Behind, "behind",
        "A child tier knows of a purge that this node has not applied yet: what is stored may be "
        "older."},
    Row{Reason::Fenced, "fenced",
        "The node has lost the purge log for longer than purge.max_lag: what is stored is validated "
        "first."},
    // not stored
    Row{Reason::ResponseNoStore, "no-store",
        "The response says no-store (RFC 9111 section 5.2.2.5)."},
    Row{Reason::ResponsePrivate, "private",
        "The response says private (RFC 9111 section 5.2.2.7)."},
    Row{Reason::MustUnderstandStatus, "must-understand",
        "The response says must-understand and its status is not known (RFC 9111 section "
        "5.2.2.3)."},
    Row{Reason::AuthorizationNotShared, "authorization-not-shared",
        "The request had Authorization, and the response is not public, must-revalidate or "
        "s-maxage (RFC "
        "9111 section 3.5)."},
    Row{Reason::StatusNotCacheable, "status-not-cacheable",
        "This status is not stored, or not without explicit freshness (RFC 9111 section 3)."},
    Row{Reason::NoValidatorNoFreshness, "no-validator-no-freshness",
        "The response is not fresh and cannot be validated: nothing to store it for (RFC 9111 "
        "section 3)."},
    Row{Reason::SetCookieForbidden, "set-cookie",
        "Set-Cookie without explicit freshness, or the site does not store it (RFC 9111 section "
        "7.3)."},
    Row{Reason::VaryTooMany, "vary-too-many", "Vary names more fields than Brink keeps apart."},
    Row{Reason::PartialResponse, "partial", "A 206 is not stored (RFC 9111 section 3.3)."},
    Row{Reason::Incomplete, "incomplete",
        "The response ended before it was complete (RFC 9111 section 3.3)."},
    Row{Reason::TooLarge, "too-large", "The response is larger than one stored response may be."},
    Row{Reason::StoreFull, "store-full", "The store has no room, even after eviction."},
    Row{Reason::HeadRequest, "head",
        "A response to HEAD has no content to store (RFC 9110 section 9.3.2)."},
    Row{Reason::InterimStatus, "interim", "Interim responses are not stored (RFC 9111 section 3)."},
    Row{Reason::UnknownTransferCoding, "unknown-transfer-coding",
        "The transfer coding is not known (RFC 9112 section 7)."},
    Row{Reason::TagsOverLimit, "tags-over-limit",
        "The response has more tags than purge.tags_per_response or purge.tag_bytes allow: a purge "
        "could miss it."},
    Row{Reason::TierBehind, "tier-behind",
        "The regional node could not say that its content is from after every purge this node knows."},
    // stored
    Row{Reason::Stored, "stored", "Stored, and fresh (RFC 9111 section 3)."},
    Row{Reason::StoredToValidate, "stored-to-validate",
        "Stored, to be validated before use (RFC 9111 section 4.3)."},
    Row{Reason::Freshened, "freshened",
        "Validated, and freshened from a 304 (RFC 9111 section 4.3.4)."},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].reason) != i) return false;
  }
  return kRows.size() == static_cast<std::size_t>(Reason::Count_);
}
static_assert(in_order(), "one row per Reason, in the order of the enumeration");

const Row& row(Reason reason) {
  const auto index = static_cast<std::size_t>(reason);
  return kRows[index < kRows.size() ? index : 0];
}

}  // namespace

std::string_view to_string(Reason reason) {
  return row(reason).name;
}
std::string_view describe(Reason reason) {
  return row(reason).sentence;
}

}  // namespace brink::edge::cache
