#include "edge/dry_runs.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace brink::edge {
namespace {

// A URI may hold any bytes, and goes into JSON and onto terminals.
std::string as_shown(std::string_view uri) {
  std::string out;
  for (const char c : uri) {
    if (out.size() >= purge::kPreviewUriBytes) return out + "…";
    if (c > ' ' && c < '\x7f') {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

void DryRuns::add(std::uint64_t sequence, std::unique_ptr<const purge::Marks> alone) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() + running_.size() >= kMost) {
    keep(sequence, {});
  } else {
    waiting_.push_back({.sequence = sequence, .alone = std::move(alone)});
  }
}

void DryRuns::keep(std::uint64_t sequence, purge::Matched matched) {
  done_[sequence] = std::move(matched);
  if (done_.size() > 2 * kMost) done_.erase(done_.begin());
}

bool DryRuns::has_room() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + running_.size() < kMost;
}

void DryRuns::begin(std::uint64_t until, const RecentHits& hits) {
  const std::lock_guard lock(mutex_);
  std::vector<Run> later;
  for (Run& run : waiting_) {
    (run.sequence <= until ? running_ : later).push_back(std::move(run));
  }
  waiting_ = std::move(later);
  if (running_.empty()) return;
  hits_ = hits.sample();
  for (Run& run : running_) {
    run.preview = std::make_shared<purge::Preview>();
    run.preview->hits_sampled = hits_.hits;
  }
}

void DryRuns::look_at(const store::StoredResponse& response, const purge::Subject& subject) {
  for (Run& run : running_) {
    const auto verdict = run.alone->check(subject, response.as_of());
    if (verdict.is != purge::Verdict::Is::Untouched) count(run, response, subject.uri);
  }
}

// Variants of one key share its hits: the first one that is met takes them.
void DryRuns::count(Run& run, const store::StoredResponse& response, std::string_view uri) {
  ++run.responses;
  run.bytes += response.weight();
  const auto hits = hits_.by_key.find(response.hash());
  if (hits != hits_.by_key.end() && run.seen.insert(response.hash()).second) {
    run.preview->hits += hits->second;
  }
  if (run.preview->uris.size() < purge::kPreviewUris) run.preview->uris.push_back(as_shown(uri));
}

void DryRuns::end() {
  const std::lock_guard lock(mutex_);
  for (Run& run : running_) {
    keep(run.sequence, {run.responses, run.bytes, std::move(run.preview)});
  }
  running_.clear();
  hits_ = {};
}

std::optional<purge::Matched> DryRuns::take(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  const auto it = done_.find(sequence);
  if (it == done_.end()) return std::nullopt;
  purge::Matched out = std::move(it->second);
  done_.erase(it);
  return out;
}

}  // namespace brink::edge
