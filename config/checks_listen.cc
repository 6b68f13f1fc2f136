// Listeners, their certificates and the admin address.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/certificates.h"
#include "config/checks.h"
#include "config/file_text.h"
#include "config/names.h"

namespace brink::config {

namespace {

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

bool has_fixed_port(std::string_view address) {
  const auto parts = split_host_port(address);
  return parts && parts->port != "0";
}

}  // namespace

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
