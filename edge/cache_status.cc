#include "edge/cache_status.h"

#include <charconv>

namespace brink::edge {
namespace {

void append_number(std::string& out, std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

// hit and fwd exclude each other (RFC 9211 §2.1, §2.2); a stale answer is said to be forwarded with its reason. What
// only-if-cached refuses is neither: nothing went forward.
std::string_view disposition(const Outcome& outcome) {
  if (outcome.reason == cache::Reason::OnlyIfCached) return "";
  switch (outcome.result) {
    case CacheResult::Hit: return "; hit";
    case CacheResult::Stale:
    case CacheResult::Validated:
    case CacheResult::Expired: return "; fwd=stale";
    case CacheResult::VaryMiss: return "; fwd=vary-miss";
    case CacheResult::Partial: return "; fwd=partial";
    case CacheResult::Request: return "; fwd=request";
    case CacheResult::Bypass: return "; fwd=bypass";
    case CacheResult::Method: return "; fwd=method";
    case CacheResult::Miss: return "; fwd=uri-miss";
    case CacheResult::Refused:
    case CacheResult::Count_: return "";
  }
  return "";
}

}  // namespace

void append_cache_status(std::string& out, std::string_view node_name, std::string_view above,
                         const Outcome& outcome) {
  out.append("Cache-Status: ");
  if (!above.empty()) out.append(above).append(", ");
  out.append(node_name).append(disposition(outcome));
  if (outcome.upstream_status != 0 && outcome.result != CacheResult::Hit) {
    out.append("; fwd-status=");
    append_number(out, outcome.upstream_status);
  }
  if (outcome.ttl_s) {
    out.append("; ttl=");
    append_number(out, *outcome.ttl_s);
  }
  if (outcome.stored) out.append("; stored");
  if (outcome.collapsed) out.append("; collapsed");
  if (outcome.reason != cache::Reason::None) {
    out.append("; detail=").append(cache::to_string(outcome.reason));
    const bool told = outcome.store_reason == cache::Reason::None || outcome.store_reason == cache::Reason::Stored;
    if (!told) out.append("/").append(cache::to_string(outcome.store_reason));
  }
  out.append("\r\n");
}

void append_proxy_status(std::string& out, std::string_view node_name, ErrorCode code) {
  out.append("Proxy-Status: ").append(node_name).append("; error=").append(to_string(code)).append("\r\n");
}

int status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::ConnectionTimeout:
    case ErrorCode::ResponseTimeout: return 504;
    case ErrorCode::NoServerAvailable:
    case ErrorCode::StoreFull:
    case ErrorCode::LimitReached:
    case ErrorCode::Cancelled: return 503;
    case ErrorCode::LoopDetected: return 508;
    case ErrorCode::BadRequest: return 400;
    case ErrorCode::RequestTimeout: return 408;
    case ErrorCode::BodyTooLarge: return 413;
    default: return 502;
  }
}

}  // namespace brink::edge
