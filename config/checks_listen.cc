// Listeners, their certificates and the admin address.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/checks.h"
#include "config/names.h"

namespace brink::config {

namespace {

// Known by a certificate is only who was asked for one.
void check_client_certificates(const CheckContext& context) {
  const AdminOptions& admin = context.options.admin;
  constexpr std::string_view kList = "admin.client_certificates";
  if (admin.client_certificates.empty() || !context.findings.is_clean(kList)) return;
  if (context.findings.is_clean("admin.tls") &&
      (!admin.tls || admin.tls->client_auth == ClientAuth::None)) {
    context.error(kList, "needs admin.tls with client_ca and client_auth: optional or required");
  }
  std::map<std::string, std::size_t> by_subject;
  for (std::size_t i = 0; i < admin.client_certificates.size(); ++i) {
    const AdminClientCertificate& each = admin.client_certificates[i];
    const std::string path = item_path(kList, i);
    if (const auto [first, is_new] = by_subject.try_emplace(each.subject, i); !is_new) {
      context.error(child_path(path, "subject"),
                    fmt::format("{} is the subject of {}[{}] already", quote(each.subject), kList,
                                first->second));
    }
    check_holder(context, each.name, each.sites, path);
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
    if (listeners[i].tls) check_tls(context, *listeners[i].tls, child_path(path, "tls"), true);
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
  AdminOptions& admin = context.options.admin;
  check_tokens(context);
  if (admin.tls) check_tls(context, *admin.tls, "admin.tls", false);
  check_client_certificates(context);
  if (!context.findings.is_clean("admin.address") || admin.address.empty()) return;
  const bool is_clean = context.findings.is_clean("admin.tokens") &&
                        context.findings.is_clean("admin.client_certificates");
  if (!is_loopback(admin.address) && admin.tokens.empty() && admin.client_certificates.empty() &&
      is_clean) {
    context.error(
        "admin.address",
        fmt::format(
            "{} can be reached from other machines, so admin.tokens or "
            "admin.client_certificates is required; add "
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
