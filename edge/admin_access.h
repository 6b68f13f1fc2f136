#pragma once
// Who may call the admin API: bearer tokens with rights, or nobody but this machine when there are
// none.

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

// Somebody whose token was recognised.
struct AdminPrincipal {
  std::string name;
  std::vector<config::AdminRight> may;
  std::vector<std::string> sites;  // "*" = all
  bool has(config::AdminRight right) const;
  bool has_site(std::string_view site) const;
};

// Immutable once made; safe from any thread.
//
// Without tokens and on a loopback address the API is open to whoever can reach it. Then requests
// that a browser was tricked into sending are refused: the Host must be an address or "localhost"
// (no DNS rebinding), and an Origin, if there is one, must be that host (no form on a foreign
// page). Without tokens on any other address it is closed.
class AdminAccess {
 public:
  AdminAccess(const std::vector<config::AdminToken>& tokens, bool listens_on_loopback);

  // Null: `request` may go on. Otherwise the answer that refuses it (401, 403, 429). `who` is set
  // once the token is recognised.
  // The time taken does not depend on how much of a token is right, nor on which one it is.
  std::optional<AdminResponse> refuse(const AdminRequest& request, config::AdminRight right,
                                      const AdminPrincipal*& who) const;

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Entry {
    Digest secret;
    AdminPrincipal principal;
    std::unique_ptr<TokenRate> rate;
  };
  static Digest digest(std::string_view text);
  const Entry* find(std::string_view secret) const;
  std::optional<AdminResponse> refuse_open(const AdminRequest& request) const;

  std::vector<Entry> entries_;
  bool is_open_;
  AdminPrincipal anyone_;
};

}  // namespace brink::edge
