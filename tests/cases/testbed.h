#pragma once
// Where a case runs: nodes under test and the clock they go by, in this process or as the real
// binary.

#include <cstdint>
#include <memory>
#include <string>

#include "config/runtime/clock.h"

namespace brink::tests::cases {

// Every case begins at Sunday, 1 March 2026, 12:00:00 GMT.
inline constexpr TimePoint kCaseStart{Millis{1'772'366'400'000}};

class RunningNode {
 public:
  virtual ~RunningNode() = default;
  virtual std::uint16_t port() const = 0;        // of its first listener
  virtual std::uint16_t tls_port() const { return 0; }  // of its second one; 0 = none
  virtual std::uint16_t admin_port() const = 0;  // 0 = none
  // Applies a new configuration; false when it was refused, and why. Returns when it is in force.
  virtual bool reload(const std::string& yaml, std::string& message) = 0;
  // The same by signal, where there is a process to signal.
  virtual bool signal_reload(const std::string& yaml, std::string& message) = 0;
  // Ends it in order. Empty, or what was wrong with its end. Called once.
  virtual std::string stop() = 0;
  // What it wrote to standard error, where it has one.
  virtual std::string log() const { return {}; }
};

// One per case: cases share no time and no cache.
class Testbed {
 public:
  virtual ~Testbed() = default;
  virtual TimePoint now() const = 0;
  virtual void advance(Millis by) = 0;
  // Null, and why, when it does not come up.
  virtual std::unique_ptr<RunningNode> start(const std::string& yaml, std::string& message) = 0;
};

}  // namespace brink::tests::cases
