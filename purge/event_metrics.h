#pragma once
// What a subscription counts. Cells stay when it is configured anew, so that its counts go on.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/runtime/metrics.h"

namespace brink::purge {

enum class EventResult : std::uint8_t {
  Purged,   // the purge is in the log
  Ignored,  // its conditions do not hold, or it is empty
  Dead,     // it cannot become a purge, and is kept
  Failed,   // nothing is promised: it will be sent again
  Refused,  // a webhook's request without a good signature
  Count_,
};
std::string_view to_string(EventResult result);  // "purged", …

struct EventCounts {
  EventCounts(MetricsRegistry& registry, const std::string& subscription);

  void count(EventResult result) { results[static_cast<std::size_t>(result)]->add(); }
  std::uint64_t value(EventResult result) const {
    return results[static_cast<std::size_t>(result)]->value();
  }

  std::array<Counter*, static_cast<std::size_t>(EventResult::Count_)> results;
  Gauge& dead_letters;
  Gauge& connected;  // of a source in NATS
  Counter& reconnects;
  Counter& errors;
};

}  // namespace brink::purge
