#pragma once

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <string>

#include "config/runtime/clock.h"

namespace brink::purge {

// "2026-11-27T10:00:00.123Z", for people.
inline std::string iso_time(TimePoint at) {
  const auto ms = at.time_since_epoch();
  const std::time_t seconds = std::chrono::duration_cast<Seconds>(ms).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), ms.count() % 1000);
}

}  // namespace brink::purge
