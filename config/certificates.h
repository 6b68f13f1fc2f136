#pragma once
// Whether certificates and keys will do, found out before a listener needs them (OpenSSL 3).

#include <string>
#include <vector>

#include "config/loader.h"
#include "config/pem_files.h"
#include "config/runtime/clock.h"

namespace brink::config {

enum class PemFile : std::uint8_t { Certificate, Key };

struct PemProblem {
  PemFile file;  // which of the two it is about
  Severity severity;
  std::string message;
};

inline constexpr Seconds kExpiryNotice{14LL * 24 * 3600};

// What was read; the key is null when a file could not be used at all.
struct CertificatePair {
  Chain chain;
  PrivateKey key;
  std::vector<PemProblem> problems;
};
// Reads both files and judges: readable, PEM, without a passphrase, belonging together, acceptable
// to OpenSSL (key length), valid at `now`. A certificate that ends within kExpiryNotice is a
// Warning.
CertificatePair load_certificate_pair(const std::string& certificate, const std::string& key,
                                      TimePoint now);

// One sentence when `path` holds no certificate at all or one that cannot be parsed; empty = fine.
std::string problem_in_ca_file(const std::string& path);

}  // namespace brink::config
