#include "origin/server_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "config/runtime/log.h"
#include "origin/server.h"

namespace brink::origin {
namespace {

using ServerPtr = std::shared_ptr<Server>;

class Group final : public ServerGroup {
 public:
  Group(const config::UpstreamOptions& options, const ServerGroup* previous)
      : options_(options), tls_(load_upstream_tls(options.tls)) {
    for (const std::string& url : options_.servers)
      add(url, previous);
  }

  const config::UpstreamOptions& options() const override { return options_; }
  const UpstreamTls& tls() const override { return tls_; }
  std::span<const ServerPtr> servers() const override { return servers_; }

  ServerPtr pick(std::span<const ServerPtr> tried, Ticks now) override {
    if (servers_.empty()) return nullptr;
    const std::size_t start = next_.fetch_add(1, std::memory_order_relaxed) % servers_.size();
    ServerPtr picked = options_.balance == config::Balance::LeastOutstanding
                           ? pick_least(start, tried, now)
                           : pick_round_robin(start, tried, now);
    return picked || !tried.empty() ? picked : probe_least_bad();
  }

  bool take(const ServerPtr& server, Ticks now) override { return server->admit(now); }

  void answered(const ServerPtr& server) override { server->answered(); }

  bool report(const ServerPtr& server, AttemptOutcome outcome, Ticks now) override {
    const bool ejected = server->report(outcome, options_, now);
    if (ejected) {
      log(LogLevel::Warning, "origin",
          fmt::format("{} ejected: {} failures in a row", server->url(), options_.eject_after));
    }
    return ejected;
  }

  std::vector<Status> status(Ticks now) const override {
    std::vector<Status> all;
    all.reserve(servers_.size());
    for (const ServerPtr& server : servers_) {
      all.push_back(
          {server->url(), server->healthy(), server->ejected(now), server->outstanding()});
    }
    return all;
  }

 private:
  void add(const std::string& url, const ServerGroup* previous) {
    ServerPtr server;
    if (previous) {
      const auto old = previous->servers();
      const auto same =
          std::find_if(old.begin(), old.end(), [&](const ServerPtr& s) { return s->url() == url; });
      if (same != old.end()) server = *same;
    }
    if (!server) server = Server::parse(url);
    if (!server) {
      log(LogLevel::Error, "origin", fmt::format("not a server's URL, left out: {}", url));
      return;
    }
    // Nobody would ever call it well again.
    if (options_.health.path.empty()) server->set_healthy(true);
    servers_.push_back(std::move(server));
  }

  const ServerPtr& at(std::size_t start, std::size_t i) const {
    return servers_[(start + i) % servers_.size()];
  }

  static bool contains(std::span<const ServerPtr> tried, const ServerPtr& server) {
    return std::find(tried.begin(), tried.end(), server) != tried.end();
  }

  ServerPtr pick_round_robin(std::size_t start, std::span<const ServerPtr> tried, Ticks now) const {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      const ServerPtr& server = at(start, i);
      if (!contains(tried, server) && server->admit(now)) return server;
    }
    return nullptr;
  }

  ServerPtr pick_least(std::size_t start, std::span<const ServerPtr> tried, Ticks now) const {
    const ServerPtr* best = nullptr;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      const ServerPtr& server = at(start, i);
      if (contains(tried, server)) continue;
      // One whose ejection is over is probed at once, or it would wait until all others are busy.
      if (!server->well()) {
        if (server->admit(now)) return server;
        continue;
      }
      if (!best || server->outstanding() < (*best)->outstanding()) best = &server;
    }
    if (best && (*best)->admit(now)) return *best;
    return nullptr;
  }

  ServerPtr probe_least_bad() const {
    if (std::any_of(servers_.begin(), servers_.end(),
                    [](const ServerPtr& server) { return server->well(); })) {
      return nullptr;
    }
    std::vector<ServerPtr> by_badness(servers_);
    std::stable_sort(by_badness.begin(), by_badness.end(),
                     [](const ServerPtr& a, const ServerPtr& b) {
                       if (a->healthy() != b->healthy()) return a->healthy();
                       return a->ejected_until() < b->ejected_until();
                     });
    for (const ServerPtr& server : by_badness) {
      if (server->admit_probe()) return server;
    }
    return nullptr;
  }

  const config::UpstreamOptions options_;
  const UpstreamTls tls_;
  std::vector<ServerPtr> servers_;
  std::atomic<std::uint32_t> next_{0};
};

}  // namespace

std::shared_ptr<ServerGroup> ServerGroup::create(const config::UpstreamOptions& options,
                                                 const ServerGroup* previous) {
  return std::make_shared<Group>(options, previous);
}

}  // namespace brink::origin
