#include "purge/event_metrics.h"

namespace brink::purge {

std::string_view to_string(EventResult result) {
  constexpr std::string_view kNames[] = {"purged", "ignored", "dead", "failed", "refused"};
  return kNames[static_cast<std::size_t>(result)];
}

EventCounts::EventCounts(MetricsRegistry& r, const std::string& subscription)
    : dead_letters(r.gauge("brink_purge_dead_letters",
                           "Events that could not become purges and are kept on this node "
                           "(purge.dead_letters).",
                           {{"subscription", subscription}})),
      connected(r.gauge("brink_purge_events_connected",
                        "1 while the connection to the NATS servers that events come from is up.",
                        {{"subscription", subscription}})),
      reconnects(r.counter("brink_purge_events_reconnects_total",
                           "Times that this connection was made again.",
                           {{"subscription", subscription}})),
      errors(r.counter("brink_purge_events_errors_total",
                       "Errors of this connection, and of its stream and consumer.",
                       {{"subscription", subscription}})) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto result = static_cast<EventResult>(i);
    results[i] =
        &r.counter("brink_purge_events_total",
                   "Events (purge.events): purged = in the log; ignored = their conditions do not "
                   "hold; dead = "
                   "kept as dead letters; failed = not promised, they are sent again; refused = "
                   "without a good "
                   "signature.",
                   {{"subscription", subscription}, {"result", std::string(to_string(result))}});
  }
}

}  // namespace brink::purge
