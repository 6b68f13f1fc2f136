#pragma once
// The one door to time (banned calls elsewhere: tests/tidy). Injected everywhere as `const Clock&`.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace brink {

// UTC, milliseconds: what HTTP's dates, ages and freshness are computed with.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;
using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

// Monotonic: durations for metrics, time-outs, health and back-off. Never compared with TimePoint.
using Ticks = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const noexcept = 0;
  virtual Ticks ticks() const noexcept = 0;
};

// The machine's clocks. Safe from any thread.
class SystemClock final : public Clock {
 public:
  TimePoint now() const noexcept override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  Ticks ticks() const noexcept override { return std::chrono::steady_clock::now(); }
};

// A clock that moves only when told to: tests, simulation, replay. Safe from any thread.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(TimePoint start) : now_ms_(start.time_since_epoch().count()), start_(start) {}
  TimePoint now() const noexcept override { return TimePoint{Millis{now_ms_.load()}}; }
  Ticks ticks() const noexcept override { return Ticks{now() - start_}; }
  void advance(Millis by) { now_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_ms_;
  TimePoint start_;
};

}  // namespace brink
