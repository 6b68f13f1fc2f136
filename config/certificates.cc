#include "config/certificates.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

namespace brink::config {

namespace {

using TlsContext = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;

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

void check_pair(CertificatePair& pair, TimePoint now) {
  std::vector<PemProblem>& out = pair.problems;
  X509* leaf = pair.chain.certificates.front().get();
  check_dates(leaf, now, out);
  const TlsContext context(SSL_CTX_new(TLS_server_method()));
  ERR_clear_error();
  if (SSL_CTX_use_certificate(context.get(), leaf) != 1) {
    out.push_back({PemFile::Certificate, Severity::Error,
                   fmt::format("OpenSSL refuses the certificate ({})", openssl_reason())});
  } else if (X509_check_private_key(leaf, pair.key.get()) != 1) {
    ERR_clear_error();
    out.push_back({PemFile::Key, Severity::Error,
                   "the key does not belong to the certificate; the file's first certificate must "
                   "be the server's own"});
  } else if (SSL_CTX_use_PrivateKey(context.get(), pair.key.get()) != 1) {
    out.push_back({PemFile::Key, Severity::Error,
                   fmt::format("OpenSSL refuses the key ({})", openssl_reason())});
  }
}

}  // namespace

CertificatePair load_certificate_pair(const std::string& certificate, const std::string& key,
                                      TimePoint now) {
  CertificatePair pair{.chain = read_chain(certificate), .key = nullptr, .problems = {}};
  KeyFile private_key = read_key_file(key);
  std::vector<PemProblem>& out = pair.problems;
  if (!pair.chain.problem.empty())
    out.push_back({PemFile::Certificate, Severity::Error, pair.chain.problem});
  if (!private_key.problem.empty())
    out.push_back({PemFile::Key, Severity::Error, private_key.problem});
  if (!out.empty()) return pair;
  pair.key = std::move(private_key.key);
  check_pair(pair, now);
  return pair;
}

std::string problem_in_ca_file(const std::string& path) {
  return read_chain(path).problem;
}

}  // namespace brink::config
