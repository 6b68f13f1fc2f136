#include "edge/tls_metrics.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

namespace brink::edge {

namespace {

constexpr std::array<const char*, 2> kVersions = {"1.2", "1.3"};
constexpr std::array<const char*, 2> kNoYes = {"no", "yes"};
constexpr int kFirstAlert = SSL_AD_REASON_OFFSET;  // reasons from here on are alerts of the client

constexpr char kHandshakes[] = "brink_edge_tls_handshakes_total";
constexpr char kHandshakesHelp[] =
    "TLS handshakes by version and result; resumed: by a session ticket.";

}  // namespace

std::string_view to_string(TlsFailure failure) {
  switch (failure) {
    case TlsFailure::Timeout:
      return "timeout";
    case TlsFailure::Rate:
      return "rate";
    case TlsFailure::NotTls:
      return "not-tls";
    case TlsFailure::Version:
      return "version";
    case TlsFailure::NoSharedCipher:
      return "no-shared-cipher";
    case TlsFailure::ClientCertificate:
      return "client-certificate";
    case TlsFailure::ClientAlert:
      return "client-alert";
    case TlsFailure::ClientLeft:
      return "client-left";
    case TlsFailure::Other:
    case TlsFailure::Count_:
      break;
  }
  return "other";
}

TlsFailure tls_failure_of(unsigned long openssl_error) {
  const int reason = ERR_GET_REASON(openssl_error);
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_TOO_SMALL:
      return TlsFailure::NotTls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_INAPPROPRIATE_FALLBACK:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_UNKNOWN_PROTOCOL:
      return TlsFailure::Version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_CIPHERS_SPECIFIED:
      return TlsFailure::NoSharedCipher;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return TlsFailure::ClientLeft;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_NO_CERTIFICATES_RETURNED:
      return TlsFailure::ClientCertificate;
    default:
      return reason >= kFirstAlert ? TlsFailure::ClientAlert : TlsFailure::Other;
  }
}

TlsMetrics::TlsMetrics(MetricsRegistry& registry) : registry_(registry) {
  for (std::size_t version = 0; version < 2; ++version) {
    for (std::size_t resumed = 0; resumed < 2; ++resumed) {
      done_[version][resumed] = &registry.counter(
          kHandshakes, kHandshakesHelp,
          {{"version", kVersions[version]}, {"result", "done"}, {"resumed", kNoYes[resumed]}});
    }
  }
  failed_ = &registry.counter(kHandshakes, kHandshakesHelp,
                              {{"version", "none"}, {"result", "failed"}, {"resumed", "no"}});
  for (std::size_t i = 0; i < failures_.size(); ++i) {
    failures_[i] =
        &registry.counter("brink_edge_tls_handshake_failures_total", "Failed handshakes by reason.",
                          {{"reason", std::string(to_string(static_cast<TlsFailure>(i)))}});
  }
  for (std::size_t i = 0; i < 2; ++i) {
    reloads_[i] = &registry.counter(
        "brink_edge_tls_reloads_total",
        "Times that changed certificate files of a listener were taken over, or could not be.",
        {{"result", i == 0 ? "failed" : "done"}});
  }
}

void TlsMetrics::count_done(SSL* ssl) {
  const std::size_t version = SSL_version(ssl) >= TLS1_3_VERSION ? 1 : 0;
  done_[version][SSL_session_reused(ssl) == 1 ? 1 : 0]->add();
}

void TlsMetrics::count_failed(TlsFailure failure) {
  failed_->add();
  failures_[static_cast<std::size_t>(failure)]->add();
}

void TlsMetrics::count_reload(bool done) {
  reloads_[done ? 1 : 0]->add();
}

void TlsMetrics::set_certificates(const std::map<std::string, TimePoint>& ends) {
  const std::lock_guard lock(mutex_);
  for (const auto& [file, gauge] : ends_) {
    if (!ends.contains(file)) gauge->set(Gauge::kAbsent);
  }
  for (const auto& [file, end] : ends) {
    auto it = ends_.find(file);
    if (it == ends_.end() && ends_.size() >= kCertificates) continue;
    if (it == ends_.end()) {
      Gauge& gauge =
          registry_.gauge("brink_edge_tls_certificate_not_after_seconds",
                          "When a certificate in use ends: Unix time.", {{"certificate", file}});
      it = ends_.emplace(file, &gauge).first;
    }
    it->second->set(std::chrono::floor<Seconds>(end).time_since_epoch().count());
  }
}

}  // namespace brink::edge
