#include "edge/store_metrics.h"

namespace brink::edge {
namespace {

void raise_to(Counter& counter, std::uint64_t total) {
  if (total > counter.value()) counter.add(total - counter.value());
}

}  // namespace

StoreMetrics::StoreMetrics(MetricsRegistry& registry)
    : responses_(registry.gauge("brink_edge_store_responses", "Stored responses, variants counted one by one.")),
      used_bytes_(registry.gauge("brink_edge_store_used_bytes",
                                 "Memory charged to the cache: metadata, bodies stored and bodies still being served.")),
      ceiling_bytes_(registry.gauge("brink_edge_store_ceiling_bytes", "cache.memory: the hard ceiling.")),
      evicted_responses_(registry.counter("brink_edge_store_evicted_responses_total",
                                          "Stored responses evicted to make room.")),
      evicted_bytes_(registry.counter("brink_edge_store_evicted_bytes_total", "Bytes evicted to make room.")),
      variants_dropped_(registry.counter("brink_edge_store_variants_dropped_total",
                                         "Variants dropped because a key had more than cache.variants_per_key.")),
      fills_overflowed_(registry.counter("brink_edge_store_fills_overflowed_total",
                                         "Bodies that outgrew cache.max_response or the room left, and only passed.")),
      stored_(registry.counter("brink_edge_store_stored_total", "Responses that became stored responses.")) {}

void StoreMetrics::update(const store::StoreStats& stats) {
  responses_.set(static_cast<std::int64_t>(stats.responses));
  used_bytes_.set(static_cast<std::int64_t>(stats.bytes_used));
  ceiling_bytes_.set(static_cast<std::int64_t>(stats.bytes_ceiling));
  raise_to(evicted_responses_, stats.evicted_responses);
  raise_to(evicted_bytes_, stats.evicted_bytes);
  raise_to(variants_dropped_, stats.variants_dropped);
  raise_to(fills_overflowed_, stats.fills_overflowed);
  raise_to(stored_, stats.stored);
}

}  // namespace brink::edge
