#pragma once
// One job of warming: which URLs are still to be fetched, and what became of the others.
//
//   Running → Done | Stopped | Failed (its sitemap could not be read)
//
// No lock of its own: warmer.h guards it.

#include <array>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/clock.h"
#include "edge/warm_ask.h"
#include "edge/warm_pace.h"

namespace brink::edge {

inline constexpr std::size_t kWarmSamples = 10;   // failures that are kept with their URL
inline constexpr std::size_t kWarmReasons = 100;  // different ones that are counted
inline constexpr std::size_t kWarmTextBytes =
    8UL * 1024 * 1024;  // of the URLs that wait in one job

// What is said of a job; a copy is anybody's.
struct WarmStatus {
  enum class State : std::uint8_t { Running, Done, Stopped, Failed };
  struct Sample {
    std::string url, detail;
  };
  std::string id;
  State state = State::Running;
  std::string why;          // Failed
  std::string by;           // the token's name
  std::string sitemap;      // where the URLs came from; empty = they were given
  std::string purge;        // the id of the purge that it follows; empty = none
  std::uint32_t rate = 0;   // requests per second
  std::uint64_t total = 0;  // URLs, as far as they are known
  std::array<std::uint64_t, static_cast<std::size_t>(WarmResult::Count_)> by_result{};
  std::uint64_t skipped = 0;  // of a sitemap: no URLs of these sites
  std::uint64_t sitemaps_read = 0;
  bool truncated = false;  // there were more URLs or sitemaps than a job may have
  std::map<std::string, std::uint64_t, std::less<>> reasons;  // of NotStored and Failed
  std::vector<Sample> errors;                                 // the first failures
  Ticks began{}, ended{};

  std::uint64_t count(WarmResult result) const {
    return by_result[static_cast<std::size_t>(result)];
  }
  std::uint64_t done() const;
};
std::string_view to_string(WarmStatus::State state);  // "running", "done", "stopped", "failed"

struct WarmJob {
  explicit WarmJob(std::uint32_t rate) : pace(rate) { status.rate = rate; }

  WarmStatus status;
  std::vector<std::string> sites;  // whose URLs it may fetch; "*" = all
  WarmPace pace;
  std::deque<WarmUrl> sitemaps;     // to be read; the first of a job is the one that was named
  std::deque<WarmUrl> urls;         // to be fetched
  std::size_t url_bytes = 0;        // of `urls`
  std::uint64_t sitemap_bytes = 0;  // read so far, uncompressed
  std::uint32_t under_way = 0;
  bool reads_sitemap = false;  // one at a time

  bool is_over() const { return status.state != WarmStatus::State::Running; }
  bool has_work() const {
    return !is_over() && (!urls.empty() || (!sitemaps.empty() && !reads_sitemap));
  }
  // One more URL to fetch. False: there are `most` already, or too much text of them.
  bool add(WarmUrl url, std::uint64_t most);
  WarmUrl take_url();
  void note(const WarmUrl& url, const WarmFound& found);
  void drop_work();
};

}  // namespace brink::edge
