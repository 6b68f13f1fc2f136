#pragma once
// Whether an OCSP response, read from a file, may be stapled to a certificate (RFC 6960, RFC 6066
// §8).

#include <string>

#include "config/pem_files.h"
#include "config/runtime/clock.h"

namespace brink::config {

struct OcspFile {
  std::string der;      // the response as it is sent; empty when there is a problem
  TimePoint until;      // its nextUpdate: from then on it is not sent
  std::string problem;  // one sentence; empty = good at `now`
};

// Judges form, status, certificate, times and, when the chain holds the issuer, the signature. A
// response without nextUpdate counts for a week.
OcspFile read_ocsp_file(const std::string& path, const Chain& chain, TimePoint now);

}  // namespace brink::config
