#pragma once
// What children have told of purges in logs that are not this node's (Brink-Log, upstream_request.h).
//
// Numbers of two logs cannot be compared. But when a child first asks for content that reflects its
// log up to N, that is an event here: whatever was fetched before it may be from before that purge,
// whatever is fetched afterwards cannot be. So this node need not read the child's log to keep the
// promise; it only cannot tell which responses the purge was about, and fetches each anew for that
// child, once. Deployments of several processes therefore share one log (purge.log: nats).
//
// Any thread; one mutex, taken for requests of children with another log only. Bounded: when there
// are too many logs, the least is forgotten, and its child's next request is an event again.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "edge/local_events.h"

namespace brink::edge {

class ForeignLogs {
 public:
  explicit ForeignLogs(LocalEvents& events) : events_(events) {}

  // The event after which a fetch must have begun to reflect log `id` up to `sequence`.
  std::uint32_t event_of(std::string_view id, std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    auto it = logs_.find(id);
    if (it != logs_.end() && it->second.sequence >= sequence) return it->second.event;
    if (it == logs_.end()) {
      if (logs_.size() >= kMax) logs_.erase(logs_.begin());
      it = logs_.emplace(std::string(id.substr(0, kMaxIdBytes)), Heard{}).first;
    }
    it->second = {sequence, events_.next()};
    return it->second.event;
  }

 private:
  struct Heard {
    std::uint64_t sequence = 0;
    std::uint32_t event = 0;
  };
  static constexpr std::size_t kMax = 1024;
  static constexpr std::size_t kMaxIdBytes = 128;
  LocalEvents& events_;
  std::mutex mutex_;
  std::map<std::string, Heard, std::less<>> logs_;
};

}  // namespace brink::edge
