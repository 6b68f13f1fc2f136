#pragma once
// The version of each site, part of its cache key (DESIGN.md section 4): setting one switches every
// response of the site at once, setting the one before back serves what is still stored.
//
// Written by the purge log's thread; read by every request through a copy of its shard's, which is
// renewed when the generation has moved: without versions, one load.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "purge/site_version.h"

namespace brink::edge {

using purge::SiteVersion;

class SiteVersions {
 public:
  using Map = std::map<std::string, SiteVersion, std::less<>>;

  // REQUIRES: as SiteVersion::apply().
  void apply(const purge::Record& record) {
    const std::lock_guard lock(mutex_);
    auto next = std::make_shared<Map>(*map_);
    (*next)[record.selector.site].apply(record);
    map_ = std::move(next);
    generation_.fetch_add(1, std::memory_order_release);
  }
  SiteVersion get(std::string_view site) const {
    const auto map = current();
    const auto it = map->find(site);
    return it == map->end() ? SiteVersion{} : it->second;
  }
  std::shared_ptr<const Map> current() const {
    const std::lock_guard lock(mutex_);
    return map_;
  }
  std::uint32_t generation() const noexcept {
    return generation_.load(std::memory_order_acquire);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Map> map_ = std::make_shared<Map>();
  std::atomic<std::uint32_t> generation_{0};
};

// One shard's copy. Not thread-safe.
class ShardVersions {
 public:
  // The site's entry, or null when it has no version. Valid until the next call.
  const SiteVersion* find(const SiteVersions& all, std::string_view site) {
    if (const std::uint32_t now = all.generation(); now != generation_) {
      generation_ = now;
      map_ = all.current();
    }
    if (!map_) return nullptr;
    const auto it = map_->find(site);
    return it == map_->end() ? nullptr : &it->second;
  }

 private:
  std::uint32_t generation_ = 0;
  std::shared_ptr<const SiteVersions::Map> map_;
};

}  // namespace brink::edge
