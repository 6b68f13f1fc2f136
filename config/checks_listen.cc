// Listeners, their certificates, the admin address and its tokens.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "config/certificates.h"
#include "config/checks.h"
#include "config/file_text.h"
#include "config/names.h"
#include "config/suggest.h"

namespace brink::config {

namespace {

constexpr std::size_t kShortSecret = 16;

void check_tls(const CheckContext& context, TlsOptions& tls, const std::string& path) {
  if (!context.findings.is_clean(path)) return;
  tls.certificate = resolve_beside(context.file, tls.certificate);
  tls.key = resolve_beside(context.file, tls.key);
  for (const PemProblem& problem : check_certificate_pair(tls.certificate, tls.key, context.now)) {
    const bool is_key = problem.file == PemFile::Key;
    const std::string at = child_path(path, is_key ? "key" : "certificate");
    context.findings.add(
        problem.severity, context.place(at), at,
        fmt::format("{}: {}", quote(is_key ? tls.key : tls.certificate), problem.message));
  }
}

// What a bearer token may hold (RFC 6750 §2.1); anything else could never be sent.
bool is_token(std::string_view secret) {
  return std::all_of(secret.begin(), secret.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

void check_token_sites(const CheckContext& context, const AdminToken& token,
                       const std::string& path) {
  if (!context.findings.is_clean("sites") || !context.findings.is_clean(path)) return;
  std::vector<std::string_view> names;
  for (const SiteOptions& site : context.options.sites)
    names.push_back(site.name);
  for (std::size_t i = 0; i < token.sites.size(); ++i) {
    const std::string& name = token.sites[i];
    if (name == "*" || std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string_view meant = closest(name, names);
    context.error(item_path(path, i),
                  fmt::format("no site is named {}{}", quote(name),
                              meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
  }
}

void check_tokens(const CheckContext& context) {
  std::map<std::string, std::size_t> by_name;
  std::map<std::string, std::size_t> by_secret;
  auto& tokens = context.options.admin.tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string path = item_path("admin.tokens", i);
    check_token_sites(context, tokens[i], child_path(path, "sites"));
    const std::string env_path = child_path(path, "token_env");
    if (!context.findings.is_clean(env_path)) continue;
    read_token_secret(context, tokens[i].token_env, env_path, tokens[i].secret);
    if (!tokens[i].secret.empty() && !by_secret.try_emplace(tokens[i].secret, i).second) {
      context.error(
          env_path,
          fmt::format("the secret is that of admin.tokens[{}] too; each token needs its own",
                      by_secret[tokens[i].secret]));
    }
    if (!context.findings.is_clean(child_path(path, "name"))) continue;
    if (!by_name.try_emplace(tokens[i].name, i).second) {
      context.error(child_path(path, "name"),
                    fmt::format("{} is the name of admin.tokens[{}] already", quote(tokens[i].name),
                                by_name[tokens[i].name]));
    }
  }
}

bool has_fixed_port(std::string_view address) {
  const auto parts = split_host_port(address);
  return parts && parts->port != "0";
}

}  // namespace

void read_token_secret(const CheckContext& context, const std::string& variable,
                       const std::string& path, std::string& secret) {
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr || *value == '\0') {
    context.error(path,
                  fmt::format("the environment variable {} is {}; it must hold the token's secret",
                              variable, value == nullptr ? "not set" : "empty"));
    return;
  }
  secret = value;
  if (!is_token(secret)) {
    context.error(
        path, fmt::format("the secret in {} holds white space or characters that cannot be sent; "
                          "use printable ASCII (check for a line end)",
                          variable));
  } else if (secret.size() < kShortSecret) {
    context.warning(
        path, fmt::format("the secret in {} is short; use at least {} random characters, as from: "
                          "openssl rand -hex 32",
                          variable, kShortSecret));
  }
}

void check_listeners(const CheckContext& context) {
  std::map<std::string, std::size_t> seen;
  auto& listeners = context.options.listen;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const std::string path = item_path("listen", i);
    if (listeners[i].tls) check_tls(context, *listeners[i].tls, child_path(path, "tls"));
    const std::string address_path = child_path(path, "address");
    if (!context.findings.is_clean(address_path) || !has_fixed_port(listeners[i].address)) continue;
    const auto [first, is_new] = seen.try_emplace(listeners[i].address, i);
    if (!is_new) {
      context.error(address_path, fmt::format("{} is the address of listen[{}] already",
                                              listeners[i].address, first->second));
    }
  }
}

void check_admin(const CheckContext& context) {
  const AdminOptions& admin = context.options.admin;
  check_tokens(context);
  if (!context.findings.is_clean("admin.address") || admin.address.empty()) return;
  if (!is_loopback(admin.address) && admin.tokens.empty() &&
      context.findings.is_clean("admin.tokens")) {
    context.error(
        "admin.address",
        fmt::format(
            "{} can be reached from other machines, so admin.tokens is required; add "
            "tokens: [{{name: ops, token_env: BRINK_ADMIN_TOKEN, may: [read, purge, operate]}}] "
            "or listen on 127.0.0.1",
            admin.address));
  }
  if (!has_fixed_port(admin.address)) return;
  const auto& listeners = context.options.listen;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (listeners[i].address != admin.address) continue;
    context.error(
        item_path("listen", i) + ".address",
        fmt::format("{} is admin.address{}; clients and administration need ports of their own",
                    admin.address, context.is_set("admin.address") ? " too" : "'s default"));
  }
}

}  // namespace brink::config
