#pragma once
// Active health checks: GET health.path of every server of a group, on one control thread.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "config/runtime/clock.h"
#include "origin/server_group.h"

namespace brink::origin {

// A check is well when the status is 200 … 399 within health.timeout. Changes are logged. Used on
// `io`'s thread, or while nobody runs it.
class HealthChecker {
 public:
  virtual ~HealthChecker() = default;  // stops at once
  // Checks these groups from now on (after a reload: the new ones).
  virtual void watch(std::vector<std::shared_ptr<ServerGroup>> groups) = 0;
};
std::unique_ptr<HealthChecker> make_health_checker(boost::asio::io_context& io, const Clock& clock);

}  // namespace brink::origin
