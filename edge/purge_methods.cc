#include "edge/purge_methods.h"

#include <openssl/crypto.h>

namespace brink::edge {
namespace {

// In a time that does not depend on where they differ.
bool is_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view secret_in(Fields fields) {
  if (const Field* field = find_field(fields, "x-purge-token")) return field->value;
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view field = field_value(fields, "authorization");
  if (field.size() < kScheme.size() || !iequals(field.substr(0, kScheme.size()), kScheme))
    return {};
  return trim_ows(field.substr(kScheme.size()));
}

bool is_passed_on(Fields fields) {
  for (const std::string_view name : {"x-forwarded-for", "forwarded", "via", "cdn-loop"}) {
    if (find_field(fields, name) != nullptr) return true;
  }
  return false;
}

}  // namespace

std::string_view PurgeMethods::refuse(const RequestHead& head) const {
  if (head.address_is_proxys || !networks_.contains(head.client_address))
    return "purges are not taken from this address (purge.methods.allow_from)";
  if (!secret_.empty()) {
    return is_equal(secret_in(head.fields), secret_)
               ? ""
               : "the purge lacks the secret of purge.methods.token_env (X-Purge-Token)";
  }
  return is_passed_on(head.fields)
             ? "the purge came through a proxy, so its address says nothing; send it directly, or "
               "configure purge.methods.token_env"
             : "";
}

std::shared_ptr<const PurgeMethods> make_purge_methods(const config::PurgeMethodOptions& options) {
  if (options.allow_from.empty()) return nullptr;
  return std::make_shared<const PurgeMethods>(options);
}

}  // namespace brink::edge
