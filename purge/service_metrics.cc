#include "purge/service_metrics.h"

#include <string>

namespace brink::purge {

namespace {

constexpr const char* kErrors =
    "Failures of the purge log: append = a record that was not acknowledged, damage = a line that "
    "could not be read at start, report = a report that found the queue full.";

}  // namespace

ServiceMetrics::ServiceMetrics(MetricsRegistry& r)
    : applied(r.gauge("brink_purge_applied",
                      "Number of the last record of the purge log that this node has applied.")),
      fenced(r.gauge("brink_purge_fenced",
                     "1 while this node does not know whether it has every purge (purge.max_lag), "
                     "and acts as purge.fenced says.")),
      joined(r.gauge("brink_purge_joined",
                     "1 once this node has caught up and is waited for by wait=all.")),
      lag_seconds(r.gauge("brink_purge_lag_seconds",
                          "Age of the last proof that no record is outstanding here; 0 with a log "
                          "in this process.")),
      members(r.gauge("brink_purge_members", "Nodes of the deployment that are waited for.")),
      matchers(r.gauge("brink_purge_matchers",
                       "Prefixes, patterns and the like in force now; at most purge.matchers.")),
      waiting(r.gauge("brink_purge_waiting", "Purges whose answers wait for receipts now.")),
      waiters_refused(r.counter("brink_purge_waiting_limit_total",
                                "Purges refused because too many answers waited for receipts.")),
      rejoins(r.counter("brink_purge_rejoins_total",
                        "Times this node distrusted its position and joined anew.")),
      append_errors(r.counter("brink_purge_errors_total", kErrors, {{"what", "append"}})),
      damage_errors(r.counter("brink_purge_errors_total", kErrors, {{"what", "damage"}})),
      report_errors(r.counter("brink_purge_errors_total", kErrors, {{"what", "report"}})) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i] = &r.counter("brink_purge_records_total",
                            "Records applied, those replayed at start included.",
                            {{"kind", std::string(to_string(static_cast<Record::Kind>(i)))}});
  }
}

void ServiceMetrics::update(const LogHealth& health) {
  append_errors.add(health.failed_appends - seen_.failed_appends);
  damage_errors.add(health.damaged_lines - seen_.damaged_lines);
  report_errors.add(health.dropped_reports - seen_.dropped_reports);
  seen_ = health;
}

}  // namespace brink::purge
