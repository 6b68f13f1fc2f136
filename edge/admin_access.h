#pragma once
// Who may call the admin API: bearer tokens and client certificates with rights, or nobody but this
// machine when there are none.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/options.h"
#include "edge/admin_http.h"
#include "edge/token_rate.h"

namespace brink::edge {

std::string_view to_string(config::AdminRight right);  // "read", "purge", "operate"

// Somebody whose token or certificate was recognised.
struct AdminPrincipal {
  std::string name;
  std::vector<config::AdminRight> may;
  std::vector<std::string> sites;  // "*" = all
  bool has(config::AdminRight right) const;
  bool has_site(std::string_view site) const;
};

// Immutable once made; safe from any thread.
//
// A token that is sent decides; without one, the certificate does. Browsers send certificates by
// themselves, so a page of another origin is refused then.
//
// With neither and on a loopback address the API is open to whoever can reach it. Then requests
// that a browser was tricked into sending are refused: the Host must be an address or "localhost"
// (no DNS rebinding), and an Origin, if there is one, must be that host (no form on a foreign
// page). With neither on any other address it is closed.
class AdminAccess {
 public:
  AdminAccess(const std::vector<config::AdminToken>& tokens, bool listens_on_loopback,
              const std::vector<config::AdminClientCertificate>& certificates = {});

  // Null: `request` may go on. Otherwise the answer that refuses it (401, 403, 429). `who` is set
  // once the token or the certificate is recognised.
  // The time taken does not depend on how much of a token is right, nor on which one it is.
  std::optional<AdminResponse> refuse(const AdminRequest& request, config::AdminRight right,
                                      const AdminPrincipal*& who) const;

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Holder {
    AdminPrincipal principal;
    std::unique_ptr<TokenRate> rate;
    bool is_token = true;
  };
  struct Entry {
    Digest secret;
    Holder holder;
  };
  struct Certificate {
    std::string subject;
    Holder holder;
  };
  static Digest digest(std::string_view text);
  const Holder* find(std::string_view secret) const;
  const Holder* find_certificate(std::span<const std::string> names) const;
  static std::optional<AdminResponse> judge(const Holder& holder, const AdminRequest& request,
                                            config::AdminRight right, const AdminPrincipal*& who);
  std::optional<AdminResponse> refuse_open(const AdminRequest& request) const;

  std::vector<Entry> entries_;
  std::vector<Certificate> certificates_;
  bool is_open_;
  AdminPrincipal anyone_;
};

}  // namespace brink::edge
