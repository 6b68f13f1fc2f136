#include "edge/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <cstring>
#include <span>

#include "config/runtime/error.h"
#include "edge/tls_client_hello.h"

namespace brink::edge {
namespace {

namespace net = boost::asio;

// Forward secret, authenticated ciphers only. ECDSA first: it is cheaper, and who cannot verify it
// is given RSA. PRIORITIZE_CHACHA moves ChaCha20 up for clients that have no AES in hardware.
constexpr char kCiphers12[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";
constexpr char kCiphers13[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr char kGroups[] = "X25519:P-256:P-384";
constexpr int kSecurityLevel = 2;  // 112 bits: no SHA-1 signatures, no RSA below 2048
constexpr int kVerifyDepth = 8;    // certificates between a client's and its authority
constexpr std::size_t kIvBytes = 16;
constexpr unsigned int kIdBytes =
    SHA256_DIGEST_LENGTH;  // of a session id context: as many as there may be

using SessionId = std::array<unsigned char, SHA256_DIGEST_LENGTH>;
using Store = std::unique_ptr<X509_STORE, config::Freer<X509_STORE_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, config::Freer<EVP_MD_CTX_free>>;

// All contexts of one listener, and what they need. Outlives its connections, each of which holds
// it.
class Contexts {
 public:
  Contexts(const TlsListener& listener, const TlsShared& shared, LoadedCertificates loaded)
      : shared_(shared),
        listener_(listener),
        certificates_(std::move(loaded.certificates)),
        names_(named(certificates_)) {}

  bool build(std::string& problem);
  net::ssl::context& first() { return *first_; }
  TlsMetrics& metrics() const { return shared_.metrics; }
  const TlsCertificates& certificates() const { return certificates_; }
  static Contexts* of(SSL_CTX* context) {
    return static_cast<Contexts*>(SSL_CTX_get_ex_data(context, index()));
  }
  static Contexts* of(const SSL* ssl) { return of(SSL_get_SSL_CTX(ssl)); }

 private:
  struct Group {
    SSL_CTX* context;
    SessionId id;
  };

  static int index() {
    static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return kIndex;
  }
  static std::vector<TlsNames::Certificate> named(const TlsCertificates& all) {
    std::vector<TlsNames::Certificate> out;
    for (const auto& each : all)
      out.push_back({each->names, each->kind});
    return out;
  }

  void configure(SSL_CTX* context);
  void configure_tickets(SSL_CTX* context);
  void configure_clients(SSL_CTX* context);
  bool use_certificates(SSL_CTX* context, const std::vector<std::size_t>& group,
                        std::string& problem);
  bool read_authorities(std::string& problem);
  SessionId session_id(const std::vector<std::size_t>& group) const;

  static int on_hello(SSL* ssl, int* alert, void* self) noexcept;
  static int on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                           EVP_MAC_CTX* mac, int seal) noexcept;
  static SSL_TICKET_RETURN on_ticket(SSL*, SSL_SESSION* session, const unsigned char*, std::size_t,
                                     SSL_TICKET_STATUS status, void* self) noexcept;
  static int on_status(SSL* ssl, void* self) noexcept;
  static int on_name(SSL*, int*, void*) noexcept { return SSL_TLSEXT_ERR_OK; }  // acknowledged

  const TlsShared shared_;
  const TlsListener listener_;
  const TlsCertificates certificates_;
  const TlsNames names_;
  config::Chain authorities_;
  Store store_;
  std::unique_ptr<net::ssl::context> first_;
  std::vector<std::unique_ptr<net::ssl::context>> others_;
  std::vector<Group> groups_;
};

// The server's order decides; without a common protocol there is no connection (RFC 7301 §3.2).
// `arg`: whether h2 is offered.
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                unsigned int in_length, void* arg) noexcept {
  static constexpr unsigned char kBoth[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  const std::size_t skip = arg != nullptr ? 0 : 3;
  const int found =
      SSL_select_next_proto(const_cast<unsigned char**>(out), out_length, kBoth + skip,
                            static_cast<unsigned>(sizeof kBoth - skip), in, in_length);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void Contexts::configure(SSL_CTX* context) {
  const bool only_13 = listener_.options.min_version == config::TlsVersion::Tls13;
  SSL_CTX_set_min_proto_version(context, only_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_security_level(context, kSecurityLevel);
  CHECK(SSL_CTX_set_cipher_list(context, kCiphers12) == 1);
  CHECK(SSL_CTX_set_ciphersuites(context, kCiphers13) == 1);
  CHECK(SSL_CTX_set1_groups_list(context, kGroups) == 1);
  SSL_CTX_set_max_early_data(context, 0);  // it could be replayed
  static int offered = 1;
  SSL_CTX_set_alpn_select_cb(context, select_alpn, listener_.http2 ? &offered : nullptr);
  SSL_CTX_set_ex_data(context, index(), this);
  SSL_CTX_set_client_hello_cb(context, on_hello, this);
  SSL_CTX_set_tlsext_servername_callback(context, on_name);
  SSL_CTX_set_tlsext_status_cb(context, on_status);
  SSL_CTX_set_tlsext_status_arg(context, this);
  configure_tickets(context);
  configure_clients(context);
}

// Sessions live in tickets only: no shard keeps state, and each can resume what another began.
void Contexts::configure_tickets(SSL_CTX* context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  const auto lifetime = std::chrono::floor<Seconds>(listener_.options.ticket_lifetime).count();
  if (lifetime <= 0) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    return;
  }
  SSL_CTX_set_timeout(context, static_cast<long>(lifetime));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket_key);
  SSL_CTX_set_session_ticket_cb(context, nullptr, on_ticket, this);
}

void Contexts::configure_clients(SSL_CTX* context) {
  if (listener_.options.client_auth == config::ClientAuth::None) return;
  const bool is_required = listener_.options.client_auth == config::ClientAuth::Required;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  SSL_CTX_set_verify_depth(context, kVerifyDepth);
  SSL_CTX_set1_cert_store(context, store_.get());
  for (const auto& authority : authorities_.certificates)
    SSL_CTX_add_client_CA(context, authority.get());
}

bool Contexts::read_authorities(std::string& problem) {
  if (listener_.options.client_auth == config::ClientAuth::None) return true;
  authorities_ = config::read_chain(listener_.options.client_ca);
  if (!authorities_.problem.empty()) {
    problem = listener_.options.client_ca + ": " + authorities_.problem;
    return false;
  }
  store_.reset(X509_STORE_new());
  // An intermediate authority in the file is trusted as it stands.
  X509_STORE_set_flags(store_.get(), X509_V_FLAG_PARTIAL_CHAIN);
  for (const auto& authority : authorities_.certificates)
    X509_STORE_add_cert(store_.get(), authority.get());
  return true;
}

bool Contexts::use_certificates(SSL_CTX* context, const std::vector<std::size_t>& group,
                                std::string& problem) {
  for (const std::size_t i : group) {
    const TlsCertificate& each = *certificates_[i];
    STACK_OF(X509)* chain = sk_X509_new_null();
    for (std::size_t n = 1; n < each.chain.certificates.size(); ++n) {
      sk_X509_push(chain, each.chain.certificates[n].get());
    }
    ERR_clear_error();
    const int done = SSL_CTX_use_cert_and_key(context, each.chain.certificates.front().get(),
                                              each.key.get(), chain, 1);
    sk_X509_free(chain);
    if (done == 1) continue;
    problem = each.files.certificate + ": OpenSSL refuses it (" + config::openssl_reason() + ")";
    return false;
  }
  return true;
}

// Of what a session vouches for: who the server was, and whom it asked for a certificate.
SessionId Contexts::session_id(const std::vector<std::size_t>& group) const {
  const Digest digest(EVP_MD_CTX_new());
  CHECK(EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1);
  const auto add = [&](const void* bytes, std::size_t size) {
    EVP_DigestUpdate(digest.get(), bytes, size);
  };
  const auto add_certificate = [&](const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> own{};
    unsigned int size = 0;
    CHECK(X509_digest(certificate, EVP_sha256(), own.data(), &size) == 1);
    add(own.data(), size);
  };
  const auto auth = static_cast<unsigned char>(listener_.options.client_auth);
  add(&auth, 1);
  if (listener_.options.client_auth != config::ClientAuth::None) {
    add(listener_.scope.data(), listener_.scope.size() + 1);  // with its NUL, as an end
    for (const auto& authority : authorities_.certificates)
      add_certificate(authority.get());
  }
  add("", 1);
  for (const std::size_t i : group)
    add_certificate(certificates_[i]->chain.certificates.front().get());
  SessionId out{};
  CHECK(EVP_DigestFinal_ex(digest.get(), out.data(), nullptr) == 1);
  return out;
}

bool Contexts::build(std::string& problem) {
  if (!read_authorities(problem)) return false;
  for (const std::vector<std::size_t>& group : names_.groups()) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    CHECK(context != nullptr);
    auto& owner = groups_.empty() ? first_ : others_.emplace_back();
    owner = std::make_unique<net::ssl::context>(context);
    configure(context);
    if (!use_certificates(context, group, problem)) return false;
    const SessionId id = session_id(group);
    SSL_CTX_set_session_id_context(context, id.data(), kIdBytes);
    groups_.push_back({context, id});
  }
  return true;
}

// Before a ticket is looked at: a session is good only for the certificates that are chosen here.
int Contexts::on_hello(SSL* ssl, int*, void* arg) noexcept {
  auto* self = static_cast<Contexts*>(arg);
  const Group& group = self->groups_[self->names_.find(host_of_client_hello(ssl))];
  if (SSL_set_SSL_CTX(ssl, group.context) == nullptr) return SSL_CLIENT_HELLO_ERROR;
  SSL_set_session_id_context(ssl, group.id.data(), kIdBytes);
  return SSL_CLIENT_HELLO_SUCCESS;
}

int Contexts::on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv,
                            EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal) noexcept {
  TlsTickets& tickets = of(ssl)->shared_.tickets;
  TlsTickets::Opened opened;
  if (seal == 1) {
    opened.key = tickets.seal();
    if (RAND_bytes(iv, kIvBytes) != 1) return -1;
    std::memcpy(name, opened.key.name.data(), opened.key.name.size());
  } else {
    const auto found = tickets.open(std::span<const unsigned char, 16>(name, 16));
    if (!found) return 0;
    opened = *found;
  }
  TicketKey& key = opened.key;
  std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  const bool is_set =
      EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, seal) == 1 &&
      EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  OPENSSL_cleanse(&key, sizeof key);
  if (!is_set) return -1;
  return opened.renew ? 2 : 1;
}

// A client's certificate is not shown again when its session is resumed, so its end is looked at
// here.
// With TLS 1.3 a ticket is used once (RFC 8446 appendix C.4); the new one also spares the client a delayed acknowledgement.
SSL_TICKET_RETURN Contexts::on_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                                      SSL_TICKET_STATUS status, void* arg) noexcept {
  const auto* self = static_cast<const Contexts*>(arg);
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  if (const X509* client = SSL_SESSION_get0_peer(session); client != nullptr) {
    std::time_t now = std::chrono::system_clock::to_time_t(self->shared_.clock.now());
    if (X509_cmp_time(X509_get0_notAfter(client), &now) <= 0) return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
  const bool keeps = status == SSL_TICKET_SUCCESS && SSL_version(ssl) < TLS1_3_VERSION;
  return keeps ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

int Contexts::on_status(SSL* ssl, void* arg) noexcept {
  const auto* self = static_cast<const Contexts*>(arg);
  const X509* shown = SSL_get_certificate(ssl);
  for (const auto& shared : self->certificates_) {
    const TlsCertificate& each = *shared;
    if (each.chain.certificates.front().get() != shown) continue;
    if (each.ocsp.empty() || each.ocsp_until <= self->shared_.clock.now()) break;
    void* copy = OPENSSL_memdup(each.ocsp.data(), each.ocsp.size());  // OpenSSL's from here on
    if (copy == nullptr) break;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(each.ocsp.size()));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

std::shared_ptr<net::ssl::context> make_tls_context(const TlsListener& listener,
                                                    const TlsShared& shared, TlsReport& report,
                                                    const TlsCertificates& previous) {
  LoadedCertificates loaded = load_certificates(listener.options, shared.clock.now(), previous);
  report.warnings = std::move(loaded.warnings);
  report.kept = std::move(loaded.kept);
  report.problem = std::move(loaded.problem);
  if (!report.problem.empty()) return nullptr;
  for (const auto& each : loaded.certificates)
    report.ends[each->files.certificate] = each->not_after;
  const auto contexts = std::make_shared<Contexts>(listener, shared, std::move(loaded));
  if (!contexts->build(report.problem)) return nullptr;
  return {contexts, &contexts->first()};
}

const TlsCertificates& certificates_of(net::ssl::context& context) {
  return Contexts::of(context.native_handle())->certificates();
}

void count_handshake_done(SSL* ssl) {
  Contexts::of(ssl)->metrics().count_done(ssl);
}

void count_handshake_failed(SSL* ssl, TlsFailure failure) {
  Contexts::of(ssl)->metrics().count_failed(failure);
}

}  // namespace brink::edge
