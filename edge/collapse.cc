#include "edge/collapse.h"

#include "edge/fetch.h"

namespace brink::edge {

CollapseTable::Joined CollapseTable::join(std::string_view key, std::uint64_t hash,
                                          const std::function<std::shared_ptr<Fetch>()>& make) {
  Stripe& s = stripe(hash);
  const std::lock_guard lock(s.mutex);
  if (const auto it = s.fetches.find(key); it != s.fetches.end()) return {it->second, false};
  std::shared_ptr<Fetch> fetch = make();
  s.fetches.emplace(std::string(key), fetch);
  return {std::move(fetch), true};
}

bool CollapseTable::has(const cache::CacheKey& key) {
  Stripe& s = stripe(key.hash);
  const std::lock_guard lock(s.mutex);
  return s.fetches.find(key.text) != s.fetches.end();
}

bool CollapseTable::put(std::string_view key, std::uint64_t hash, const std::shared_ptr<Fetch>& fetch) {
  return join(key, hash, [&] { return fetch; }).leader;
}

void CollapseTable::remove(std::string_view key, std::uint64_t hash, const Fetch* fetch) {
  Stripe& s = stripe(hash);
  std::shared_ptr<Fetch> last;  // let go outside the lock
  const std::lock_guard lock(s.mutex);
  const auto it = s.fetches.find(key);
  if (it == s.fetches.end() || it->second.get() != fetch) return;
  last = std::move(it->second);
  s.fetches.erase(it);
}

std::size_t CollapseTable::size() const {
  std::size_t n = 0;
  for (const Stripe& s : stripes_) {
    const std::lock_guard lock(s.mutex);
    n += s.fetches.size();
  }
  return n;
}

}  // namespace brink::edge
