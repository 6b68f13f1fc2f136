#pragma once
// How a listener speaks TLS: certificates, versions, clients' certificates, resumption.

#include <cstdint>
#include <string>
#include <vector>

#include "config/runtime/clock.h"

namespace brink::config {

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };
enum class ClientAuth : std::uint8_t { None, Optional, Required };

struct CertificateFiles {
  std::string certificate;  // PEM file, chain included
  std::string key;          // PEM file
  std::string ocsp;         // DER file with the response to staple; empty = none
  bool operator==(const CertificateFiles&) const = default;
};

struct TlsOptions {
  // One certificate, or the first of several.
  std::string certificate;
  std::string key;
  std::string ocsp;
  std::vector<CertificateFiles> certificates;  // chosen by the name that the client asks for
  TlsVersion min_version = TlsVersion::Tls12;
  std::string client_ca;  // PEM file: who may sign clients' certificates
  ClientAuth client_auth = ClientAuth::None;
  Millis ticket_lifetime{24LL * 3600 * 1000};  // sessions can be resumed for so long; 0 = never
  Millis reload_every{5'000};  // how often the files are looked at; 0 = at a reload only
};

inline constexpr std::size_t kCertificatesPerListener = 1'000;

// The pair, then the list: the first one is for clients that name no host, or none of ours.
inline std::vector<CertificateFiles> all_certificates(const TlsOptions& tls) {
  std::vector<CertificateFiles> out;
  if (!tls.certificate.empty()) out.push_back({tls.certificate, tls.key, tls.ocsp});
  out.insert(out.end(), tls.certificates.begin(), tls.certificates.end());
  return out;
}

}  // namespace brink::config
