#pragma once
// What the demo origin remembers between requests. Belongs to the server's thread, except the
// counts.

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "config/runtime/clock.h"
#include "config/runtime/random.h"
#include "origin/shop.h"

namespace brink::origin {

// How often each URL was asked. Safe from any thread.
// Bounded: further and overlong URLs are counted together, as kDemoOtherUrls.
inline constexpr std::size_t kDemoCountedUrls = 16'384;
inline constexpr std::size_t kDemoCountedUrlBytes = 1'024;
inline constexpr const char* kDemoOtherUrls = "(others)";
class DemoCounts {
 public:
  // Counts one more and returns the sum.
  std::uint64_t add(const std::string& url);
  std::map<std::string, std::uint64_t> snapshot() const;
  void reset();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> counts_;
};

struct DemoState {
  ShopState shop;
  DemoCounts counts;
  std::string version = "1";  // what /version says
  TimePoint version_changed = kShopOpened;
  std::uint64_t now_answers = 0;  // of /now, for its counter
  Random random{0};
};

}  // namespace brink::origin
