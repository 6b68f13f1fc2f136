#pragma once
// A node's warming put together: the warmer, the control thread's timer that drives it, the shards
// that fetch.
//
// Threads: the control thread runs the warmer; shards fetch in turn; the API is called on the admin
// thread.

#include <memory>
#include <optional>
#include <vector>

#include "edge/asio.h"
#include "edge/purge_state.h"
#include "edge/shard.h"
#include "edge/warmer.h"

namespace brink::edge {

class NodeWarm final : public WarmPort {
 public:
  // All outlive it. `clock` is the machine's: the pace is about other machines.
  struct Parts {
    PurgeState& state;
    const Clock& clock;
    MetricsRegistry& metrics;
    net::io_context& control;
  };
  NodeWarm(const Parts& parts, const config::Options& options);
  ~NodeWarm() override = default;  // REQUIRES: the shards and the control thread have ended

  // Before the control thread and the shards run. `shards` outlives it.
  void use(const std::vector<std::unique_ptr<Shard>>& shards) { shards_ = &shards; }
  void apply(const config::Options& options);  // a reload
  void stop() { warmer_.stop_all(); }
  Warmer& warmer() { return warmer_; }

  void ask(WarmAsk ask) override;
  void pump_soon() override;
  std::string site_of(std::string_view host) const override;
  bool has_tls() const override { return has_tls_; }

 private:
  void pump();

  const Parts parts_;
  std::atomic<bool> has_tls_;
  Warmer warmer_;
  const std::vector<std::unique_ptr<Shard>>* shards_ = nullptr;
  std::size_t next_shard_ = 0;  // the control thread's
  Timer timer_;                 // ditto
};

}  // namespace brink::edge
