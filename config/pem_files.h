#pragma once
// Certificates and keys out of PEM files, with the reason in words where that fails (OpenSSL 3).

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "config/freer.h"
#include "config/runtime/clock.h"

namespace brink::config {

using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, Freer<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

// Certificates of one file, in its order.
struct Chain {
  std::vector<CertificatePtr> certificates;
  std::string problem;  // "cannot be read: …"; empty = none
};
Chain read_chain(const std::string& path);

struct KeyFile {
  PrivateKey key;
  std::string problem;
};
KeyFile read_key_file(const std::string& path);

// The same out of a text. `bio_of`: the text outlives it. What is missing or does not parse is null, and stays in OpenSSL's queue.
Bio bio_of(const std::string& text);
CertificatePtr next_certificate(BIO* bio);
PrivateKey read_private_key(BIO* bio);

// The newest reason in OpenSSL's queue, which is empty afterwards.
std::string openssl_reason();

// "Nov 28 03:24:00 2026 GMT".
std::string date_of(const ASN1_TIME* time);
// 1970 when it cannot be read.
TimePoint time_of(const ASN1_TIME* time);

}  // namespace brink::config
