#include "tests/support/test_certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace brink::tests {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

constexpr char kNotBefore[] = "20200101000000Z";
constexpr char kNotAfter[] = "20491231235959Z";

void must(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "no test certificate: %s\n", what);
  std::abort();
}

void name_hosts(X509* certificate) {
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                                              "IP:127.0.0.1,DNS:localhost,DNS:example.test");
  must(names != nullptr && X509_add_ext(certificate, names, -1) == 1, "its names");
  X509_EXTENSION_free(names);
}

Certificate self_signed(const Key& key) {
  Certificate made(X509_new(), &X509_free);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  ASN1_TIME_set_string(X509_getm_notBefore(made.get()), kNotBefore);
  ASN1_TIME_set_string(X509_getm_notAfter(made.get()), kNotAfter);
  X509_NAME* name = X509_get_subject_name(made.get());
  const auto* text = reinterpret_cast<const unsigned char*>("Brink's tests");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  X509_set_pubkey(made.get(), key.get());
  name_hosts(made.get());
  must(X509_sign(made.get(), key.get(), EVP_sha256()) > 0, "its signature");
  return made;
}

File opened(const std::string& path) {
  File file(std::fopen(path.c_str(), "w"), &std::fclose);
  must(file != nullptr, path.c_str());
  return file;
}

}  // namespace

TestCertificate::TestCertificate() {
  std::string name = (std::filesystem::temp_directory_path() / "brink-tls-XXXXXX").string();
  must(::mkdtemp(name.data()) != nullptr, name.c_str());
  folder_ = name;
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  must(key != nullptr, "its key");
  const Certificate made = self_signed(key);
  must(PEM_write_X509(opened(certificate()).get(), made.get()) == 1, "its file");
  must(PEM_write_PrivateKey(opened(this->key()).get(), key.get(), nullptr, nullptr, 0, nullptr,
                            nullptr) == 1,
       "its key's file");
}

TestCertificate::~TestCertificate() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace brink::tests
