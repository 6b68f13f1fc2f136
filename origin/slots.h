#pragma once
// How many requests of one shard are with each server at once: at most
// UpstreamOptions::connections, the others wait in line. libcurl's own limits are per multi handle
// and know nothing of groups.

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>

#include "origin/server_group.h"

namespace brink::origin {

class Transfer;

class Slots {
 public:
  static constexpr std::size_t kWaitersPerSlot = 16;  // a longer line is refused

  enum class Answer : std::uint8_t { Taken, Wait, Full };

  // Taken: release() it later. Wait: `transfer` is in line; release() of another returns it, or
  // leave() ends it.
  Answer take(const std::shared_ptr<Server>& server, std::uint32_t limit, Transfer& transfer) {
    Line& line = lines_[server];
    if (line.taken < limit) {
      ++line.taken;
      return Answer::Taken;
    }
    if (line.waiting.size() >= kWaitersPerSlot * std::size_t{limit}) return Answer::Full;
    line.waiting.push_back(&transfer);
    return Answer::Wait;
  }

  // The one that has waited longest and has the slot now, or null.
  Transfer* release(const std::shared_ptr<Server>& server) {
    const auto at = lines_.find(server);
    Line& line = at->second;
    if (!line.waiting.empty()) {
      Transfer* next = line.waiting.front();
      line.waiting.pop_front();
      return next;
    }
    if (--line.taken == 0) lines_.erase(at);
    return nullptr;
  }

  void leave(const std::shared_ptr<Server>& server, Transfer& transfer) {
    std::erase(lines_[server].waiting, &transfer);
  }

 private:
  struct Line {
    std::uint32_t taken = 0;
    std::deque<Transfer*> waiting;
  };
  std::unordered_map<std::shared_ptr<Server>, Line> lines_;
};

}  // namespace brink::origin
