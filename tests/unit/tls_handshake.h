#pragma once
// A TLS handshake between a server's context and a made-up client, in memory.

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "tests/unit/tls_certificates.h"

namespace brink::test {

using Session = std::shared_ptr<SSL_SESSION>;

struct ClientOptions {
  std::string host = {};  // SNI; empty = none
  int version = 0;        // the only one; 0 = any
  std::string ciphers = {};
  std::string signatures = {};  // "RSA-PSS+SHA256"
  std::string groups = {};
  const Made* certificate = nullptr;
  Session session = {};
  bool asks_for_status = false;
};

struct Shaken {
  bool done = false;
  unsigned long server_error = 0;
  std::string certificate;  // the common name of the one shown
  std::string cipher;
  int version = 0;
  bool resumed = false;
  std::string ocsp;
  Session session;  // to resume; empty = no ticket came
  std::string alpn;
  std::unique_ptr<SSL, Release<SSL_free>> server;
};

inline std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> client_context(const ClientOptions& options,
                                                                      Session& ticket) {
  std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* raw = context.get();
  SSL_CTX_set_security_level(raw, 0);  // it may ask for anything
  if (options.version != 0) {
    SSL_CTX_set_min_proto_version(raw, options.version);
    SSL_CTX_set_max_proto_version(raw, options.version);
  }
  if (!options.ciphers.empty()) {
    const bool is_13 = options.ciphers.starts_with("TLS_");
    CHECK((is_13 ? SSL_CTX_set_ciphersuites(raw, options.ciphers.c_str())
                 : SSL_CTX_set_cipher_list(raw, options.ciphers.c_str())) == 1);
  }
  if (!options.signatures.empty())
    CHECK(SSL_CTX_set1_sigalgs_list(raw, options.signatures.c_str()) == 1);
  if (!options.groups.empty()) CHECK(SSL_CTX_set1_groups_list(raw, options.groups.c_str()) == 1);
  if (options.certificate != nullptr) {
    CHECK(SSL_CTX_use_certificate(raw, options.certificate->certificate.get()) == 1);
    CHECK(SSL_CTX_use_PrivateKey(raw, options.certificate->key.get()) == 1);
  }
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_set_app_data(raw, &ticket);
  SSL_CTX_sess_set_new_cb(raw, [](SSL* ssl, SSL_SESSION* session) {
    auto* into = static_cast<Session*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    into->reset(session, SSL_SESSION_free);
    return 1;
  });
  return context;
}

inline void prepare(SSL* client, const ClientOptions& options) {
  static constexpr unsigned char kProtocols[] = {2,   'h', '2', 8,   'h', 't',
                                                 't', 'p', '/', '1', '.', '1'};
  if (!options.host.empty()) SSL_set_tlsext_host_name(client, options.host.c_str());
  if (options.session) SSL_set_session(client, options.session.get());
  if (options.asks_for_status) SSL_set_tlsext_status_type(client, TLSEXT_STATUSTYPE_ocsp);
  SSL_set_alpn_protos(client, kProtocols, sizeof kProtocols);
  SSL_set_connect_state(client);
}

inline std::string common_name_of(const X509* certificate) {
  char text[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof text);
  return text;
}

inline Shaken shake(SSL_CTX* server_context, const ClientOptions& options = {}) {
  Shaken out;
  const auto context = client_context(options, out.session);
  const std::unique_ptr<SSL, Release<SSL_free>> client(SSL_new(context.get()));
  out.server.reset(SSL_new(server_context));
  prepare(client.get(), options);
  SSL_set_accept_state(out.server.get());
  BIO *near = nullptr, *far = nullptr;
  constexpr std::size_t kRoom = 64 * 1024;
  CHECK(BIO_new_bio_pair(&near, kRoom, &far, kRoom) == 1);
  SSL_set_bio(client.get(), near, near);
  SSL_set_bio(out.server.get(), far, far);
  constexpr int kTurns = 8;
  for (int i = 0; i < kTurns && out.server_error == 0; ++i) {
    ERR_clear_error();
    SSL_do_handshake(client.get());
    ERR_clear_error();
    const int done = SSL_do_handshake(out.server.get());
    if (done != 1 && SSL_get_error(out.server.get(), done) == SSL_ERROR_SSL)
      out.server_error = ERR_peek_error();
  }
  out.done = out.server_error == 0 && SSL_is_init_finished(client.get()) == 1 &&
             SSL_is_init_finished(out.server.get()) == 1;
  if (!out.done) return out;
  char byte = 0;
  SSL_read(client.get(), &byte, 1);  // takes the tickets of TLS 1.3
  const std::unique_ptr<X509, Release<X509_free>> shown(SSL_get1_peer_certificate(client.get()));
  if (shown) out.certificate = common_name_of(shown.get());
  out.cipher = SSL_get_cipher_name(client.get());
  out.version = SSL_version(client.get());
  out.resumed = SSL_session_reused(client.get()) == 1;
  unsigned char* ocsp = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(client.get(), &ocsp);
  if (size > 0) out.ocsp.assign(reinterpret_cast<char*>(ocsp), static_cast<std::size_t>(size));
  SSL_shutdown(client.get());  // a session whose connection broke off is not resumed
  const unsigned char* alpn = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(client.get(), &alpn, &length);
  out.alpn.assign(reinterpret_cast<const char*>(alpn), length);
  return out;
}

}  // namespace brink::test
