#pragma once
// Which site a request belongs to, and what that site decides (HTTP-BEHAVIOUR.md, "(rule)"). Built once per configuration and
// shard; immutable.

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/options.h"
#include "edge/cache/storable.h"
#include "origin/server_group.h"

namespace brink::edge {

// What holds for one request of a site.
struct RuleSet {
  cache::Policy policy;
  bool bypass = false;
  bool ignore_query = false;
  std::uint64_t body_bytes = UINT64_MAX;  // of a request
  std::uint64_t slice_bytes = 0;  // 0 = no slices
  std::uint64_t slice_from = 0;
  bool show_targeted_fields = false;
};

struct PathRuleSet {
  std::string pattern;  // glob over the path
  RuleSet rules;
};

struct Site {
  std::string name;
  std::shared_ptr<origin::ServerGroup> origin;
  RuleSet rules;
  std::vector<PathRuleSet> paths;  // first match wins

  // `target` is origin-form; its query does not take part in the match.
  const RuleSet& rules_for(std::string_view target) const;
};

RuleSet make_rule_set(const config::CacheRules& rules);

// The sites by host: exact names, then "*.suffix" from the longest, then "*".
class SiteTable {
 public:
  // `groups` in the order of `sites`.
  SiteTable(const std::vector<config::SiteOptions>& sites,
            const std::vector<std::shared_ptr<origin::ServerGroup>>& groups);
  // Null when no site answers for this host. `host` may carry a port, in any letter case. No allocation.
  const Site* find(std::string_view host) const;
  const std::vector<std::unique_ptr<Site>>& sites() const { return sites_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  std::vector<std::unique_ptr<Site>> sites_;
  std::unordered_map<std::string, const Site*, Hash, std::equal_to<>> exact_;
  std::unordered_map<std::string, const Site*, Hash, std::equal_to<>> suffix_;  // without "*."
  const Site* any_ = nullptr;
};

// node.peers: networks whose forwarding fields are believed.
class PeerList {
 public:
  explicit PeerList(const std::vector<std::string>& cidrs);
  bool contains(std::string_view address) const;

 private:
  struct Network {
    std::array<unsigned char, 16> bytes;  // IPv4 as ::ffff:a.b.c.d
    unsigned prefix;
  };
  std::vector<Network> networks_;
};

}  // namespace brink::edge
