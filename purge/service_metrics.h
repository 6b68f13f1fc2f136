#pragma once
// What a node's purge side counts.

#include <array>

#include "config/runtime/metrics.h"
#include "purge/log.h"
#include "purge/record.h"

namespace brink::purge {

struct ServiceMetrics {
  explicit ServiceMetrics(MetricsRegistry& registry);

  void count(Record::Kind kind) { records[static_cast<std::size_t>(kind)]->add(); }
  void update(const LogHealth& health);

  std::array<Counter*, kRecordKinds> records;
  Gauge& applied;
  Gauge& fenced;
  Gauge& joined;
  Gauge& lag_seconds;
  Gauge& members;
  Gauge& matchers;
  Gauge& waiting;
  Counter& waiters_refused;
  Counter& rejoins;
  Counter& append_errors;
  Counter& damage_errors;
  Counter& report_errors;

 private:
  LogHealth seen_;
};

}  // namespace brink::purge
