#pragma once
// How fast warming may ask: so many requests per second, evenly, on a clock that is given.
//
// What was not used is not saved up, but for kCatchUp: a thread that comes late may ask for what
// was due meanwhile. So in any T seconds there are at most rate * (T + kCatchUp) + 1.

#include <algorithm>
#include <cstdint>

#include "config/runtime/clock.h"

namespace brink::edge {

class WarmPace {
 public:
  static constexpr Millis kCatchUp{50};
  // REQUIRES: rate > 0.
  explicit WarmPace(std::uint32_t rate) { set_rate(rate); }

  void set_rate(std::uint32_t rate) {
    constexpr std::int64_t kSecondNs = 1'000'000'000;
    interval_ = std::chrono::nanoseconds{kSecondNs / rate};
  }
  // When the next request may begin; not after `now` = at once.
  Ticks due() const { return due_; }
  bool ready(Ticks now) const { return due_ <= now; }
  // One begins. REQUIRES: ready(now).
  void spend(Ticks now) { due_ = std::max(due_, now - kCatchUp) + interval_; }

 private:
  std::chrono::nanoseconds interval_{0};
  Ticks due_ = Ticks::min();
};

}  // namespace brink::edge
