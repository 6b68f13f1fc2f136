#include "config/certificates.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>

#include "config/file_text.h"

namespace brink::config {

namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using TlsContext = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;

// Certificates of one file, in its order.
struct Chain {
  std::vector<Certificate> certificates;
  std::string problem;
};

// OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) noexcept {
  return 0;
}

Bio bio_of(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// The newest reason in OpenSSL's queue, which is empty afterwards.
std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

Chain read_chain(const std::string& path) {
  Chain chain;
  FileText file = read_file(path, /*only_regular=*/true);
  if (!file.problem.empty()) {
    chain.problem = std::move(file.problem);
    return chain;
  }
  const Bio bio = bio_of(file.text);
  ERR_clear_error();
  while (true) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!next) break;
    chain.certificates.push_back(std::move(next));
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = openssl_reason();
  if (chain.certificates.empty() && is_end) {
    chain.problem =
        "holds no certificate; expected PEM, beginning with -----BEGIN CERTIFICATE-----";
  } else if (!is_end) {
    chain.problem = fmt::format("certificate {} of the file cannot be parsed ({})",
                                chain.certificates.size() + 1, reason);
  }
  return chain;
}

std::pair<PrivateKey, std::string> read_key_file(const std::string& path) {
  FileText file = read_file(path, /*only_regular=*/true);
  if (!file.problem.empty()) return {nullptr, std::move(file.problem)};
  const Bio bio = bio_of(file.text);
  ERR_clear_error();
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  const std::string reason = openssl_reason();
  if (key) return {std::move(key), std::string()};
  if (file.text.find("ENCRYPTED") != std::string::npos) {
    return {nullptr,
            "the key has a passphrase; remove it with: openssl pkey -in key.pem -out plain.pem"};
  }
  if (file.text.find("PRIVATE KEY-----") == std::string::npos) {
    return {nullptr,
            "holds no private key; expected PEM, beginning with -----BEGIN PRIVATE KEY-----"};
  }
  return {nullptr, fmt::format("the private key cannot be parsed ({})", reason)};
}

std::string date_of(const ASN1_TIME* time) {
  const Bio out(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (ASN1_TIME_print(out.get(), time) != 1) return "an unreadable date";
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

bool is_before(const ASN1_TIME* time, TimePoint limit) {
  return ASN1_TIME_cmp_time_t(time, std::chrono::system_clock::to_time_t(limit)) < 0;
}

void check_dates(const X509* certificate, TimePoint now, std::vector<PemProblem>& out) {
  const ASN1_TIME* begin = X509_get0_notBefore(certificate);
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  if (is_before(end, now)) {
    out.push_back({PemFile::Certificate, Severity::Error,
                   fmt::format("the certificate expired on {}; renew it", date_of(end))});
  } else if (!is_before(begin, now + Millis{1'000})) {
    out.push_back({PemFile::Certificate, Severity::Error,
                   fmt::format("the certificate is not valid before {}", date_of(begin))});
  } else if (is_before(end, now + kExpiryNotice)) {
    out.push_back({PemFile::Certificate, Severity::Warning,
                   fmt::format("the certificate expires on {}; renew it soon", date_of(end))});
  }
}

}  // namespace

std::vector<PemProblem> check_certificate_pair(const std::string& certificate,
                                               const std::string& key, TimePoint now) {
  std::vector<PemProblem> out;
  const Chain chain = read_chain(certificate);
  const auto [private_key, key_problem] = read_key_file(key);
  if (!chain.problem.empty()) out.push_back({PemFile::Certificate, Severity::Error, chain.problem});
  if (!key_problem.empty()) out.push_back({PemFile::Key, Severity::Error, key_problem});
  if (!out.empty()) return out;
  X509* leaf = chain.certificates.front().get();
  check_dates(leaf, now, out);
  const TlsContext context(SSL_CTX_new(TLS_server_method()));
  ERR_clear_error();
  if (SSL_CTX_use_certificate(context.get(), leaf) != 1) {
    out.push_back({PemFile::Certificate, Severity::Error,
                   fmt::format("OpenSSL refuses the certificate ({})", openssl_reason())});
  } else if (X509_check_private_key(leaf, private_key.get()) != 1) {
    ERR_clear_error();
    out.push_back({PemFile::Key, Severity::Error,
                   "the key does not belong to the certificate; the file's first certificate must "
                   "be the server's own"});
  } else if (SSL_CTX_use_PrivateKey(context.get(), private_key.get()) != 1) {
    out.push_back({PemFile::Key, Severity::Error,
                   fmt::format("OpenSSL refuses the key ({})", openssl_reason())});
  }
  return out;
}

std::string problem_in_ca_file(const std::string& path) {
  return read_chain(path).problem;
}

}  // namespace brink::config
