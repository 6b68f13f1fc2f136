#pragma once
// Where access log lines go: a file, standard output or standard error. Used by the writer thread
// only.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/runtime/metrics.h"

namespace brink::edge {

// Whole lines in, bytes out. Never blocks for good: a pipe or terminal that takes nothing is waited
// for in short steps, and given up when `stop` is set meanwhile.
class AccessSink {
 public:
  virtual ~AccessSink() = default;
  // Writes `text` (whole lines). Returns the errno of the failure that lost a part of it, 0 = all
  // was written.
  virtual int write(std::string_view text, const std::atomic<bool>& stop) = 0;
  // "stdout", or the file's path.
  virtual const std::string& name() const noexcept = 0;
};

// `to` as in config::AccessLogOptions::to; a file is opened for appending and made with mode 0640
// where it is missing. Null with a sentence in `message` when it cannot be opened; null without one
// for "none".
std::unique_ptr<AccessSink> open_access_sink(const std::string& to, std::string& message);

}  // namespace brink::edge
