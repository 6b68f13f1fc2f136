#include "config/runtime/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <mutex>

#include "config/runtime/log_format.h"

namespace brink {

namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Never destroyed: threads that outlive main()'s statics may still log.
spdlog::logger& logger() {
  static spdlog::logger& instance = [&]() -> spdlog::logger& {
    auto* made = new spdlog::logger("brink", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::debug);
    return *made;
  }();
  return instance;
}

struct Limiter {
  std::mutex mutex;
  LogLimiter slots;
};

Limiter& limiter() {
  static auto& instance = *new Limiter;
  return instance;
}

}  // namespace

void set_log_level(LogLevel level) {
  logger().set_level(spdlog_level(level));
}

void log(LogLevel level, std::string_view component, std::string_view message) {
  if (!logger().should_log(spdlog_level(level))) return;
  logger().log(spdlog_level(level), spdlog::string_view_t(format_log_line(
                                        SystemClock().now(), level, component, message)));
}

void log_limited(LogLevel level, std::string_view key, std::string_view component,
                 std::string_view message) {
  if (!logger().should_log(spdlog_level(level))) return;
  std::optional<std::uint64_t> held_back;
  {
    const std::lock_guard lock(limiter().mutex);
    held_back = limiter().slots.admit(key, SystemClock().ticks());
  }
  if (!held_back) return;
  if (*held_back == 0) return log(level, component, message);
  log(level, component, fmt::format("{} ({} like this held back)", message, *held_back));
}

}  // namespace brink
