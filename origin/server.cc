#include "origin/server.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/runtime/fields.h"

namespace brink::origin {
namespace {

constexpr std::uint32_t kMaxDoublings = 4;  // an ejection lasts at most 16 times eject_for

struct Scheme {
  std::string_view prefix;
  Protocol protocol;
  std::uint16_t port;
};
constexpr Scheme kSchemes[] = {{"http://", Protocol::Http1, 80},
                               {"https://", Protocol::H2Tls, 443},
                               {"http+h2c://", Protocol::H2c, 80}};

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return std::nullopt;
  return port;
}

bool is_host(std::string_view host, bool bracketed) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || (bracketed && (c == ':' || c == '%'));
  });
}

}  // namespace

std::shared_ptr<Server> Server::parse(std::string_view url) {
  for (const Scheme& scheme : kSchemes) {
    if (url.size() < scheme.prefix.size() ||
        !iequals(url.substr(0, scheme.prefix.size()), scheme.prefix)) {
      continue;
    }
    std::string_view rest = url.substr(scheme.prefix.size());
    if (rest.ends_with('/')) rest.remove_suffix(1);
    std::string_view host = rest;
    std::string_view after;
    const bool bracketed = rest.starts_with('[');
    if (bracketed) {
      const std::size_t close = rest.find(']');
      if (close == std::string_view::npos) return nullptr;
      host = rest.substr(1, close - 1);
      after = rest.substr(close + 1);
    } else if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
      host = rest.substr(0, colon);
      after = rest.substr(colon);
    }
    std::optional<std::uint16_t> port = scheme.port;
    if (!after.empty()) port = after.front() == ':' ? parse_port(after.substr(1)) : std::nullopt;
    if (!port || !is_host(host, bracketed)) return nullptr;
    return std::make_shared<Server>(std::string(url), std::string(host), *port, scheme.protocol);
  }
  return nullptr;
}

bool Server::admit(Ticks now) noexcept {
  if (!healthy()) return false;
  const std::int64_t until = ejected_until_ns_.load(std::memory_order_relaxed);
  if (until != 0) {
    if (Ticks{std::chrono::nanoseconds{until}} > now) return false;
    return admit_probe();
  }
  outstanding_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool Server::admit_probe() noexcept {
  if (probing_.exchange(true, std::memory_order_relaxed)) return false;
  outstanding_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void Server::answered() noexcept {
  // Reading first keeps the line shared between shards while all is well.
  if (failures_.load(std::memory_order_relaxed) != 0) failures_ = 0;
  if (ejections_.load(std::memory_order_relaxed) != 0) ejections_ = 0;
  if (ejected_until_ns_.load(std::memory_order_relaxed) != 0) ejected_until_ns_ = 0;
  if (probing_.load(std::memory_order_relaxed)) probing_ = false;
}

bool Server::report(AttemptOutcome outcome, const config::UpstreamOptions& options,
                    Ticks now) noexcept {
  outstanding_.fetch_sub(1, std::memory_order_relaxed);
  switch (outcome) {
    case AttemptOutcome::Answered:
    case AttemptOutcome::ServerError:  // it answers; what it says is between it and the client
      answered();
      return false;
    case AttemptOutcome::Failed:
      probing_.store(false, std::memory_order_relaxed);
      return fail(options, now);
    case AttemptOutcome::Cancelled:
      probing_.store(false, std::memory_order_relaxed);
      return false;
  }
  return false;
}

bool Server::fail(const config::UpstreamOptions& options, Ticks now) noexcept {
  const std::uint32_t failures = failures_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (options.eject_after == 0 || failures < options.eject_after) return false;
  // Requests that were under way when the ejection began must not make it longer.
  if (ejected_until() > now) return false;
  const std::uint32_t doublings = std::min(ejections_.fetch_add(1), kMaxDoublings);
  const Ticks until = now + options.eject_for * (1U << doublings);
  ejected_until_ns_ = std::max<std::int64_t>(until.time_since_epoch().count(), 1);
  return true;
}

}  // namespace brink::origin
