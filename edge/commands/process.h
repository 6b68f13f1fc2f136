#pragma once
// What a long-running command asks of its process: signals, file descriptors.

#include <optional>

namespace brink::edge {

enum class Wanted { Stop, Reload };

// SIGTERM, SIGINT and SIGHUP, waited for by the main thread. Made before any thread starts, so that
// all threads inherit the blocked mask. SIGPIPE is ignored: a peer that has gone is an error code,
// not an end.
class Signals {
 public:
  Signals();
  // The next one; nothing when `seconds` (if given) have passed before.
  std::optional<Wanted> wait(std::optional<double> seconds = std::nullopt);
  // From now on a second SIGTERM or SIGINT ends the process at once with kFailed: somebody is tired
  // of waiting.
  void exit_on_next();
};

// As many file descriptors as the system lets us have.
void raise_descriptor_limit();

}  // namespace brink::edge
