#pragma once
// Where a node stands in the purge log, read by every request.
//
// `applied` moves only after a record is in force, so a request that reads it first and the store
// afterwards sees every purge up to it. Whether the node may trust its position is a matter of time:
// the log's side proves again and again that at some moment nothing was outstanding, and what was
// proved expires by itself. So a process that was stopped for an hour does not answer from its cache
// when it wakes, before any of its timers has run. Lock-free; all functions from any thread, those
// that move it from the log's thread only.

#include <atomic>
#include <cstdint>

#include "config/options.h"
#include "config/runtime/clock.h"

namespace brink::purge {

class Position {
 public:
  std::uint64_t applied() const noexcept { return applied_.load(std::memory_order_acquire); }
  void set_applied(std::uint64_t sequence) noexcept {
    applied_.store(sequence, std::memory_order_release);
  }
  // The node has lost the log for longer than purge.max_lag, or has not joined yet.
  bool fenced(Ticks now) const noexcept {
    return now.time_since_epoch().count() > trusted_until_ns_.load(std::memory_order_acquire);
  }
  // Everything appended before `proved_at` has been applied. `max_lag` as configured.
  void trust(Ticks proved_at, Millis max_lag) noexcept {
    trusted_until_ns_.store((proved_at + max_lag).time_since_epoch().count(),
                            std::memory_order_release);
  }
  // For a log that cannot be lost: it is in this process.
  void trust_always() noexcept {
    trusted_until_ns_.store(INT64_MAX, std::memory_order_release);
  }
  void distrust() noexcept { trusted_until_ns_.store(INT64_MIN, std::memory_order_release); }

 private:
  alignas(64) std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::int64_t> trusted_until_ns_{INT64_MIN};
};

}  // namespace brink::purge
