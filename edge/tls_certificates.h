#pragma once
// A listener's certificates, as they are in their files now, and which of them a client gets.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/pem_files.h"
#include "config/runtime/clock.h"
#include "config/tls_options.h"

namespace brink::edge {

struct TlsCertificate {
  config::CertificateFiles files;
  config::Chain chain;  // its own first
  config::PrivateKey key;
  std::vector<std::string> names;  // lower case; host_names_of()
  std::string kind;                // of its key: key_kind_of()
  TimePoint not_after;
  std::string ocsp;      // what to staple; empty = nothing
  TimePoint ocsp_until;  // no longer from then on
};

// Immutable, and shared by the contexts that show them.
using TlsCertificates = std::vector<std::shared_ptr<const TlsCertificate>>;

struct LoadedCertificates {
  TlsCertificates certificates;
  std::string problem;                // "cert.pem: cannot be read: …"; empty = all can be used
  std::vector<std::string> kept;      // the same, of those whose previous one is used instead
  std::vector<std::string> warnings;  // ends soon; nothing to staple, and why
};

// Reads all files anew. One bad pair is a problem of the whole, unless `previous` has a good one of
// the same files: one that was renewed badly, or has expired, keeps no other from being renewed. A
// bad OCSP response is only a warning.
LoadedCertificates load_certificates(const config::TlsOptions& options, TimePoint now,
                                     const TlsCertificates& previous = {});

// Which certificates go with which host name. A group is a set of certificates for one and the same
// client: one per kind of key, of which its signature algorithms choose.
// Immutable; any thread.
class TlsNames {
 public:
  struct Certificate {
    std::vector<std::string> names;
    std::string kind;
  };
  // REQUIRES: at least one.
  explicit TlsNames(const std::vector<Certificate>& certificates);

  // Each group's certificates by index. The first group is for names that are unknown and for
  // clients that send none: what belongs to the first certificate's first name.
  const std::vector<std::vector<std::size_t>>& groups() const { return groups_; }
  // The group for `host`, in any case: exact names first, then wildcards of one label (RFC 6125
  // §6.4.3), then the first.
  std::size_t find(std::string_view host) const;

 private:
  std::vector<std::vector<std::size_t>> groups_;
  std::map<std::string, std::size_t, std::less<>> by_name_;  // "*.example.com" too
};

}  // namespace brink::edge
