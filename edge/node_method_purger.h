#pragma once
// A node's MethodPurger: hands purges from the shards to the API, on the control thread.

#include <array>
#include <atomic>

#include "config/runtime/metrics.h"
#include "edge/asio.h"
#include "edge/audit_log.h"
#include "edge/purge_methods.h"
#include "purge/api.h"

namespace brink::edge {

// Purges from clients' listeners that wait at once; more → 503, so that the API has room left among
// purge::kWaiters.
inline constexpr std::size_t kMethodPurgesWaiting = 256;

class NodeMethodPurger final : public MethodPurger {
 public:
  struct Audit {
    AuditLog* log;  // null: none
    const Clock& clock;
  };
  // All outlive it, and `control` ends before it does.
  NodeMethodPurger(purge::Api& api, net::io_context& control, MetricsRegistry& metrics,
                   const Audit& audit);

  void purge(const RequestHead& head, std::string_view site,
             std::shared_ptr<MethodPurgeCall> call) override;
  void count_refusal() override { count(Result::Refused); }

 private:
  enum class Result : std::uint8_t { Done, Outstanding, Invalid, Failed, Refused, Count_ };
  struct Asked {
    std::string method, target, host, site, client;
    OwnedFields fields;
  };
  void run(const std::shared_ptr<const Asked>& asked, const std::shared_ptr<MethodPurgeCall>& call);
  void finish(const Asked& asked, const purge::EachAnswer& answer, MethodPurgeCall& call);
  void answer(const Asked& asked, MethodPurgeAnswer answer, MethodPurgeCall& call);
  void count(Result result) { results_[static_cast<std::size_t>(result)]->add(); }

  purge::Api& api_;
  net::io_context& control_;
  const Audit audit_;
  std::array<Counter*, static_cast<std::size_t>(Result::Count_)> results_;
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace brink::edge
