#include "tiered/tier_upstream.h"

#include <map>
#include <utility>

#include "origin/candidates.h"
#include "origin/client.h"
#include "origin/server.h"
#include "tiered/ring.h"

namespace brink::tiered {
namespace {

using origin::Candidate;
using ServerPtr = std::shared_ptr<origin::Server>;

// One shard's counters; a node's cell is made when the node is first met and lives on.
class TierMetrics {
 public:
  explicit TierMetrics(MetricsRegistry& registry)
      : fallbacks(registry.counter(
            "brink_tiered_fallbacks_total",
            "Requests that went to the origin because no regional node could answer.")),
        registry_(registry) {}

  void asked(const std::string& node) {
    auto& cell = nodes_[node];
    if (!cell) {
      cell = &registry_.counter("brink_tiered_requests_total", "Requests to each regional node.",
                                {{"node", node}});
    }
    cell->add();
  }

  Counter& fallbacks;

 private:
  MetricsRegistry& registry_;
  std::map<std::string, Counter*> nodes_;
};

// The key's nodes in the ring's order, 1 + `retries` of them, then the origin.
class TierCandidates final : public origin::Candidates {
 public:
  TierCandidates(std::shared_ptr<const Ring> ring, std::uint64_t key_hash,
                 std::shared_ptr<origin::ServerGroup> origin, TierMetrics& metrics)
      : ring_(std::move(ring)),
        key_hash_(key_hash),
        origin_(std::move(origin)),
        metrics_(metrics) {}

  Candidate next(Ticks now, bool again) override {
    if (!fallen_back_) {
      if (ServerPtr node = next_node(now)) {
        metrics_.asked(node->url());
        tried_.push_back(node);
        return {ring_->group(), std::move(node), true};
      }
      if (!ring_->fall_back_to_origin()) return {};
      fallen_back_ = true;
      metrics_.fallbacks.add();
      again = false;  // it was a node that cut the connection
    }
    return origin_.next(now, again);
  }

 private:
  ServerPtr next_node(Ticks now) {
    if (tried_.size() > ring_->group()->options().retries) return nullptr;
    ServerPtr node = ring_->pick(key_hash_, tried_, now);
    // With nobody else to ask, a node that is given up gets its probe.
    if (!node && tried_.empty() && !ring_->fall_back_to_origin())
      node = ring_->group()->pick({}, now);
    return node;
  }

  std::shared_ptr<const Ring> ring_;
  const std::uint64_t key_hash_;
  origin::GroupCandidates origin_;
  TierMetrics& metrics_;
  std::vector<ServerPtr> tried_;
  bool fallen_back_ = false;
};

class TierSource final : public origin::CandidateSource {
 public:
  TierSource(MetricsRegistry& metrics, std::shared_ptr<Ring> ring)
      : metrics_(metrics), ring_(std::move(ring)) {}

  void set_ring(std::shared_ptr<Ring> ring) { ring_ = std::move(ring); }

  std::unique_ptr<origin::Candidates> candidates(const origin::Request& request) override {
    if (!ring_ || ring_->empty()) return std::make_unique<origin::GroupCandidates>(request.origin);
    return std::make_unique<TierCandidates>(ring_, request.key_hash, request.origin, metrics_);
  }

 private:
  TierMetrics metrics_;
  std::shared_ptr<Ring> ring_;
};

class Tier final : public TierUpstream {
 public:
  Tier(boost::asio::io_context& io, const Clock& clock, MetricsRegistry& metrics,
       std::shared_ptr<Ring> ring) {
    auto source = std::make_unique<TierSource>(metrics, std::move(ring));
    source_ = source.get();
    client_ = origin::make_upstream(io, clock, metrics, std::move(source));
  }

  void set_ring(std::shared_ptr<Ring> ring) override { source_->set_ring(std::move(ring)); }

  std::unique_ptr<origin::Call> start(origin::Request request, origin::Handler& handler) override {
    return client_->start(std::move(request), handler);
  }

 private:
  TierSource* source_;  // the client's
  std::unique_ptr<origin::Upstream> client_;
};

}  // namespace

std::unique_ptr<TierUpstream> make_tier_upstream(boost::asio::io_context& io, const Clock& clock,
                                                 MetricsRegistry& metrics,
                                                 std::shared_ptr<Ring> ring) {
  return std::make_unique<Tier>(io, clock, metrics, std::move(ring));
}

}  // namespace brink::tiered
