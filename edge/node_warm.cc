#include "edge/node_warm.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "edge/purge_target.h"
#include "edge/warm_session.h"

namespace brink::edge {
namespace {

bool clients_come_with_tls(const config::Options& options) {
  return options.node.role == config::Role::Regional ||
         std::any_of(options.listen.begin(), options.listen.end(),
                     [](const auto& each) { return each.tls.has_value(); });
}

}  // namespace

NodeWarm::NodeWarm(const Parts& parts, const config::Options& options)
    : parts_(parts),
      has_tls_(clients_come_with_tls(options)),
      warmer_(*this, parts.clock, parts.metrics, options.cache.warm),
      timer_(parts.control) {
  parts_.state.warming.set_most(options.cache.warm.after_purge);
}

void NodeWarm::apply(const config::Options& options) {
  has_tls_ = clients_come_with_tls(options);
  parts_.state.warming.set_most(options.cache.warm.after_purge);
  warmer_.set_options(options.cache.warm);
}

void NodeWarm::ask(WarmAsk ask) {
  Shard& shard = *(*shards_)[next_shard_++ % shards_->size()];
  shard.post([this, &shard, ask = std::move(ask)] {
    net::co_spawn(shard.io(),
                  warm_session(shard, ask,
                               [this](const WarmAsk& asked, const WarmFound& found) {
                                 net::post(parts_.control, [this, asked, found] {
                                   warmer_.finished(asked, found);
                                   pump();
                                 });
                               }),
                  net::detached);
  });
}

void NodeWarm::pump_soon() {
  net::post(parts_.control, [this] { pump(); });
}

void NodeWarm::pump() {
  const Ticks next = warmer_.pump();
  if (next == Ticks::max()) return;
  timer_.expires_at(next);
  timer_.async_wait([this](error_code error) {
    if (!error) pump();
  });
}

std::string NodeWarm::site_of(std::string_view host) const {
  const auto sites = parts_.state.sites();
  return std::string(site_of_host(sites.get(), host));
}

}  // namespace brink::edge
