#pragma once
// The store's figures as metrics, brought up to date when somebody reads them.

#include "config/runtime/metrics.h"
#include "edge/store/store.h"

namespace brink::edge {

// Used by the admin thread only.
class StoreMetrics {
 public:
  explicit StoreMetrics(MetricsRegistry& registry);
  void update(const store::StoreStats& stats);

 private:
  Gauge& responses_;
  Gauge& used_bytes_;
  Gauge& ceiling_bytes_;
  Counter& evicted_responses_;
  Counter& evicted_bytes_;
  Counter& variants_dropped_;
  Counter& fills_overflowed_;
  Counter& stored_;
};

}  // namespace brink::edge
