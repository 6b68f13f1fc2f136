#pragma once
// One line of the audit log, and the chain through all of them.
//
//   {"n":7,"at":"2026-…Z","node":"fra-1","who":"ops","from":"10.0.0.7","call":"POST /v1/purges",
//    "request":{…},"reason":"sale","status":200,"result":{…},"previous":HASH,"hash":HASH}
//
// HASH is SHA-256 in hexadecimal digits; "hash" is of the line's text before `,"hash":`, "previous"
// the hash of the line before. A line that is changed, left out or put in breaks the chain behind it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"

namespace brink::edge {

// A request body beyond this stands in the log as its length, hash and beginning.
inline constexpr std::size_t kAuditRequestBytes = 64 * 1024;

struct AuditEntry {
  TimePoint at{};
  std::string who;      // the token's name; empty = nobody who is known
  std::string from;     // address
  std::string call;     // method and path
  std::string request;  // body
  int status = 0;
  std::string answer;  // body
};

// Where a chain has come to.
struct AuditLink {
  std::uint64_t number = 0;
  std::string hash = std::string(64, '0');
};

// The line that follows `last`, without a line end; moves `last` to it.
std::string audit_line(const AuditEntry& entry, std::string_view node, AuditLink& last);

// The link of a line whose own hash is right.
std::optional<AuditLink> read_audit_link(std::string_view line);

// Checks lines one after the other. The first one may follow anything: older ones may be elsewhere.
class AuditChain {
 public:
  // Empty, or what is wrong with this line.
  std::string check(std::string_view line);
  const std::optional<AuditLink>& last() const { return last_; }

 private:
  std::optional<AuditLink> last_;
};

}  // namespace brink::edge
