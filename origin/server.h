#pragma once
// One upstream server: where it is, how it is spoken to, how it fares. Shared by all shards and,
// through a reload, by successive groups.
//
// Health is two independent facts. *Ejected* (passive): too many failures in a row; over after a
// time, then one request probes. *Unhealthy* (active): the health checks say so. A server is asked
// when neither holds.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "origin/server_group.h"

namespace brink::origin {

// Safe from any thread. Races between shards are benign: an ejection a request earlier or later.
class Server {
 public:
  // `http://host[:port]`, `https://…` or `http+h2c://…`, a path only if it is "/". Null when it is
  // none.
  static std::shared_ptr<Server> parse(std::string_view url);
  Server(std::string url, std::string host, std::uint16_t port, Protocol protocol)
      : url_(std::move(url)), host_(std::move(host)), port_(port), protocol_(protocol) {}

  const std::string& url() const noexcept { return url_; }  // as configured: for logs and metrics
  const std::string& host() const noexcept {
    return host_;
  }  // without the brackets of an IPv6 literal
  std::uint16_t port() const noexcept { return port_; }
  Protocol protocol() const noexcept { return protocol_; }
  bool tls() const noexcept { return protocol_ == Protocol::H2Tls; }

  // Takes the server for one request if it is well, or if an ejection is over and nobody probes
  // yet. True counts as outstanding until report().
  bool admit(Ticks now) noexcept;
  // Takes it for one probe although it is ejected or unhealthy, unless somebody probes already.
  bool admit_probe() noexcept;
  // It answers: no failures in a row, no ejection, no probe.
  void answered() noexcept;
  // Ends what admit() began. True when this ejected the server.
  bool report(AttemptOutcome outcome, const config::UpstreamOptions& options, Ticks now) noexcept;

  bool healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }
  // From the active checks. True when it changed.
  bool set_healthy(bool healthy) noexcept { return healthy_.exchange(healthy) != healthy; }
  bool ejected(Ticks now) const noexcept { return ejected_until() > now; }
  // Neither ejected nor unhealthy. One that waits for its probe after an ejection is not well yet.
  bool well() const noexcept { return healthy() && ejected_until() == Ticks{}; }
  // The end of the ejection, or the clock's beginning when there is none.
  Ticks ejected_until() const noexcept {
    return Ticks{std::chrono::nanoseconds{ejected_until_ns_.load(std::memory_order_relaxed)}};
  }
  std::uint32_t outstanding() const noexcept {
    return outstanding_.load(std::memory_order_relaxed);
  }

 private:
  bool fail(const config::UpstreamOptions& options, Ticks now) noexcept;

  const std::string url_;
  const std::string host_;
  const std::uint16_t port_;
  const Protocol protocol_;

  std::atomic<std::uint32_t> outstanding_{0};
  std::atomic<std::uint32_t> failures_{0};   // in a row
  std::atomic<std::uint32_t> ejections_{0};  // in a row: the exponent of the next one's length
  std::atomic<std::int64_t> ejected_until_ns_{0};  // of Ticks; 0 = not ejected
  std::atomic<bool> probing_{false};               // one request is out on probation
  std::atomic<bool> healthy_{true};
};

}  // namespace brink::origin
