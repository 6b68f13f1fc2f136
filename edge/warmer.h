#pragma once
// The warming of one node: jobs that fetch URLs into the cache ahead of clients, paced.
//
//   start() → pump(): as many asks as the pace and the concurrency let begin → the port fetches →
//   finished() → pump() …
//
// The jobs take turns, URL by URL: a short one does not wait for a long one. All of them share one
// pace, and each has its own below it. What is asked goes through the node's request flow
// (warm_session.h), so that it stores what a client's request would have stored, and no purge can
// be outrun.
//
// Threads: any; one mutex, never held while the port fetches. pump() and finished() on one
// thread, the control thread. Bounds: config cache.warm; kWarmKept jobs that have ended are
// remembered.

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "edge/sitemap.h"
#include "edge/warm_job.h"
#include "purge/problem.h"

namespace brink::edge {

inline constexpr std::size_t kWarmKept = 100;

// What a warmer asks of its node.
class WarmPort {
 public:
  virtual ~WarmPort() = default;
  // Fetches; finished() once, from the thread that calls pump(), not from within this call.
  virtual void ask(WarmAsk ask) = 0;
  // Calls pump() soon, on its thread. From any thread.
  virtual void pump_soon() = 0;
  // The site that answers for a host; empty = none.
  virtual std::string site_of(std::string_view host) const = 0;
  virtual bool has_tls() const = 0;  // a listener speaks it, or children of this node may
};

// Exactly one of `urls` and `sitemap`.
struct WarmWanted {
  std::vector<std::string> urls = {};
  std::string sitemap = {};
  std::uint32_t rate = 0;               // 0 = what the options allow
  std::string by = {};                  // the token's name …
  std::vector<std::string> sites = {};  // … and the sites it may warm; "*" = all
};

class Warmer {
 public:
  // All outlive it.
  Warmer(WarmPort& port, const Clock& clock, MetricsRegistry& metrics,
         const config::WarmOptions& options);

  // A job that has begun, or why there is none.
  std::variant<WarmStatus, purge::Problem> start(const WarmWanted& wanted);
  // What a purge with warm has found worth fetching again, most requested first. The job has the
  // purge's id.
  void start_after_purge(const std::string& purge_id, const std::string& by,
                         const std::vector<std::string>& urls);
  std::optional<WarmStatus> find(std::string_view id) const;
  std::vector<WarmStatus> list() const;  // newest last
  // Begins nothing more of it; what is under way ends by itself. `sites`: what the caller may warm;
  // a job that may fetch others is refused (false in `allowed`). Empty: no such job.
  std::optional<WarmStatus> stop(std::string_view id, const std::vector<std::string>& sites,
                                 bool& allowed);
  void stop_all();  // the node stops; nothing begins any more
  void set_options(const config::WarmOptions& options);
  config::WarmOptions options() const;

  // Begins what is due. When it wants to be called again; Ticks::max() = only after finished() or
  // pump_soon().
  Ticks pump();
  void finished(const WarmAsk& ask, const WarmFound& found);

 private:
  using Jobs = std::list<std::shared_ptr<WarmJob>>;

  std::optional<purge::Problem> check(const WarmWanted& wanted, WarmJob& job) const;
  std::optional<purge::Problem> check_url(const std::string& url, const WarmJob& job,
                                          WarmUrl& out) const;
  // With mutex_ held.
  bool begin(std::shared_ptr<WarmJob> job);
  Ticks choose(Ticks now, std::vector<WarmAsk>& out);
  WarmAsk ask_of(WarmJob& job);
  void took_sitemap(WarmJob& job, const WarmAsk& ask, const WarmFound& found);
  void take_locations(WarmJob& job, const Sitemap& sitemap);
  void end_if_over(WarmJob& job);
  WarmUrl as_clients_ask(WarmUrl url) const;
  static bool may_warm(const WarmJob& job, std::string_view site);

  WarmPort& port_;
  const Clock& clock_;
  std::array<Counter*, static_cast<std::size_t>(WarmResult::Count_)> results_;
  Counter& too_many_jobs_;
  Counter& too_many_urls_;
  Gauge& jobs_gauge_;

  mutable std::mutex mutex_;
  config::WarmOptions options_;
  WarmPace pace_;
  Jobs running_;  // whose turn it is comes first
  Jobs ended_;    // oldest first
  std::uint32_t under_way_ = 0;
  bool stopped_ = false;
};

}  // namespace brink::edge
