#include "origin/upstream_tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

#include "config/file_text.h"
#include "config/pem_files.h"
#include "config/runtime/log.h"

namespace brink::origin {
namespace {

std::string read_pem(const std::string& path) {
  if (path.empty()) return {};
  config::FileText file = config::read_file(path, /*only_regular=*/true);
  if (file.problem.empty()) return std::move(file.text);
  log(LogLevel::Error, "origin", fmt::format("{} {}", path, file.problem));
  return {};
}

bool trust_authorities(SSL_CTX* context, const UpstreamTls& tls) {
  if (tls.options.ca.empty()) return SSL_CTX_set_default_verify_paths(context) == 1;
  const config::Bio bio = config::bio_of(tls.authorities);
  int count = 0;
  for (; const config::CertificatePtr authority = config::next_certificate(bio.get()); ++count) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1) return false;
  }
  return count > 0;
}

bool show_certificate(SSL_CTX* context, const UpstreamTls& tls) {
  if (tls.options.certificate.empty()) return true;
  const config::Bio bio = config::bio_of(tls.certificate);
  const config::Bio key_bio = config::bio_of(tls.key);
  const config::CertificatePtr own = config::next_certificate(bio.get());
  const config::PrivateKey key = config::read_private_key(key_bio.get());
  if (!own || !key || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
  while (const config::CertificatePtr issuer = config::next_certificate(bio.get())) {
    if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

}  // namespace

UpstreamTls load_upstream_tls(const config::UpstreamTlsOptions& options) {
  return {.options = options,
          .authorities = read_pem(options.ca),
          .certificate = read_pem(options.certificate),
          .key = read_pem(options.key),
          .pins = fmt::format("{}", fmt::join(options.pins, ";"))};
}

Result<void> set_up_context(SSL_CTX* context, const UpstreamTls& tls) {
  const int oldest = tls.options.min_version == config::UpstreamTlsVersion::Tls13 ? TLS1_3_VERSION
                                                                                  : TLS1_2_VERSION;
  const bool done = SSL_CTX_set_min_proto_version(context, oldest) == 1 &&
                    show_certificate(context, tls) &&
                    (!tls.options.verify || trust_authorities(context, tls));
  ERR_clear_error();  // the end of a file of certificates is one
  if (done) return {};
  return Error{ErrorCode::TlsError, Side::Upstream, Retry::Safe,
               "TLS cannot be set up: see tls.ca, tls.certificate, tls.key"};
}

bool has_pinned_key(const SSL* session, const UpstreamTls& tls) {
  if (tls.options.pins.empty()) return true;
  const config::CertificatePtr certificate(SSL_get1_peer_certificate(session));
  if (!certificate) return false;
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
  if (size <= 0) return false;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(der, static_cast<std::size_t>(size), hash.data());
  OPENSSL_free(der);
  std::array<unsigned char, 48> text{};
  const int length = EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(hash.size()));
  const std::string pin = "sha256//" + std::string(text.begin(), text.begin() + length);
  return std::find(tls.options.pins.begin(), tls.options.pins.end(), pin) != tls.options.pins.end();
}

}  // namespace brink::origin
