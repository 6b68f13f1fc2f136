#pragma once
// How many connections a node, and each client address, may hold (limits.connections, limits.connections_per_address).

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace brink::edge {

// Shared by the shards of a node; touched once when a connection begins and once when it ends.
class ConnectionLimits {
 public:
  enum class Verdict : std::uint8_t { Admitted, NodeFull, AddressFull };

  Verdict admit(std::string_view address, std::uint32_t node_limit, std::uint32_t address_limit) {
    if (total_.fetch_add(1) >= node_limit) {
      total_.fetch_sub(1);
      return Verdict::NodeFull;
    }
    Stripe& s = stripe(address);
    const std::lock_guard lock(s.mutex);
    std::uint32_t& count = s.counts[std::string(address)];
    if (count >= address_limit) {
      total_.fetch_sub(1);
      return Verdict::AddressFull;
    }
    ++count;
    return Verdict::Admitted;
  }
  void leave(std::string_view address) {
    total_.fetch_sub(1);
    Stripe& s = stripe(address);
    const std::lock_guard lock(s.mutex);
    const auto it = s.counts.find(std::string(address));
    if (it != s.counts.end() && --it->second == 0) s.counts.erase(it);
  }
  std::uint32_t total() const { return total_.load(); }

 private:
  struct alignas(64) Stripe {
    std::mutex mutex;
    std::unordered_map<std::string, std::uint32_t> counts;
  };
  Stripe& stripe(std::string_view address) {
    return stripes_[std::hash<std::string_view>{}(address) % stripes_.size()];
  }
  std::atomic<std::uint32_t> total_{0};
  std::array<Stripe, 16> stripes_;
};

}  // namespace brink::edge
