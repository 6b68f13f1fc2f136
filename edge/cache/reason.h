#pragma once
// Every caching decision has a name: one enumeration feeds Cache-Status detail, the access log,
// metrics and explain (DESIGN.md section 7). The prose for each value is in reason.cc (one table).

#include <cstdint>
#include <string_view>

namespace brink::edge::cache {

enum class Reason : std::uint8_t {
  None,
  // answered from the store
  Fresh,
  FreshByRequestMaxStale,
  StaleWhileRevalidate,
  StaleIfError,
  StaleUnreachable,
  // not answered from the store
  NotStored,
  VariantNotStored,
  VaryStar,
  MethodNotCacheable,
  UpgradeRequested,
  RequestBody,
  SiteBypass,
  Expired,
  NoFreshness,
  NoCacheResponse,
  NoCacheRequest,
  RequestMaxAge,
  RequestMinFresh,
  MustRevalidate,
  InvalidFreshness,
  KnownUncacheable,
  RangeNotStored,
  OnlyIfCached,
  RequestNoStore,
  Purged,
  SoftPurged,
  Behind,
  Fenced,
  // not stored
  ResponseNoStore,
  ResponsePrivate,
  MustUnderstandStatus,
  AuthorizationNotShared,
  StatusNotCacheable,
  NoValidatorNoFreshness,
  SetCookieForbidden,
  VaryTooMany,
  PartialResponse,
  Incomplete,
  TooLarge,
  StoreFull,
  HeadRequest,
  InterimStatus,
  UnknownTransferCoding,
  TagsOverLimit,
  TierBehind,
  // stored
  Stored,
  StoredToValidate,
  Freshened,
  Count_,
};

// "fresh", "not-stored", … : lower-case words joined by '-', stable for scripts.
std::string_view to_string(Reason reason);
// One sentence, with the section of the standard.
std::string_view describe(Reason reason);

}  // namespace brink::edge::cache
