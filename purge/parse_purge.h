#pragma once
// What POST /v1/purges and PUT /v1/sites/{site}/version are given, as values; every mistake with
// what was expected (DESIGN.md section 6). Pure; the body is the network's.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "config/runtime/clock.h"
#include "purge/problem.h"
#include "purge/record.h"
#include "purge/wait.h"

namespace brink::purge {

inline constexpr std::size_t kUrlsPerPurge = 1'000;
inline constexpr std::size_t kTagsPerPurge = 1'000;
inline constexpr std::size_t kTagBytes = 1'024;
inline constexpr std::size_t kTextBytes = 16 * 1024;  // a URL, prefix, pattern or host
inline constexpr std::size_t kRegexBytes = 1'024;
inline constexpr int kRegexProgram = 10'000;  // RE2's instructions; they bound time per byte
inline constexpr std::size_t kReasonBytes = 1'024;
inline constexpr Millis kTimeoutDefault{5'000};
inline constexpr Millis kTimeoutMost{60'000};

struct PurgeRequest {
  Record record;  // kind, selector, soft, warm, reason; the rest is the caller's
  Wait wait = Wait::Node;
  Millis timeout = kTimeoutDefault;
};

// A dry run is a Count. URLs come out as given, checked to be absolute; hosts in lower case and without a default port.
std::variant<PurgeRequest, Problem> parse_purge(std::string_view body);
// The same for a version: {"version", "percent"} and `wait`, `timeout_ms`, `reason`.
std::variant<PurgeRequest, Problem> parse_version(std::string_view body, std::string_view site);

}  // namespace brink::purge
