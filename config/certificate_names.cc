#include "config/certificate_names.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "config/pem_files.h"
#include "config/runtime/fields.h"

namespace brink::config {

namespace {

using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
constexpr std::size_t kNameBytes = 253;

std::string_view text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

Names alternative_names(const X509* certificate) {
  return Names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
}

std::string common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  std::string out(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = ascii_lower(c);
  return out;
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

std::vector<std::string> host_names_of(const X509* certificate) {
  std::vector<std::string> out;
  bool has_dns = false;
  const Names names = alternative_names(certificate);
  for (int i = 0; i < (names ? sk_GENERAL_NAME_num(names.get()) : 0); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    has_dns = true;
    std::string host = lower(text_of(name->d.dNSName));
    if (is_host_name(host) && std::find(out.begin(), out.end(), host) == out.end())
      out.push_back(std::move(host));
  }
  if (has_dns) return out;
  std::string host = lower(common_name(certificate));
  if (is_host_name(host)) out.push_back(std::move(host));
  return out;
}

std::vector<std::string> subject_names_of(const X509* certificate) {
  std::vector<std::string> out;
  // A NUL inside a name is somebody's attempt to look like another.
  const auto add = [&](std::string_view name) {
    if (!name.empty() && name.find('\0') == std::string_view::npos) out.emplace_back(name);
  };
  add(common_name(certificate));
  const Names names = alternative_names(certificate);
  for (int i = 0; i < (names ? sk_GENERAL_NAME_num(names.get()) : 0); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) add(text_of(name->d.dNSName));
    if (name->type == GEN_EMAIL) add(text_of(name->d.rfc822Name));
    if (name->type == GEN_URI) add(text_of(name->d.uniformResourceIdentifier));
  }
  return out;
}

bool name_covers(std::string_view name, std::string_view host) {
  if (!name.starts_with("*.")) return name == host;
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && host.substr(dot) == name.substr(1);
}

std::string_view key_kind_of(const X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  switch (key == nullptr ? 0 : EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return "RSA";
    case EVP_PKEY_RSA_PSS:
      return "RSA-PSS";
    case EVP_PKEY_EC:
      return "ECDSA";
    case EVP_PKEY_ED25519:
      return "Ed25519";
    case EVP_PKEY_ED448:
      return "Ed448";
    default:
      return "other";
  }
}

}  // namespace brink::config
