#include "origin/health_check.h"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "config/runtime/log.h"
#include "origin/client.h"
#include "origin/server.h"

namespace brink::origin {
namespace {

// A group of one that is always asked, whatever its health, and keeps the outcome to itself.
class CheckGroup final : public ServerGroup {
 public:
  CheckGroup(std::shared_ptr<ServerGroup> group, std::shared_ptr<Server> server)
      : group_(std::move(group)), options_(group_->options()), servers_{std::move(server)} {
    options_.retries = 0;
    options_.connect_timeout = options_.first_byte_timeout = options_.idle_timeout =
        options_.total_timeout = options_.health.timeout;
  }
  const config::UpstreamOptions& options() const override { return options_; }
  const UpstreamTls& tls() const override { return group_->tls(); }
  std::span<const std::shared_ptr<Server>> servers() const override { return servers_; }
  std::shared_ptr<Server> pick(std::span<const std::shared_ptr<Server>> tried, Ticks) override {
    return tried.empty() ? servers_.front() : nullptr;
  }
  bool take(const std::shared_ptr<Server>&, Ticks) override { return true; }
  void answered(const std::shared_ptr<Server>&) override {}
  bool report(const std::shared_ptr<Server>&, AttemptOutcome, Ticks) override { return false; }
  std::vector<Status> status(Ticks) const override { return {}; }

 private:
  std::shared_ptr<ServerGroup> group_;
  config::UpstreamOptions options_;
  std::vector<std::shared_ptr<Server>> servers_;
};

// One server's checks, one after the other.
class Watch final : public Handler, public std::enable_shared_from_this<Watch> {
 public:
  Watch(boost::asio::io_context& io, Upstream& upstream, std::shared_ptr<ServerGroup> group,
        std::shared_ptr<Server> server)
      : upstream_(upstream),
        server_(std::move(server)),
        group_(std::make_shared<CheckGroup>(std::move(group), server_)),
        timer_(io) {}

  void check() {
    const config::UpstreamOptions& options = group_->options();
    Request request;
    request.method = "GET";
    request.scheme = server_->tls() ? "https" : "http";
    const bool v6 = server_->host().find(':') != std::string::npos;
    request.authority = !options.host.empty() ? options.host
                        : v6 ? fmt::format("[{}]:{}", server_->host(), server_->port())
                             : fmt::format("{}:{}", server_->host(), server_->port());
    request.target = options.health.path;
    request.fields = {{"User-Agent", "brink-health"}};
    request.origin = group_;
    status_ = 0;
    call_ = upstream_.start(std::move(request), *this);
  }

  void on_interim(int, Fields) override {}
  void on_head(const ResponseHead& head) override { status_ = head.status; }
  Flow on_body(std::string_view) override { return Flow::Continue; }
  void on_complete() override { note(status_ >= 200 && status_ < 400); }
  void on_error(Error) override { note(false); }

 private:
  void note(bool well) {
    call_.reset();
    const config::HealthCheckOptions& options = group_->options().health;
    in_a_row_ = well == last_ ? in_a_row_ + 1 : 1;
    last_ = well;
    const bool enough = in_a_row_ >= (well ? options.healthy_after : options.unhealthy_after);
    if (enough && server_->set_healthy(well)) {
      log(well ? LogLevel::Info : LogLevel::Warning, "origin",
          fmt::format("{} is {} by its health checks", server_->url(),
                      well ? "well" : "unhealthy"));
    }
    timer_.expires_after(options.interval);
    timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
      if (error) return;
      if (const auto watch = self.lock()) watch->check();
    });
  }

  Upstream& upstream_;
  std::shared_ptr<Server> server_;
  std::shared_ptr<CheckGroup> group_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<Call> call_;
  int status_ = 0;
  bool last_ = true;
  std::uint32_t in_a_row_ = 0;
};

class Checker final : public HealthChecker {
 public:
  Checker(boost::asio::io_context& io, const Clock& clock)
      : io_(io), upstream_(make_origin_upstream(io, clock, unseen_)) {}

  void watch(std::vector<std::shared_ptr<ServerGroup>> groups) override {
    watches_.clear();
    for (const auto& group : groups) {
      if (group->options().health.path.empty()) continue;
      for (const auto& server : group->servers()) {
        watches_.push_back(std::make_shared<Watch>(io_, *upstream_, group, server));
        watches_.back()->check();
      }
    }
  }

 private:
  boost::asio::io_context& io_;
  MetricsRegistry unseen_;  // checks are no traffic: they stay out of brink_origin_*
  std::unique_ptr<Upstream> upstream_;
  std::vector<std::shared_ptr<Watch>> watches_;
};

}  // namespace

std::unique_ptr<HealthChecker> make_health_checker(boost::asio::io_context& io,
                                                   const Clock& clock) {
  return std::make_unique<Checker>(io, clock);
}

}  // namespace brink::origin
