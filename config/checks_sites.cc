// Sites: names and hosts that collide, rules that never apply, origins that lead back here.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/certificates.h"
#include "config/checks.h"
#include "config/file_text.h"
#include "config/names.h"
#include "config/units.h"

namespace brink::config {

namespace {

void check_names(const CheckContext& context) {
  std::map<std::string, std::size_t> seen;
  const auto& sites = context.options.sites;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const std::string path = item_path("sites", i) + ".name";
    const auto [first, is_new] = seen.try_emplace(sites[i].name, i);
    if (is_new || !context.findings.is_clean(path)) continue;
    context.error(path, context.is_set(path)
                            ? fmt::format("{} is the name of sites[{}] already",
                                          quote(sites[i].name), first->second)
                            : std::string("is missing; with several sites each needs its own"));
  }
}

void check_hosts(const CheckContext& context) {
  std::map<std::string, std::size_t> seen;
  const auto& sites = context.options.sites;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const std::string path = item_path("sites", i) + ".hosts";
    if (!context.findings.is_clean(path)) continue;
    if (sites[i].hosts.empty()) {
      context.error(
          path, "is empty, so no request would reach this site; name its hosts, or \"*\" for any");
    }
    for (std::size_t k = 0; k < sites[i].hosts.size(); ++k) {
      const std::string& host = sites[i].hosts[k];
      const auto [site, is_new] = seen.try_emplace(host, i);
      if (is_new || site->second == i) continue;
      if (context.is_set(path)) {
        context.error(item_path(path, k),
                      fmt::format("{} is a host of sites[{}] already", quote(host), site->second));
      } else {
        context.error(path,
                      fmt::format("is missing, which means \"*\", and sites[{}] has that already",
                                  site->second));
      }
    }
  }
}

// Rules say one thing about a path: an earlier pattern that takes all a later one could take hides
// it.
void check_paths(const CheckContext& context, const SiteOptions& site,
                 const std::string& site_path) {
  for (std::size_t later = 0; later < site.paths.size(); ++later) {
    const std::string path = item_path(site_path + ".paths", later) + ".path";
    if (!context.findings.is_clean(path)) continue;
    for (std::size_t first = 0; first < later; ++first) {
      const std::string first_path = item_path(site_path + ".paths", first) + ".path";
      // Every request's path begins with '/', so "/*" takes as much as "*".
      const std::string_view earlier =
          site.paths[first].path == "/*" ? "*" : std::string_view(site.paths[first].path);
      if (!context.findings.is_clean(first_path) || !glob_covers(earlier, site.paths[later].path))
        continue;
      context.error(
          path, fmt::format(
                    "never reached: paths[{}] ({}) matches all of this before; put the more exact "
                    "pattern first",
                    first, quote(site.paths[first].path)));
      break;
    }
  }
}

void check_servers(const CheckContext& context, const UpstreamOptions& origin,
                   const std::string& path) {
  if (!context.findings.is_clean(path)) return;
  for (std::size_t i = 0; i < origin.servers.size(); ++i) {
    if (leads_to_self(context.options, origin.servers[i])) {
      context.error(
          item_path(path, i),
          fmt::format("{} is this node itself: requests would go in circles", origin.servers[i]));
    }
  }
}

// One line per file, about the first site that has not said either way; beside errors advice can
// wait.
void recommend_set_cookie(const CheckContext& context) {
  if (!context.findings.is_clean("")) return;
  const auto& sites = context.options.sites;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const std::string path = item_path("sites", i);
    if (sites[i].rules.bypass || context.is_set(path + ".rules.store_set_cookie")) continue;
    context.note(path + ".rules", fmt::format("if site '{}' has logins, set store_set_cookie: "
                                              "false; without it a response with Set-Cookie "
                                              "and explicit freshness is stored and shared, as RFC "
                                              "9111 allows (say true to keep that)",
                                              sites[i].name));
    return;
  }
}

void check_bypass(const CheckContext& context, const CacheRules& rules, const std::string& path) {
  if (!rules.bypass || !context.is_set(path + ".freshness")) return;
  context.error(path + ".freshness",
                context.is_set(path + ".bypass")
                    ? "has no effect beside bypass: true; remove one of them"
                    : "has no effect: the site's rules say bypass: true; add bypass: false here");
}

// What is shown to servers that ask for a certificate.
void check_client_certificate(const CheckContext& context, UpstreamTlsOptions& tls,
                              const std::string& path) {
  if (!context.findings.is_clean(path) || (tls.certificate.empty() && tls.key.empty())) return;
  if (tls.certificate.empty() || tls.key.empty()) {
    const bool no_key = tls.key.empty();
    context.error(path + (no_key ? ".key" : ".certificate"),
                  fmt::format("is missing; {} is of no use without it", no_key ? "a certificate" : "a key"));
    return;
  }
  check_certificate_files(context, tls.certificate, tls.key, path);
}

constexpr std::uint64_t kSmallestSlice = 1024;

void check_slices(const CheckContext& context, const CacheRules& rules, const std::string& path) {
  if (rules.slice_size == 0 || rules.slice_size >= kSmallestSlice) return;
  if (!context.is_set(path + ".slice_size")) return;  // the site's, named there
  context.error(path + ".slice_size", "expected 0 (no slices) or at least 1KiB");
}

}  // namespace

void check_upstream(const CheckContext& context, UpstreamOptions& upstream,
                    const std::string& path) {
  check_client_certificate(context, upstream.tls, path + ".tls");
  const std::string ca_path = path + ".tls.ca";
  if (!upstream.tls.ca.empty() && context.findings.is_clean(ca_path)) {
    upstream.tls.ca = resolve_beside(context.file, upstream.tls.ca);
    const std::string problem = problem_in_ca_file(upstream.tls.ca);
    if (!problem.empty())
      context.error(ca_path, fmt::format("{}: {}", quote(upstream.tls.ca), problem));
  }
  if (!upstream.tls.verify && upstream.tls.pins.empty()) {
    context.warning(path + ".tls.verify",
                    "certificates are not verified, so anybody on the way can pose as the server");
  }
  const std::string health = path + ".health";
  if (!context.findings.is_clean(health)) return;
  if (context.is_set(health) && upstream.health.path.empty()) {
    context.error(
        health + ".path",
        "is missing; without it there are no active checks, so give one such as /healthz");
  } else if (upstream.health.timeout > upstream.health.interval) {
    context.error(context.is_set(health + ".timeout") ? health + ".timeout" : health + ".interval",
                  fmt::format("expected a timeout of at most the interval ({}), found {}",
                              write_duration(upstream.health.interval),
                              write_duration(upstream.health.timeout)));
  }
}

void check_sites(const CheckContext& context) {
  check_names(context);
  check_hosts(context);
  auto& sites = context.options.sites;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const std::string path = item_path("sites", i);
    check_upstream(context, sites[i].origin, path + ".origin");
    check_servers(context, sites[i].origin, path + ".origin.servers");
    const auto& servers = sites[i].origin.servers;
    const bool has_https = std::any_of(servers.begin(), servers.end(), [](const std::string& url) {
      return url.rfind("https://", 0) == 0;
    });
    if (!has_https && context.is_set(path + ".origin.tls") &&
        context.findings.is_clean(path + ".origin")) {
      context.warning(path + ".origin.tls", "has no effect: no server's URL begins with https://");
    }
    check_bypass(context, sites[i].rules, path + ".rules");
    check_slices(context, sites[i].rules, path + ".rules");
    for (std::size_t k = 0; k < sites[i].paths.size(); ++k) {
      check_bypass(context, sites[i].paths[k].rules, item_path(path + ".paths", k));
      check_slices(context, sites[i].paths[k].rules, item_path(path + ".paths", k));
    }
    check_paths(context, sites[i], path);
  }
  recommend_set_cookie(context);
}

}  // namespace brink::config
