#pragma once
// The model's arithmetic of freshness and age (RFC 9111 §4.2), and whether a shared cache may store
// a response (§3).

#include <string>

#include "config/runtime/clock.h"
#include "tests/sim/rfc9111_directives.h"

namespace brink::sim::rfc9111 {

inline constexpr Seconds64 kMaxDelta = 2147483648;  // §1.2.2

// A response with all that §3 and §4.2 ask about it.
struct Response {
  int status = 0;
  Lines fields;
  TimePoint request_time{};
  TimePoint response_time{};
  Control control;  // what governs it: Control::of_response(fields)
};

struct Lifetime {
  enum class Basis : std::uint8_t { None, Explicit, Heuristic, Invalid };
  Basis basis = Basis::None;
  Seconds64 seconds = 0;
};
Lifetime freshness_lifetime(const Response& response);  // §4.2.1, §4.2.2
// RFC 9110 §6.6.1: without a (valid) Date the time of receipt stands for it, in whole seconds as a
// Date would say it.
Seconds64 date_value(const Response& response);
Seconds64 corrected_initial_age(const Response& response);  // §4.2.3

// §4.2.4: a directive forbids every stale use.
bool forbids_stale(const Control& control);

struct Exchange {
  std::string method;
  std::string target;
  Lines request;
};
// §3: why a shared cache does not store it; empty = it does.
std::string why_not_stored(const Exchange& exchange, const Response& response);

Seconds64 whole_seconds(Millis span);
Seconds64 seconds_since_1970(TimePoint time);

}  // namespace brink::sim::rfc9111
