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

AdminResponse too_often(const std::string& name, std::chrono::nanoseconds wait) {
  AdminResponse out = problem(429, "rate-limited", "Too many requests with this token",
                              "Token '" + name +
                                  "' has used up admin.tokens[].rate. Nothing was done. Send it "
                                  "again after Retry-After, name several URLs or tags in one "
                                  "purge, or raise the rate.");
  const auto seconds = std::chrono::ceil<Seconds>(wait).count();
  out.fields.emplace_back("Retry-After", std::to_string(seconds));
  return out;
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

AdminAccess::AdminAccess(const std::vector<config::AdminToken>& tokens, bool listens_on_loopback)
    : is_open_(tokens.empty() && listens_on_loopback),
      anyone_{"anyone", {AdminRight::Read, AdminRight::Purge, AdminRight::Operate}, {"*"}} {
  for (const config::AdminToken& token : tokens) {
    // An empty secret would make "Authorization: Bearer " a password.
    if (token.secret.empty()) continue;
    entries_.push_back({digest(token.secret),
                        {token.name, token.may, token.sites},
                        std::make_unique<TokenRate>(std::max(token.rate, 1U))});
  }
}

AdminAccess::Digest AdminAccess::digest(std::string_view text) {
  Digest out;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
  return out;
}

const AdminAccess::Entry* AdminAccess::find(std::string_view secret) const {
  const Digest presented = digest(secret);
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    const bool is_equal =
        CRYPTO_memcmp(presented.data(), entry.secret.data(), presented.size()) == 0;
    found = is_equal ? &entry : found;
  }
  return found;
}

std::optional<AdminResponse> AdminAccess::refuse_open(const AdminRequest& request) const {
  if (!is_address_or_localhost(host_without_port(request.host))) {
    return problem(403, "host-not-local", "Not from this machine",
                   "Without admin.tokens the API answers only to an address or localhost in Host. "
                   "Ask for http://127.0.0.1, or configure a token.");
  }
  if (!request.origin.empty() && request.origin != "http://" + std::string(request.host)) {
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
    return unauthorized(
        "Send \"Authorization: Bearer TOKEN\" with the secret from the environment variable "
        "or file that admin.tokens[].token_env or token_file names.");
  }
  const Entry* entry = find(trim_ows(field.substr(kScheme.size())));
  if (entry == nullptr) {
    return unauthorized(
        "This token is not known here. Compare it with the environment variable or file "
        "that admin.tokens[].token_env or token_file names, as it was when the node started or "
        "was reloaded.");
  }
  who = &entry->principal;
  if (const auto wait = entry->rate->take(request.now)) return too_often(who->name, *wait);
  if (who->has(right)) return std::nullopt;
  const std::string word(to_string(right));
  return problem(403, "right-missing", "The token lacks a right",
                 "Token '" + who->name + "' may not " + word + ". Add '" + word +
                     "' to its admin.tokens[].may, or use another token.");
}

}  // namespace brink::edge
