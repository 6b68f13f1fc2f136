#include "config_support.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

namespace brink::config {

namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

}  // namespace

TestFolder::TestFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "brink-config-XXXXXX").string();
  EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
  root_ = pattern;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

std::string TestFolder::path(std::string_view name) const {
  return root_ + "/" + std::string(name);
}

std::string TestFolder::write(std::string_view name, std::string_view text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

KeyPair make_key_pair(const KeyPairOptions& options) {
  EVP_PKEY* key = options.has_weak_key ? EVP_RSA_gen(512) : EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), options.begins_in_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), options.ends_in_s);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(options.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  BIO* certificate_bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_bio, certificate);
  BIO* key_bio = BIO_new(BIO_s_mem());
  const bool is_locked = !options.passphrase.empty();
  std::string passphrase(options.passphrase);
  PEM_write_bio_PKCS8PrivateKey(key_bio, key, is_locked ? EVP_aes_128_cbc() : nullptr,
                                is_locked ? passphrase.data() : nullptr,
                                static_cast<int>(passphrase.size()), nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {text_of(certificate_bio), text_of(key_bio)};
}

std::vector<std::string> lines_of(const LoadResult& result) {
  std::vector<std::string> out;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.severity == Severity::Note) continue;
    const std::string line = to_string(diagnostic);
    EXPECT_EQ(line.rfind(diagnostic.file + ":", 0), 0U);
    out.push_back(line.substr(diagnostic.file.size() + 1));
  }
  return out;
}

std::string repository_path(std::string_view name) {
  const auto root = std::filesystem::path(BRINK_SOURCE_FOLDER);
  return (root / name).string();
}

std::string read_text(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

}  // namespace brink::config
