#include "edge/purge_warming.h"

#include "config/runtime/log.h"

namespace brink::edge {

void PurgeWarming::expect(const purge::Record& record, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (most_ == 0) return;
  if (purges_.size() >= kMost) {
    return log_limited(
        LogLevel::Warning, "purge-warm", "purge",
        "64 purges with \"warm\" wait for the reclaimer; what this one matched is fetched again by "
        "its clients only");
  }
  if (!marks_) marks_ = std::make_unique<purge::Marks>(kMost);
  marks_->apply(record, now);
  purges_[record.sequence] = {record.id, record.by, {}};
}

void PurgeWarming::note(const purge::Subject& subject, const store::StoredResponse& response) {
  const std::lock_guard lock(mutex_);
  if (!marks_ || response.meta().sliced) return;
  const auto verdict = marks_->check(subject, response.as_of());
  const auto it = purges_.find(verdict.sequence);
  if (verdict.is == purge::Verdict::Is::Untouched || it == purges_.end()) return;
  std::vector<Counted>& urls = it->second.urls;
  if (!urls.empty() && urls.back().first == subject.uri) {  // another variant
    urls.back().second += response.requests();
    return;
  }
  if (urls.size() >= 2 * most_) keep_most_requested(urls, most_);
  urls.emplace_back(subject.uri, response.requests());
}

// Several versions of a URL, and variants, count together.
void PurgeWarming::keep_most_requested(std::vector<Counted>& urls, std::size_t most) {
  std::sort(urls.begin(), urls.end());
  std::size_t kept = 0;
  for (std::size_t i = 1; i < urls.size(); ++i) {
    if (urls[i].first == urls[kept].first) {
      urls[kept].second += urls[i].second;
    } else if (++kept != i) {
      urls[kept] = std::move(urls[i]);
    }
  }
  if (!urls.empty()) urls.resize(kept + 1);
  std::stable_sort(urls.begin(), urls.end(),
                   [](const Counted& a, const Counted& b) { return a.second > b.second; });
  if (urls.size() > most) urls.resize(most);
}

std::vector<PurgeWarming::Found> PurgeWarming::take(std::uint64_t sequence) {
  std::vector<Found> out;
  const std::lock_guard lock(mutex_);
  while (!purges_.empty() && purges_.begin()->first <= sequence) {
    Purge purge = std::move(purges_.begin()->second);
    purges_.erase(purges_.begin());
    keep_most_requested(purge.urls, most_);
    Found found{std::move(purge.id), std::move(purge.by), {}};
    for (Counted& each : purge.urls)
      found.urls.push_back(std::move(each.first));
    out.push_back(std::move(found));
  }
  if (purges_.empty()) {
    marks_.reset();
  } else if (marks_) {
    marks_->forget(sequence);
  }
  return out;
}

}  // namespace brink::edge
