#pragma once
// A certificate authority for one test: makes server certificates, and the file that makes a client
// trust them.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "config/runtime/error.h"

namespace brink::test {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using TlsContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

class Authority {
 public:
  Authority()
      : key_(make_key()), certificate_(make("Test Authority", key_, nullptr, "CA:TRUE", "")) {
    const int fd = ::mkstemp(path_);
    CHECK(fd >= 0);
    FILE* file = ::fdopen(fd, "w");
    CHECK(file && PEM_write_X509(file, certificate_.get()) == 1);
    std::fclose(file);
  }
  ~Authority() { ::unlink(path_); }
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  std::string file() const { return path_; }

  // Has the server take clients only with a certificate of this authority.
  void demand_certificate(SSL_CTX* server) {
    CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(server), certificate_.get()) == 1);
    SSL_CTX_set_verify(server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    static constexpr unsigned char kContext[] = "brink";
    CHECK(SSL_CTX_set_session_id_context(server, kContext, sizeof kContext) == 1);  // or no session could be resumed
  }

  // A client's certificate and key, as PEM.
  std::pair<std::string, std::string> client() {
    const Key key = make_key();
    const Certificate certificate = make("Test Client", key, this, "CA:FALSE", "");
    return {pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); }),
            pem([&](BIO* out) {
              return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
  }

  // For a server with these alternative names ("DNS:a,IP:127.0.0.1"), offering `alpn` (wire form)
  // when asked.
  TlsContext server(const std::string& names, std::string alpn = "") {
    const Key key = make_key();
    const Certificate certificate = make("Test Server", key, this, "CA:FALSE", names);
    TlsContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    CHECK(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
    CHECK(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
    alpn_ = std::move(alpn);
    SSL_CTX_set_alpn_select_cb(context.get(), &Authority::select, this);
    return context;
  }

 private:
  static int select(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned int in_size, void* self) {
    const std::string& ours = static_cast<Authority*>(self)->alpn_;
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(&chosen, out_size,
                                            reinterpret_cast<const unsigned char*>(ours.data()),
                                            static_cast<unsigned int>(ours.size()), in, in_size);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  }

  template <class Write>
  static std::string pem(Write write) {
    BIO* out = BIO_new(BIO_s_mem());
    CHECK(write(out) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    std::string copy(text, static_cast<std::size_t>(size));
    BIO_free(out);
    return copy;
  }

  static Key make_key() { return Key(EVP_EC_gen("P-256"), &EVP_PKEY_free); }

  static void extend(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    CHECK(extension && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }

  static Certificate make(const char* subject, const Key& key, const Authority* issuer,
                          const std::string& constraints, const std::string& names) {
    Certificate made(X509_new(), &X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(subject), -1, -1, 0);
    X509_set_issuer_name(made.get(),
                         X509_get_subject_name(issuer ? issuer->certificate_.get() : made.get()));
    X509_set_pubkey(made.get(), key.get());
    extend(made.get(), NID_basic_constraints, constraints);
    if (!names.empty()) extend(made.get(), NID_subject_alt_name, names);
    CHECK(X509_sign(made.get(), issuer ? issuer->key_.get() : key.get(), EVP_sha256()) > 0);
    return made;
  }

  char path_[32] = "/tmp/brink-test-ca-XXXXXX";
  std::string alpn_;
  Key key_;
  Certificate certificate_;
};

// A client's certificate of an authority, in files that go with it.
class ClientFiles {
 public:
  explicit ClientFiles(Authority& authority) { renew(authority); }
  ~ClientFiles() { std::filesystem::remove_all(folder_); }
  ClientFiles(const ClientFiles&) = delete;
  ClientFiles& operator=(const ClientFiles&) = delete;

  void renew(Authority& authority) {
    const auto [certificate_text, key_text] = authority.client();
    std::ofstream(certificate()) << certificate_text;
    std::ofstream(key()) << key_text;
  }
  std::string certificate() const { return folder_ + "/client.pem"; }
  std::string key() const { return folder_ + "/client.key"; }

 private:
  static std::string make_folder() {
    char path[] = "/tmp/brink-test-client-XXXXXX";
    CHECK(::mkdtemp(path));
    return path;
  }
  const std::string folder_ = make_folder();
};

// sha256//BASE64 of a server's public key.
inline std::string pin_of(SSL_CTX* server) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(SSL_CTX_get0_certificate(server)), &der);
  CHECK(size > 0);
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<std::size_t>(size), hash);
  OPENSSL_free(der);
  unsigned char text[48];
  EVP_EncodeBlock(text, hash, sizeof hash);
  return "sha256//" + std::string(reinterpret_cast<const char*>(text));
}
inline constexpr char kOtherPin[] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

}  // namespace brink::test
