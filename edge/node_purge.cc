#include "edge/node_purge.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "config/runtime/log.h"
#include "purge/embedded_log.h"
#include "purge/nats_log.h"

namespace brink::edge {
namespace {

constexpr Millis kTick{100};
constexpr Millis kLocalJoin{60'000};  // a file of purge.retain records is read in a few seconds

purge::ServiceOptions service_options(const config::Options& options) {
  return {.node = options.node.name,
          .pop = options.node.pop,
          .role = options.node.role == config::Role::Edge ? "edge" : "regional",
          .max_lag = options.purge.max_lag,
          .forget_node_after = options.purge.forget_node_after,
          .retain = options.purge.retain};
}

purge::ApiSites api_sites(const PurgeState& state) {
  purge::ApiSites out;
  out.site_of = [&state](std::string_view host) {
    const auto sites = state.sites();
    return std::string(site_of_host(sites.get(), host));
  };
  out.has = [&state](std::string_view name) {
    const auto sites = state.sites();
    if (!sites) return false;
    for (const auto& site : sites->sites()) {
      if (site->name == name) return true;
    }
    return false;
  };
  return out;
}

}  // namespace

std::shared_ptr<purge::Log> open_purge_log(const config::PurgeOptions& options,
                                           const std::string& node, const Clock& clock,
                                           MetricsRegistry& metrics, std::string& message) {
  if (options.log == config::PurgeLogKind::Nats) {
    return purge::open_nats_log(options, node, clock, metrics, message);
  }
  purge::EmbeddedLogOptions embedded;
  embedded.path = options.path;
  embedded.retain = options.retain;
  return purge::EmbeddedLog::open(embedded, clock, message);
}

NodePurge::NodePurge(const config::Options& options, const Parts& parts,
                     std::shared_ptr<purge::Log> log)
    : parts_(parts),
      log_(std::move(log)),
      cache_(parts),
      service_(service_options(options),
               {*log_, cache_, parts.state.position, parts.clock, parts.metrics}),
      api_(service_, api_sites(parts.state)),
      methods_(api_, parts.control, parts.metrics, {parts.audit, parts.clock}),
      events_({api_, parts.clock, parts.metrics, options.node.name}) {}

NodePurge::~NodePurge() {
  stop();
}

void NodePurge::start() {
  service_.start();
  parts_.state.set_log_id(log_->id());
  net::post(parts_.control, [this] {
    tick_timer_.emplace(parts_.control);
    tick_later();
  });
  if (log_->is_local() && !service_.wait_joined(kLocalJoin)) {
    log(LogLevel::Warning, "purge",
        "the purge log has not been replayed within a minute; the node is fenced until it is");
  }
}

void NodePurge::stop() {
  events_.stop();
  service_.stop();
}

void NodePurge::tick_later() {
  service_.tick();
  tick_timer_->expires_after(kTick);
  tick_timer_->async_wait([this](error_code error) {
    if (!error) tick_later();
  });
}

void NodePurge::on_counted(std::uint64_t sequence) {
  service_.on_counted(sequence, [this](std::uint64_t each) {
    if (auto counted = parts_.state.dry_runs.take(each)) return *counted;
    return parts_.state.counts.take(each);
  });
}

std::string NodePurge::not_ready() const {
  if (service_.joined()) return {};
  return "waiting for the purge log; purges from before could be missed";
}

std::string NodePurge::fenced_note() const {
  if (!service_.fenced()) return {};
  return "fenced, because the purge log has not been heard of for purge.max_lag";
}

}  // namespace brink::edge
