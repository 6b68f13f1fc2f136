#pragma once
// A connection as tests use it, whatever carries its bytes: every wait has a limit.

#include <cstdint>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"

namespace brink::tests {

enum class Io : std::uint8_t {
  Ok,
  Closed,  // the peer ended its side in order
  Reset,   // or the connection broke
  TimedOut,
};
std::string_view to_string(Io io);

class Transport {
 public:
  virtual ~Transport() = default;
  virtual bool is_open() const = 0;
  // Appends what arrives next, at least one byte when Ok.
  virtual Io read_some(std::string& into, Millis limit) = 0;
  virtual Io write_all(std::string_view bytes, Millis limit) = 0;
  virtual void shutdown_write() = 0;
  virtual void close() = 0;
  // Closes with a TCP reset instead of an orderly end.
  virtual void reset() = 0;
};

}  // namespace brink::tests
