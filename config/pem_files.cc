#include "config/pem_files.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <time.h>

#include <utility>

#include "config/file_text.h"

namespace brink::config {

namespace {

// OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) noexcept {
  return 0;
}

}  // namespace

Bio bio_of(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

CertificatePtr next_certificate(BIO* bio) {
  return CertificatePtr(PEM_read_bio_X509(bio, nullptr, no_passphrase, nullptr));
}

PrivateKey read_private_key(BIO* bio) {
  return PrivateKey(PEM_read_bio_PrivateKey(bio, nullptr, no_passphrase, nullptr));
}

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
  while (CertificatePtr next = next_certificate(bio.get())) {
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

KeyFile read_key_file(const std::string& path) {
  FileText file = read_file(path, /*only_regular=*/true);
  if (!file.problem.empty()) return {nullptr, std::move(file.problem)};
  const Bio bio = bio_of(file.text);
  ERR_clear_error();
  PrivateKey key = read_private_key(bio.get());
  const std::string reason = openssl_reason();
  if (key) return {std::move(key), {}};
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

TimePoint time_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return TimePoint{Seconds{::timegm(&parts)}};
}

}  // namespace brink::config
