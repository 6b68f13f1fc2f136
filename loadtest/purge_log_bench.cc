// purge_log_bench: how many records a second each purge log takes, and how long one needs from
// append() to its delivery on a node.
//
//   purge_log_bench [RECORDS [AT_ONCE]]
//
// The embedded log in a file of a temporary folder, and NATS JetStream on a nats-server (from PATH)
// that is started for it on loopback with its store in a temporary folder. First one record after
// the other, then RECORDS with AT_ONCE of them unacknowledged at any time.

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/runtime/random.h"
#include "purge/embedded_log.h"
#include "purge/nats_log.h"
#include "tests/support/nats_server.h"

namespace brink::loadtest {
namespace {

constexpr std::size_t kOneByOne = 500;

// Notes when each record is delivered; its id is its index.
class Deliveries final : public purge::LogListener {
 public:
  Deliveries(std::size_t records, const Clock& clock)
      : clock_(clock), sent_(records), delivered_(records) {}

  void on_record(const purge::Record& record, bool) override {
    const Ticks now = clock_.ticks();
    const std::lock_guard lock(mutex_);
    delivered_.at(std::strtoul(record.id.c_str() + 2, nullptr, 10)) = now;
    ++count_;
    changed_.notify_all();
  }
  void on_lost(std::uint64_t) override {}
  void on_current(Ticks) override {}
  void on_report(const purge::Report&) override {}

  void append(purge::Log& log, std::size_t index, std::size_t at_once) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return outstanding_ < at_once; });
      ++outstanding_;
      sent_[index] = clock_.ticks();
    }
    purge::Record record;
    record.id = "p-" + std::to_string(index);
    record.selector.kind = purge::Selector::Kind::Urls;
    record.selector.values = {"shop.example/products/" + record.id};
    log.append(std::move(record), [this](Result<std::uint64_t> result) {
      const std::lock_guard lock(mutex_);
      --outstanding_;
      failed_ += result ? 0 : 1;
      changed_.notify_all();
    });
  }
  void wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return outstanding_ == 0 && count_ + failed_ >= count; });
  }
  std::size_t failed() const { return failed_; }
  // Microseconds, of records [from, to).
  std::vector<double> latencies(std::size_t from, std::size_t to) const {
    std::vector<double> out;
    for (std::size_t i = from; i < to; ++i)
      out.push_back(std::chrono::duration<double, std::micro>(delivered_[i] - sent_[i]).count());
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Ticks> sent_, delivered_;
  std::size_t count_ = 0, outstanding_ = 0, failed_ = 0;
};

void print(const std::string& name, const std::string& how, double seconds,
           const std::vector<double>& us) {
  fmt::print("{:9} {:16} {:10.0f} records/s   append to delivery p50 {:8.0f} us, p99 {:8.0f} us\n",
             name, how, static_cast<double>(us.size()) / seconds, us[us.size() / 2],
             us[us.size() * 99 / 100]);
}

void measure(const std::string& name, purge::Log& log, const Clock& clock, std::size_t records,
             std::size_t at_once) {
  Deliveries deliveries(kOneByOne + records, clock);
  log.attach(deliveries);
  Ticks begin = clock.ticks();
  for (std::size_t i = 0; i < kOneByOne; ++i) {
    deliveries.append(log, i, 1);
    deliveries.wait(i + 1);
  }
  const auto seconds_since = [&](Ticks since) {
    return std::chrono::duration<double>(clock.ticks() - since).count();
  };
  print(name, "one by one", seconds_since(begin), deliveries.latencies(0, kOneByOne));
  begin = clock.ticks();
  for (std::size_t i = kOneByOne; i < kOneByOne + records; ++i)
    deliveries.append(log, i, at_once);
  deliveries.wait(kOneByOne + records);
  print(name, fmt::format("{} at once", at_once), seconds_since(begin),
        deliveries.latencies(kOneByOne, kOneByOne + records));
  if (deliveries.failed() > 0) fmt::print("{} appends failed\n", deliveries.failed());
  log.detach(deliveries);
}

int run(std::size_t records, std::size_t at_once) {
  const SystemClock clock;
  MetricsRegistry metrics;
  std::string message;
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("brink-bench-" + std::to_string(secure_random()));
  std::filesystem::create_directory(folder);
  purge::EmbeddedLogOptions embedded;
  embedded.path = folder / "purge.log";
  embedded.retain = 10'000'000;
  if (const auto log = purge::EmbeddedLog::open(embedded, clock, message)) {
    measure("embedded", *log, clock, records, at_once);
  }
  std::filesystem::remove_all(folder);

  brink::tests::NatsServer server;
  config::PurgeOptions options;
  options.nats.url = server.url();
  options.retain = 10'000'000;
  const bool is_running = server.start();
  const auto log =
      is_running ? purge::open_nats_log(options, "bench", clock, metrics, message) : nullptr;
  if (log) measure("nats", *log, clock, records, at_once);
  if (!is_running) message = server.standard_error();
  if (!message.empty()) fmt::print("{}\n", message);
  return message.empty() ? 0 : 1;
}

}  // namespace
}  // namespace brink::loadtest

int main(int argc, char** argv) {
  const std::size_t records = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 50'000;
  const std::size_t at_once = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1'000;
  return brink::loadtest::run(std::max<std::size_t>(records, 1), std::max<std::size_t>(at_once, 1));
}
