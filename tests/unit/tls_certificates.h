#pragma once
// Certificates, authorities and OCSP responses for one test, made on the spot, as PEM and DER.

#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "config/runtime/error.h"

namespace brink::test {

// A folder that goes when the test ends.
class CertificateFolder {
 public:
  CertificateFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "brink-tls-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
  }
  ~CertificateFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  CertificateFolder(const CertificateFolder&) = delete;
  CertificateFolder& operator=(const CertificateFolder&) = delete;
  std::string path(std::string_view name) const { return root_ + "/" + std::string(name); }
  std::string write(std::string_view name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

 private:
  std::string root_;
};

template <auto Free>
struct Release {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

struct Made {
  std::unique_ptr<X509, Release<X509_free>> certificate;
  std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>> key;

  std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate.get());
    return take(bio);
  }
  std::string key_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return take(bio);
  }
  static std::string take(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
};

struct MakeOptions {
  std::string common_name = "test";
  std::string names = {};  // "DNS:a.test,DNS:*.b.test,email:c@d.test"
  bool rsa = false;
  bool authority = false;
  const Made* issuer = nullptr;  // null: signs itself
  long ends_in_s = 365L * 24 * 3600;
};

inline void extend(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

inline Made make(const MakeOptions& options) {
  static long serial = 1000;
  Made made;
  made.key.reset(options.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  X509* x509 = made.certificate.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x509), -24 * 3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), options.ends_in_s);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(options.common_name.c_str()),
                             -1, -1, 0);
  const X509* issuer = options.issuer != nullptr ? options.issuer->certificate.get() : x509;
  X509_set_issuer_name(x509, X509_get_subject_name(issuer));
  X509_set_pubkey(x509, made.key.get());
  extend(x509, NID_basic_constraints, options.authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!options.names.empty()) extend(x509, NID_subject_alt_name, options.names);
  EVP_PKEY* signer = options.issuer != nullptr ? options.issuer->key.get() : made.key.get();
  CHECK(X509_sign(x509, signer, EVP_sha256()) > 0);
  return made;
}

struct OcspOptions {
  int status = V_OCSP_CERTSTATUS_GOOD;
  long from_s = -3600;
  long until_s = 24 * 3600;
};

// What the responder of `issuer` says of `leaf`, in DER. `signer` signs it.
inline std::string make_ocsp(const Made& leaf, const Made& issuer, const Made& signer,
                             const OcspOptions& options = {}) {
  OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), leaf.certificate.get(), issuer.certificate.get());
  ASN1_TIME* from = X509_gmtime_adj(nullptr, options.from_s);
  ASN1_TIME* until = X509_gmtime_adj(nullptr, options.until_s);
  const bool is_revoked = options.status == V_OCSP_CERTSTATUS_REVOKED;
  CHECK(OCSP_basic_add1_status(basic, id, options.status, 0, is_revoked ? from : nullptr, from,
                               until) != nullptr);
  CHECK(OCSP_basic_sign(basic, signer.certificate.get(), signer.key.get(), EVP_sha256(), nullptr,
                        0) == 1);
  OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &der);
  CHECK(size > 0);
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  ASN1_TIME_free(from);
  ASN1_TIME_free(until);
  OCSP_CERTID_free(id);
  OCSP_BASICRESP_free(basic);
  OCSP_RESPONSE_free(response);
  return out;
}

}  // namespace brink::test
