// Warmer, its work: whose turn it is, and what becomes of what was asked (warmer.h).

#include <algorithm>
#include <utility>

#include "edge/warmer.h"

namespace brink::edge {

Ticks Warmer::pump() {
  std::vector<WarmAsk> asks;
  Ticks next;
  {
    const std::lock_guard lock(mutex_);
    next = choose(clock_.ticks(), asks);
  }
  for (WarmAsk& ask : asks)
    port_.ask(std::move(ask));
  return next;
}

Ticks Warmer::choose(Ticks now, std::vector<WarmAsk>& out) {
  while (!stopped_ && under_way_ < options_.concurrency) {
    Ticks next = Ticks::max();
    auto turn = running_.end();
    for (auto it = running_.begin(); it != running_.end() && turn == running_.end(); ++it) {
      if (!(*it)->has_work()) continue;
      if ((*it)->pace.ready(now)) turn = it;
      next = std::min(next, (*it)->pace.due());
    }
    if (turn == running_.end()) return next;
    if (!pace_.ready(now)) return pace_.due();
    pace_.spend(now);
    (*turn)->pace.spend(now);
    out.push_back(ask_of(**turn));
    running_.splice(running_.end(), running_, turn);
  }
  return Ticks::max();
}

WarmAsk Warmer::ask_of(WarmJob& job) {
  ++under_way_;
  ++job.under_way;
  WarmAsk out{.job = job.status.id, .url = {}, .timeout = options_.timeout};
  // Sitemaps come first: whoever looks at the progress wants to know how much there is.
  if (!job.sitemaps.empty() && !job.reads_sitemap) {
    job.reads_sitemap = true;
    out.url = std::move(job.sitemaps.front());
    job.sitemaps.pop_front();
    const std::uint64_t left =
        options_.sitemap_bytes - std::min(options_.sitemap_bytes, job.sitemap_bytes);
    out.body = std::make_shared<SitemapReader>(
        SitemapLimits{.bytes = left,
                      .locations = static_cast<std::size_t>(options_.urls),
                      .text_bytes = kWarmTextBytes - std::min(kWarmTextBytes, job.url_bytes)});
  } else {
    out.url = job.take_url();
  }
  return out;
}

void Warmer::finished(const WarmAsk& ask, const WarmFound& found) {
  const std::lock_guard lock(mutex_);
  const auto it = std::find_if(running_.begin(), running_.end(),
                               [&](const auto& job) { return job->status.id == ask.job; });
  if (it == running_.end()) return;
  const std::shared_ptr<WarmJob> job = *it;
  --under_way_;
  --job->under_way;
  if (ask.body) {
    took_sitemap(*job, ask, found);
  } else {
    results_[static_cast<std::size_t>(found.result)]->add();
    job->note(ask.url, found);
  }
  end_if_over(*job);
}

// The one that was named must be read; one that an index names is a failure among others.
void Warmer::took_sitemap(WarmJob& job, const WarmAsk& ask, const WarmFound& found) {
  job.reads_sitemap = false;
  if (job.is_over()) return;
  Sitemap sitemap = static_cast<SitemapReader&>(*ask.body).end();
  job.sitemap_bytes += sitemap.bytes;
  const bool is_first = job.status.sitemaps_read++ == 0;
  std::string why = found.result == WarmResult::Failed ? found.detail : sitemap.error;
  if (why.empty() && sitemap.is_index && !is_first)
    why = "a sitemap index within an index is not read";
  if (why.empty()) return take_locations(job, sitemap);
  why = "sitemap: " + why;
  if (is_first) {
    job.status.state = WarmStatus::State::Failed;
    job.status.why = why;
    job.drop_work();
  }
  if (job.status.errors.size() < kWarmSamples) job.status.errors.push_back({ask.url.text(), why});
}

void Warmer::take_locations(WarmJob& job, const Sitemap& sitemap) {
  job.status.skipped += sitemap.skipped;
  bool is_cut = sitemap.truncated;
  for (const std::string& location : sitemap.locations) {
    const auto url = parse_warm_url(location);
    const std::string site = url ? port_.site_of(url->host) : std::string();
    if (site.empty() || !may_warm(job, site)) {
      ++job.status.skipped;
    } else if (!sitemap.is_index) {
      is_cut = !job.add(as_clients_ask(*url), options_.urls) || is_cut;
    } else if (1 + job.sitemaps.size() < options_.sitemaps) {
      job.sitemaps.push_back(as_clients_ask(*url));
    } else {
      is_cut = true;
    }
  }
  if (!is_cut) return;
  if (!std::exchange(job.status.truncated, true)) too_many_urls_.add();
}

void Warmer::end_if_over(WarmJob& job) {
  const bool is_working = job.has_work() || job.reads_sitemap || job.under_way > 0;
  if (!is_working && !job.is_over()) job.status.state = WarmStatus::State::Done;
  if (job.is_over() && job.status.ended == Ticks{}) job.status.ended = clock_.ticks();
  if (is_working) return;
  const auto it = std::find_if(running_.begin(), running_.end(),
                               [&](const auto& each) { return each.get() == &job; });
  if (it == running_.end()) return;
  ended_.splice(ended_.end(), running_, it);
  jobs_gauge_.add(-1);
  while (ended_.size() > kWarmKept)
    ended_.pop_front();
}

}  // namespace brink::edge
