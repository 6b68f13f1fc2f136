#pragma once
// A node's purge side with events, without a cache and without sockets.

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "purge/api.h"
#include "purge/embedded_log.h"
#include "purge/events.h"
#include "tests/unit/purge_log_support.h"

namespace brink::purge {

// A log that can be away: appends fail then, as those of NATS do.
class FickleLog final : public Log {
 public:
  explicit FickleLog(std::unique_ptr<Log> log) : log_(std::move(log)) {}
  std::string id() const override { return log_->id(); }
  void attach(LogListener& listener) override { log_->attach(listener); }
  void detach(LogListener& listener) override { log_->detach(listener); }
  void append(Record record, Done done) override {
    if (!is_away) return log_->append(std::move(record), std::move(done));
    done(Error{ErrorCode::NoServerAvailable, Side::Store, Retry::Safe, "the log is away"});
  }
  void report(Report report) override { log_->report(std::move(report)); }
  bool is_local() const override { return true; }

  std::atomic<bool> is_away = false;

 private:
  const std::unique_ptr<Log> log_;
};

class NoTarget final : public Target {
 public:
  Matched apply(const Record&, bool) override { return {1, 1}; }
  void lost_until(std::uint64_t) override {}
};

class EventsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.path = folder_.file("purge.log");
    std::string message;
    log_ = std::make_unique<FickleLog>(EmbeddedLog::open({.path = options_.path}, clock_, message));
    service_ = std::make_unique<Service>(
        ServiceOptions{.node = "fra-1", .pop = "fra", .role = "edge", .retain = 1000},
        Service::Parts{*log_, target_, position_, clock_, metrics_});
    service_->start();
    ASSERT_TRUE(service_->wait_joined(Millis{10'000}));
    ApiSites sites;
    sites.has = [](std::string_view site) { return site == "shop"; };
    sites.site_of = [](std::string_view host) { return host == "shop.test" ? "shop" : ""; };
    api_ = std::make_unique<Api>(*service_, sites);
    events_ = make_events();
  }
  void TearDown() override {
    events_->stop();
    service_->stop();
  }
  std::unique_ptr<Events> make_events() {
    return std::make_unique<Events>(Events::Parts{*api_, clock_, metrics_, "fra-1"});
  }
  void apply() {
    std::string message;
    auto plan = events_->prepare(options_, message);
    ASSERT_NE(plan, nullptr) << message;
    events_->commit(std::move(plan));
  }
  // "tags product-7" for each purge in the log, oldest first.
  std::vector<std::string> purges() const {
    std::vector<std::string> out;
    for (const Service::Known& known : service_->list(0, 1'000)) {
      const Record& record = known.record;
      if (record.kind != Record::Kind::Purge) continue;
      std::string text(to_string(record.selector.kind));
      for (const std::string& value : record.selector.values)
        text.append(" ").append(value);
      out.push_back(std::move(text));
    }
    return out;
  }
  std::int64_t counted(const std::string& result) const {
    return metrics_.total("brink_purge_events_total", {{"result", result}});
  }

  const TestFolder folder_;
  config::PurgeOptions options_;
  VirtualClock clock_{TimePoint{Millis{1'614'265'330'000}}};
  NoTarget target_;
  Position position_;
  MetricsRegistry metrics_;
  std::unique_ptr<FickleLog> log_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<Events> events_;
};

}  // namespace brink::purge
