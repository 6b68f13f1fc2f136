#pragma once
// The error log: rare, actionable lines on standard error (the access log is edge/access_log.h).
// Never called on the hit path. Safe from any thread.

#include <cstdint>
#include <string_view>

namespace brink {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };

// Lines below this level are dropped. Default Info.
void set_log_level(LogLevel level);

// One line: time, level, component (folder or file name), message. Control characters in `message`
// are escaped: it may quote the network.
void log(LogLevel level, std::string_view component, std::string_view message);

// As log(), but at most one line per `key` (a static string) in ten seconds; the next line that goes
// out says how many were held back.
void log_limited(LogLevel level, std::string_view key, std::string_view component,
                 std::string_view message);

}  // namespace brink
