#pragma once
// How often something may be done (a token be used, a handshake begun): `rate` times per second, as
// many at once (the generic cell rate algorithm, ITU-T I.371 annex A).
//
// Any thread; one atomic number.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "config/runtime/clock.h"

namespace brink::edge {

class TokenRate {
 public:
  explicit TokenRate(std::uint32_t rate_per_second)
      : step_(std::chrono::nanoseconds{Seconds{1}}.count() / rate_per_second),
        tolerance_(step_ * (rate_per_second - 1)) {}

  // Empty: it may go on. Otherwise how long until it may.
  std::optional<std::chrono::nanoseconds> take(Ticks now) noexcept {
    const std::int64_t now_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
    std::int64_t due = due_.load(std::memory_order_relaxed);
    for (;;) {
      const std::int64_t at = std::max(due, now_ns);
      if (at - now_ns > tolerance_) return std::chrono::nanoseconds{at - now_ns - tolerance_};
      if (due_.compare_exchange_weak(due, at + step_, std::memory_order_relaxed)) return {};
    }
  }

 private:
  const std::int64_t step_;       // ns
  const std::int64_t tolerance_;  // ns
  std::atomic<std::int64_t> due_{INT64_MIN / 2};
};

}  // namespace brink::edge
