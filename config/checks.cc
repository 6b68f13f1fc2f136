#include "config/checks.h"

#include <fmt/format.h>

#include "config/file_text.h"
#include "config/names.h"
#include "config/units.h"

namespace brink::config {

namespace {

void check_cache(const CheckContext& context) {
  CacheOptions& cache = context.options.cache;
  if (!context.findings.is_clean("cache.memory") ||
      !context.findings.is_clean("cache.max_response"))
    return;
  const std::uint64_t most = cache.memory / 4;
  if (!context.is_set("cache.max_response")) {
    cache.max_response = std::min(cache.max_response, most);
  } else if (cache.max_response > most) {
    context.error(
        "cache.max_response",
        fmt::format("expected at most a quarter of cache.memory ({} of {}), found {}",
                    write_size(most), write_size(cache.memory), write_size(cache.max_response)));
  }
}

void check_limits(const CheckContext& context) {
  const ClientLimits& limits = context.options.limits;
  const bool is_clean = context.findings.is_clean("limits.uri_bytes") &&
                        context.findings.is_clean("limits.header_bytes");
  if (is_clean && context.is_set("limits.uri_bytes") && limits.uri_bytes > limits.header_bytes) {
    context.error(
        "limits.uri_bytes",
        fmt::format("expected at most limits.header_bytes ({}), which holds the URI too; found {}",
                    write_size(limits.header_bytes), write_size(limits.uri_bytes)));
  }
}

void check_purge_methods(const CheckContext& context) {
  PurgeMethodOptions& methods = context.options.purge.methods;
  constexpr std::string_view kVariable = "purge.methods.token_env";
  if (methods.token_env.empty() || !context.findings.is_clean(kVariable)) return;
  read_token_secret(context, methods.token_env, std::string(kVariable), methods.secret);
  if (methods.allow_from.empty() && context.findings.is_clean("purge.methods.allow_from")) {
    context.error(kVariable,
                  "needs allow_from, the networks that may send it, as in allow_from: [10.0.0.0/8]");
  }
}

void check_purge(const CheckContext& context) {
  if (!context.is_set("purge")) return;
  const PurgeOptions& purge = context.options.purge;
  const bool is_clean = context.findings.is_clean("purge.max_lag") &&
                        context.findings.is_clean("purge.forget_node_after");
  if (is_clean && purge.forget_node_after < 4 * purge.max_lag) {
    const bool is_set = context.is_set("purge.forget_node_after");
    context.error(
        is_set ? "purge.forget_node_after" : "purge.max_lag",
        fmt::format("expected forget_node_after to be at least four times max_lag, so "
                    "that a node is fenced long before it is forgotten; found {} and {}",
                    write_duration(purge.forget_node_after), write_duration(purge.max_lag)));
  }
  if (purge.log == PurgeLogKind::Nats && purge.nats.url.empty() &&
      context.findings.is_clean("purge.nats")) {
    context.error("purge.log",
                  "log: nats needs the server, as in nats: {url: \"nats://nats:4222\"}");
  }
  check_nats(context);
  check_purge_methods(context);
  check_events(context);
}

}  // namespace

Position CheckContext::place(std::string_view path) const {
  while (!path.empty()) {
    if (const auto it = places.find(path); it != places.end()) return it->second;
    const std::size_t end = path.find_last_of(".[");
    path = path.substr(0, end == std::string_view::npos ? 0 : end);
  }
  return {};
}

void CheckContext::error(std::string_view path, std::string_view message) const {
  findings.add(Severity::Error, place(path), path, message);
}

void CheckContext::warning(std::string_view path, std::string_view message) const {
  findings.add(Severity::Warning, place(path), path, message);
}

void CheckContext::note(std::string_view path, std::string_view message) const {
  findings.add(Severity::Note, place(path), path, message);
}

CertificatePair check_certificate_files(const CheckContext& context, std::string& certificate,
                                        std::string& key, const std::string& path) {
  certificate = resolve_beside(context.file, certificate);
  key = resolve_beside(context.file, key);
  CertificatePair pair = load_certificate_pair(certificate, key, context.now);
  for (const PemProblem& problem : pair.problems) {
    const bool is_key = problem.file == PemFile::Key;
    const std::string at = child_path(path, is_key ? "key" : "certificate");
    context.findings.add(problem.severity, context.place(at), at,
                         fmt::format("{}: {}", quote(is_key ? key : certificate), problem.message));
  }
  return pair;
}

bool leads_to_self(const Options& options, std::string_view url) {
  const HostPort server = server_host_port(url);
  for (const ListenOptions& listener : options.listen) {
    const auto own = split_host_port(listener.address);
    if (!own || own->port != server.port || own->port == "0") continue;
    const bool is_any = own->host == "0.0.0.0" || own->host == "::";
    if (own->host == server.host) return true;
    const bool is_local =
        server.host == "localhost" || server.host == "::1" || server.host.substr(0, 4) == "127.";
    if (is_local && is_any) return true;
    if (server.host == "localhost" && is_loopback(listener.address)) return true;
  }
  return false;
}

void check_all(const CheckContext& context) {
  check_listeners(context);
  check_limits(context);
  check_admin(context);
  check_cache(context);
  check_sites(context);
  check_tier(context);
  check_purge(context);
}

}  // namespace brink::config
