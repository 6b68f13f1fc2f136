#include "edge/rules.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <optional>

#include "config/glob.h"
#include "config/runtime/error.h"

namespace brink::edge {
namespace {

constexpr std::size_t kMaxHost = 256;

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = ascii_lower(c);
  return out;
}

std::string_view without_port(std::string_view host) {
  if (!host.empty() && host.front() == '[') return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

// Every address as 16 bytes, so that one comparison serves both families.
std::optional<std::array<unsigned char, 16>> address_bytes(std::string_view text, bool& v4) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.size() >= sizeof buffer) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  std::array<unsigned char, 16> bytes{};
  v4 = inet_pton(AF_INET, buffer, bytes.data() + 12) == 1;
  if (v4) {
    bytes[10] = bytes[11] = 0xff;
    return bytes;
  }
  if (inet_pton(AF_INET6, buffer, bytes.data()) != 1) return std::nullopt;
  return bytes;
}

bool same_prefix(const unsigned char* a, const unsigned char* b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (std::memcmp(a, b, whole) != 0) return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff00U >> rest);
  return (a[whole] & mask) == (b[whole] & mask);
}

}  // namespace

const RuleSet& Site::rules_for(std::string_view target) const {
  const std::string_view path = target.substr(0, target.find('?'));
  for (const PathRuleSet& rule : paths) {
    if (glob_matches(rule.pattern, path)) return rule.rules;
  }
  return rules;
}

RuleSet make_rule_set(const config::CacheRules& rules) {
  RuleSet out;
  out.policy.honour_request_directives = rules.honour_request_directives;
  out.policy.store_set_cookie = rules.store_set_cookie;
  out.policy.heuristic_freshness = rules.heuristic_freshness;
  out.policy.surrogate_control = rules.surrogate_control;
  out.policy.stale_if_unreachable_s =
      static_cast<std::uint32_t>(std::chrono::duration_cast<Seconds>(rules.stale_if_unreachable).count());
  if (rules.freshness) {
    out.policy.freshness_override_s = std::chrono::duration_cast<Seconds>(*rules.freshness).count();
  }
  out.bypass = rules.bypass;
  out.ignore_query = rules.ignore_query;
  if (rules.body_bytes > 0) out.body_bytes = rules.body_bytes;
  out.slice_bytes = rules.slice_size;
  out.slice_from = rules.slice_from;
  out.show_targeted_fields = rules.show_targeted_fields;
  out.policy.keep_tag_fields = rules.show_targeted_fields;
  return out;
}

SiteTable::SiteTable(const std::vector<config::SiteOptions>& sites,
                     const std::vector<std::shared_ptr<origin::ServerGroup>>& groups) {
  CHECK(sites.size() == groups.size());
  for (std::size_t i = 0; i < sites.size(); ++i) {
    auto site = std::make_unique<Site>();
    site->name = sites[i].name;
    site->origin = groups[i];
    site->rules = make_rule_set(sites[i].rules);
    for (const config::PathRule& path : sites[i].paths) {
      site->paths.push_back({path.path, make_rule_set(path.rules)});
    }
    for (const std::string& host : sites[i].hosts) {
      if (host == "*") {
        any_ = site.get();
      } else if (host.starts_with("*.")) {
        suffix_.emplace(lower(std::string_view(host).substr(2)), site.get());
      } else {
        exact_.emplace(lower(host), site.get());
      }
    }
    sites_.push_back(std::move(site));
  }
}

const Site* SiteTable::find(std::string_view host) const {
  host = without_port(host);
  char buffer[kMaxHost];
  if (host.size() > kMaxHost) return any_;
  for (std::size_t i = 0; i < host.size(); ++i) buffer[i] = ascii_lower(host[i]);
  std::string_view name{buffer, host.size()};
  if (name.ends_with('.')) name.remove_suffix(1);  // a fully qualified name is the same name
  if (const auto it = exact_.find(name); it != exact_.end()) return it->second;
  if (!suffix_.empty()) {
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
      if (const auto it = suffix_.find(name.substr(dot + 1)); it != suffix_.end()) return it->second;
    }
  }
  return any_;
}

PeerList::PeerList(const std::vector<std::string>& cidrs) {
  for (const std::string& cidr : cidrs) {
    const std::string_view text = cidr;
    const std::size_t slash = text.find('/');
    bool v4 = false;
    const auto bytes = address_bytes(text.substr(0, slash), v4);
    if (!bytes) continue;  // the loader has refused such a file; here it would match nothing
    unsigned prefix = v4 ? 32 : 128;
    if (slash != std::string_view::npos) {
      const std::string_view digits = text.substr(slash + 1);
      std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    }
    networks_.push_back({*bytes, std::min(128U, prefix + (v4 ? 96U : 0U))});
  }
}

bool PeerList::contains(std::string_view address) const {
  bool v4 = false;
  const auto bytes = address_bytes(address, v4);
  if (!bytes) return false;
  for (const Network& network : networks_) {
    if (same_prefix(network.bytes.data(), bytes->data(), network.prefix)) return true;
  }
  return false;
}

}  // namespace brink::edge
