#pragma once
// What becomes of TLS handshakes and of certificates, in numbers.

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "edge/tls_certificates.h"

namespace brink::edge {

// Why a handshake did not come about; a label of brink_edge_tls_handshake_failures_total.
enum class TlsFailure : std::uint8_t {
  Timeout,            // limits.handshake_timeout, or the node's end
  Rate,               // limits.handshakes_per_second: it was not begun
  NotTls,             // the first bytes were something else
  Version,            // older than min_version, or broken
  NoSharedCipher,     // no cipher, group or signature algorithm in common
  ClientCertificate,  // none where one is required, or one that is not good
  ClientAlert,        // the client refused: it does not trust the certificate, for example
  ClientLeft,         // it closed the connection
  Other,
  Count_,
};
std::string_view to_string(TlsFailure failure);
// By OpenSSL's error code (ERR_get_error()).
TlsFailure tls_failure_of(unsigned long openssl_error);

// The node's; cells are counted into from all shards, a handshake is slow beside that.
class TlsMetrics {
 public:
  // `registry` outlives it.
  explicit TlsMetrics(MetricsRegistry& registry);

  void count_done(SSL* ssl);
  void count_failed(TlsFailure failure);
  void count_reload(bool done);
  // When each certificate ends; those of files that are named no more disappear.
  void set_certificates(const std::map<std::string, TimePoint>& ends);

  static constexpr std::size_t kCertificates = 1'000;  // files that have a gauge

 private:
  MetricsRegistry& registry_;
  std::array<std::array<Counter*, 2>, 2> done_;  // by version, resumed
  Counter* failed_;
  std::array<Counter*, static_cast<std::size_t>(TlsFailure::Count_)> failures_;
  std::array<Counter*, 2> reloads_;  // failed, done
  std::mutex mutex_;
  std::map<std::string, Gauge*> ends_;
};

}  // namespace brink::edge
