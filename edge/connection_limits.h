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
    if (!admit_nameless(node_limit)) return Verdict::NodeFull;
    if (name(address, address_limit)) return Verdict::Admitted;
    leave_nameless();
    return Verdict::AddressFull;
  }
  // In two steps, where a proxy in front is yet to say whose connection it is: by the node's limit alone, then by its
  // client's. Who is refused a name leaves nameless.
  bool admit_nameless(std::uint32_t node_limit) {
    if (total_.fetch_add(1) < node_limit) return true;
    total_.fetch_sub(1);
    return false;
  }
  void leave_nameless() { total_.fetch_sub(1); }
  bool name(std::string_view address, std::uint32_t address_limit) {
    Stripe& s = stripe(address);
    const std::lock_guard lock(s.mutex);
    std::uint32_t& count = s.counts[std::string(address)];
    if (count >= address_limit) {
      if (count == 0) s.counts.erase(std::string(address));
      return false;
    }
    ++count;
    return true;
  }
  void leave(std::string_view address) {
    leave_nameless();
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
