#include "edge/admin_access.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

#include "config/runtime/fields.h"

namespace brink::edge {

namespace {

using config::AdminRight;

constexpr std::string_view kAll = "*";

AdminResponse unauthorized(std::string_view detail) {
  AdminResponse out = problem(401, "unauthorized", "A token is needed", detail);
  out.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"brink\"");
  return out;
}

AdminResponse too_often(const std::string& name, bool is_token, std::chrono::nanoseconds wait) {
  const std::string what = is_token ? "token" : "certificate";
  const std::string option = is_token ? "admin.tokens[].rate" : "admin.client_certificates[].rate";
  AdminResponse out = problem(429, "rate-limited", "Too many requests with this " + what,
                              (is_token ? "Token '" : "Certificate '") + name + "' has used up " +
                                  option +
                                  ". Nothing was done. Send it again after Retry-After, name "
                                  "several URLs or tags in one purge, or raise the rate.");
  const auto seconds = std::chrono::ceil<Seconds>(wait).count();
  out.fields.emplace_back("Retry-After", std::to_string(seconds));
  return out;
}

// A browser shows its user's certificate to whoever makes it send a request.
std::optional<AdminResponse> refuse_foreign_page(const AdminRequest& request) {
  if (request.origin.empty() || request.origin == "https://" + std::string(request.host)) return std::nullopt;
  return problem(403, "foreign-origin", "Sent by a foreign page",
                 "A client certificate does not count for pages of other origins. Send a token.");
}

// "127.0.0.1:9901" → "127.0.0.1", "[::1]:9901" → "[::1]".
std::string_view host_without_port(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return host;
  }
  return host.substr(0, colon);
}

// A literal address cannot be a name that somebody's DNS points here.
bool is_address_or_localhost(std::string_view host) {
  if (iequals(host, "localhost") || (host.starts_with('[') && host.ends_with(']'))) return true;
  return !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::string_view to_string(AdminRight right) {
  switch (right) {
    case AdminRight::Read:
      return "read";
    case AdminRight::Purge:
      return "purge";
    case AdminRight::Operate:
      return "operate";
  }
  return "unknown";
}

bool AdminPrincipal::has(AdminRight right) const {
  return std::find(may.begin(), may.end(), right) != may.end();
}

bool AdminPrincipal::has_site(std::string_view site) const {
  return std::any_of(sites.begin(), sites.end(),
                     [&](const std::string& own) { return own == kAll || own == site; });
}

AdminAccess::AdminAccess(const std::vector<config::AdminToken>& tokens, bool listens_on_loopback,
                         const std::vector<config::AdminClientCertificate>& certificates)
    : is_open_(tokens.empty() && certificates.empty() && listens_on_loopback),
      anyone_{"anyone", {AdminRight::Read, AdminRight::Purge, AdminRight::Operate}, {"*"}} {
  for (const config::AdminToken& token : tokens) {
    // An empty secret would make "Authorization: Bearer " a password.
    if (token.secret.empty()) continue;
    entries_.push_back({digest(token.secret),
                        {{token.name, token.may, token.sites},
                         std::make_unique<TokenRate>(std::max(token.rate, 1U)),
                         true}});
  }
  for (const config::AdminClientCertificate& each : certificates) {
    if (each.subject.empty()) continue;
    certificates_.push_back({each.subject,
                             {{each.name, each.may, each.sites},
                              std::make_unique<TokenRate>(std::max(each.rate, 1U)),
                              false}});
  }
}

AdminAccess::Digest AdminAccess::digest(std::string_view text) {
  Digest out;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
  return out;
}

const AdminAccess::Holder* AdminAccess::find(std::string_view secret) const {
  const Digest presented = digest(secret);
  const Holder* found = nullptr;
  for (const Entry& entry : entries_) {
    const bool is_equal =
        CRYPTO_memcmp(presented.data(), entry.secret.data(), presented.size()) == 0;
    found = is_equal ? &entry.holder : found;
  }
  return found;
}

const AdminAccess::Holder* AdminAccess::find_certificate(std::span<const std::string> names) const {
  for (const Certificate& each : certificates_) {
    if (std::find(names.begin(), names.end(), each.subject) != names.end()) return &each.holder;
  }
  return nullptr;
}

std::optional<AdminResponse> AdminAccess::refuse_open(const AdminRequest& request) const {
  if (!is_address_or_localhost(host_without_port(request.host))) {
    return problem(403, "host-not-local", "Not from this machine",
                   "Without admin.tokens the API answers only to an address or localhost in Host. "
                   "Ask for http://127.0.0.1, or configure a token.");
  }
  const std::string host(request.host);
  if (!request.origin.empty() && request.origin != "http://" + host && request.origin != "https://" + host) {
    return problem(403, "foreign-origin", "Sent by a foreign page",
                   "Without admin.tokens the API does not answer pages of other origins. "
                   "Configure a token.");
  }
  return std::nullopt;
}

std::optional<AdminResponse> AdminAccess::refuse(const AdminRequest& request, AdminRight right,
                                                 const AdminPrincipal*& who) const {
  if (is_open_) {
    who = &anyone_;
    return refuse_open(request);
  }
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view field = request.authorization;
  if (field.size() < kScheme.size() || !iequals(field.substr(0, kScheme.size()), kScheme)) {
    if (const Holder* holder = find_certificate(request.certificate_names); holder != nullptr) {
      if (auto refusal = refuse_foreign_page(request)) return refusal;
      return judge(*holder, request, right, who);
    }
    return unauthorized(
        certificates_.empty()
            ? "Send \"Authorization: Bearer TOKEN\" with the secret from the environment variable "
              "or file that admin.tokens[].token_env or token_file names."
            : "Show a client certificate whose common or alternative name is in "
              "admin.client_certificates[].subject, or send \"Authorization: Bearer TOKEN\".");
  }
  const Holder* holder = find(trim_ows(field.substr(kScheme.size())));
  if (holder == nullptr) {
    return unauthorized(
        "This token is not known here. Compare it with the environment variable or file "
        "that admin.tokens[].token_env or token_file names, as it was when the node started or "
        "was reloaded.");
  }
  return judge(*holder, request, right, who);
}

std::optional<AdminResponse> AdminAccess::judge(const Holder& holder, const AdminRequest& request,
                                                AdminRight right, const AdminPrincipal*& who) {
  who = &holder.principal;
  if (const auto wait = holder.rate->take(request.now)) return too_often(who->name, holder.is_token, *wait);
  if (who->has(right)) return std::nullopt;
  const std::string word(to_string(right));
  if (!holder.is_token) {
    return problem(403, "right-missing", "The certificate lacks a right",
                   "Certificate '" + who->name + "' may not " + word + ". Add '" + word +
                       "' to its admin.client_certificates[].may, or use another.");
  }
  return problem(403, "right-missing", "The token lacks a right",
                 "Token '" + who->name + "' may not " + word + ". Add '" + word +
                     "' to its admin.tokens[].may, or use another token.");
}

}  // namespace brink::edge
