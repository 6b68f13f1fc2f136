#include "edge/warm_job.h"

#include <numeric>
#include <utility>

namespace brink::edge {

std::string_view to_string(WarmResult result) {
  switch (result) {
    case WarmResult::Fresh:
      return "fresh";
    case WarmResult::Stored:
      return "stored";
    case WarmResult::NotStored:
      return "not-stored";
    case WarmResult::Failed:
    case WarmResult::Count_:
      break;
  }
  return "failed";
}

std::string_view to_string(WarmStatus::State state) {
  switch (state) {
    case WarmStatus::State::Running:
      return "running";
    case WarmStatus::State::Done:
      return "done";
    case WarmStatus::State::Stopped:
      return "stopped";
    case WarmStatus::State::Failed:
      break;
  }
  return "failed";
}

std::uint64_t WarmStatus::done() const {
  return std::accumulate(by_result.begin(), by_result.end(), std::uint64_t{0});
}

bool WarmJob::add(WarmUrl url, std::uint64_t most) {
  if (status.total >= most || url_bytes + url.bytes() > kWarmTextBytes) return false;
  ++status.total;
  url_bytes += url.bytes();
  urls.push_back(std::move(url));
  return true;
}

WarmUrl WarmJob::take_url() {
  WarmUrl out = std::move(urls.front());
  urls.pop_front();
  url_bytes -= out.bytes();
  return out;
}

void WarmJob::note(const WarmUrl& url, const WarmFound& found) {
  ++status.by_result[static_cast<std::size_t>(found.result)];
  if (!found.reason.empty() &&
      (status.reasons.size() < kWarmReasons || status.reasons.contains(found.reason))) {
    ++status.reasons[found.reason];
  }
  if (found.result == WarmResult::Failed && status.errors.size() < kWarmSamples) {
    status.errors.push_back({url.text(), found.detail});
  }
}

void WarmJob::drop_work() {
  urls.clear();
  sitemaps.clear();
  url_bytes = 0;
}

}  // namespace brink::edge
