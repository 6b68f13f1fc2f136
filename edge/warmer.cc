#include "edge/warmer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "edge/edge_metrics.h"
#include "purge/record.h"

namespace brink::edge {

namespace {

constexpr std::string_view kAllSites = "*";

purge::Problem not_right(std::string_view code, std::string detail) {
  return {422, std::string(code), "The request is not right", std::move(detail)};
}

}  // namespace

Warmer::Warmer(WarmPort& port, const Clock& clock, MetricsRegistry& metrics,
               const config::WarmOptions& options)
    : port_(port),
      clock_(clock),
      too_many_jobs_(limit_counter(metrics, Limit::WarmJobs)),
      too_many_urls_(limit_counter(metrics, Limit::WarmUrls)),
      jobs_gauge_(metrics.gauge("brink_edge_warm_jobs", "Jobs of warming under way now.")),
      options_(options),
      pace_(options.rate) {
  for (std::size_t i = 0; i < results_.size(); ++i) {
    results_[i] = &metrics.counter(
        "brink_edge_warm_requests_total",
        "URLs fetched by warming, which count as no client's requests: fresh = was stored "
        "and fresh already; failed = no answer, or one of 400 and above.",
        {{"result", std::string(to_string(static_cast<WarmResult>(i)))}});
  }
}

bool Warmer::may_warm(const WarmJob& job, std::string_view site) {
  return std::any_of(job.sites.begin(), job.sites.end(),
                     [&](const std::string& each) { return each == kAllSites || each == site; });
}

// Behind a TLS terminator clients' requests come as http, whatever is written in a sitemap.
WarmUrl Warmer::as_clients_ask(WarmUrl url) const {
  const bool as_written = options_.scheme == config::WarmScheme::Auto && port_.has_tls();
  if (!as_written) url.scheme = options_.scheme == config::WarmScheme::Https ? "https" : "http";
  return url;
}

std::optional<purge::Problem> Warmer::check_url(const std::string& url, const WarmJob& job,
                                                WarmUrl& out) const {
  const auto parsed = parse_warm_url(url);
  if (!parsed) {
    return not_right("invalid-url",
                     fmt::format("'{}' is not an absolute http or https URL, such as "
                                 "https://shop.example.com/product/7",
                                 url.substr(0, 200)));
  }
  const std::string site = port_.site_of(parsed->host);
  if (site.empty()) {
    return not_right(
        "unknown-host",
        fmt::format(
            "No site of this node answers for '{}'; sites[].hosts in its configuration lists "
            "the hosts it caches.",
            parsed->host));
  }
  if (!may_warm(job, site)) {
    return purge::Problem{
        403, "site-not-allowed", "The token may not warm this site",
        fmt::format("Token '{}' may not warm site '{}', which answers for '{}'. Add it to the "
                    "token's admin.tokens[].sites, or use another token.",
                    job.status.by, site, parsed->host)};
  }
  out = as_clients_ask(*parsed);
  return std::nullopt;
}

std::optional<purge::Problem> Warmer::check(const WarmWanted& wanted, WarmJob& job) const {
  if (wanted.rate > options_.rate) {
    return not_right(
        "limit-reached",
        fmt::format("\"rate\": at most {} requests per second, as cache.warm.rate says",
                    options_.rate));
  }
  WarmUrl url;
  if (!wanted.sitemap.empty()) {
    if (auto problem = check_url(wanted.sitemap, job, url)) return problem;
    job.status.sitemap = wanted.sitemap;
    job.sitemaps.push_back(url);
    return std::nullopt;
  }
  for (const std::string& each : wanted.urls) {
    if (auto problem = check_url(each, job, url)) return problem;
    if (!job.add(std::move(url), options_.urls)) {
      return not_right("limit-reached",
                       fmt::format("\"urls\" has more than {}, as many as cache.warm.urls allows; "
                                   "send several requests",
                                   options_.urls));
    }
  }
  return std::nullopt;
}

bool Warmer::begin(std::shared_ptr<WarmJob> job) {
  if (stopped_ || running_.size() >= options_.jobs) {
    too_many_jobs_.add();
    return false;
  }
  job->status.began = clock_.ticks();
  running_.push_back(std::move(job));
  jobs_gauge_.add(1);
  return true;
}

std::variant<WarmStatus, purge::Problem> Warmer::start(const WarmWanted& wanted) {
  WarmStatus out;
  {
    const std::lock_guard lock(mutex_);
    const auto job = std::make_shared<WarmJob>(wanted.rate > 0 ? wanted.rate : options_.rate);
    job->status.id = "w-" + purge::make_record_id().substr(2);
    job->status.by = wanted.by;
    job->sites = wanted.sites;
    if (auto problem = check(wanted, *job)) return std::move(*problem);
    if (!begin(job)) {
      return purge::Problem{
          429, "too-many-jobs", "Too many jobs are under way",
          fmt::format("{} jobs of warming are under way, as many as cache.warm.jobs allows. "
                      "GET /v1/warm lists them; wait for one, or DELETE one.",
                      options_.jobs)};
    }
    out = job->status;
  }
  port_.pump_soon();
  return out;
}

void Warmer::start_after_purge(const std::string& purge_id, const std::string& by,
                               const std::vector<std::string>& urls) {
  {
    const std::lock_guard lock(mutex_);
    const auto job = std::make_shared<WarmJob>(options_.rate);
    job->status.id = job->status.purge = purge_id;
    job->status.by = by;
    for (const std::string& url : urls) {
      const auto parsed = parse_warm_url(url);
      // What is stored under a target that no browser would send is not fetched by another name.
      const bool is_same = parsed && parsed->text() == url;
      if (!is_same || !job->add(*parsed, options_.after_purge)) {
        ++job->status.skipped;
      } else if (const std::string site = port_.site_of(parsed->host); !may_warm(*job, site)) {
        job->sites.push_back(site);  // who may warm all of these may stop it
      }
    }
    if (!begin(job)) return;
    end_if_over(*job);  // it may have matched nothing
  }
  port_.pump_soon();
}

std::optional<WarmStatus> Warmer::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  for (const Jobs* jobs : {&running_, &ended_}) {
    for (const auto& job : *jobs) {
      if (job->status.id == id) return job->status;
    }
  }
  return std::nullopt;
}

std::vector<WarmStatus> Warmer::list() const {
  std::vector<WarmStatus> out;
  {
    const std::lock_guard lock(mutex_);
    for (const Jobs* jobs : {&running_, &ended_}) {
      for (const auto& job : *jobs)
        out.push_back(job->status);
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.began < b.began; });
  return out;
}

std::optional<WarmStatus> Warmer::stop(std::string_view id, const std::vector<std::string>& sites,
                                       bool& allowed) {
  const std::lock_guard lock(mutex_);
  const auto may = [&](const std::string& site) {
    return std::find(sites.begin(), sites.end(), kAllSites) != sites.end() ||
           std::find(sites.begin(), sites.end(), site) != sites.end();
  };
  for (const Jobs* jobs : {&running_, &ended_}) {
    for (const auto& job : *jobs) {
      if (job->status.id != id) continue;
      allowed = std::all_of(job->sites.begin(), job->sites.end(), may);
      if (!allowed || job->is_over()) return job->status;
      job->status.state = WarmStatus::State::Stopped;
      job->drop_work();
      const std::shared_ptr<WarmJob> kept = job;
      end_if_over(*kept);
      return kept->status;
    }
  }
  return std::nullopt;
}

void Warmer::stop_all() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const auto& job : running_) {
    job->drop_work();
    if (!job->is_over()) job->status.state = WarmStatus::State::Stopped;
  }
}

void Warmer::set_options(const config::WarmOptions& options) {
  {
    const std::lock_guard lock(mutex_);
    options_ = options;
    pace_.set_rate(options.rate);
    for (const auto& job : running_) {
      job->status.rate = std::min(job->status.rate, options.rate);
      job->pace.set_rate(job->status.rate);
    }
  }
  port_.pump_soon();
}

config::WarmOptions Warmer::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

}  // namespace brink::edge
