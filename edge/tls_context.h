#pragma once
// What a listener needs for TLS: one OpenSSL context per group of certificates, of which the
// client's hello picks (OpenSSL 3).
//
// A session can be resumed on every shard and listener that shows the same certificates and asks
// for the same clients' certificates, and nowhere else: the session id context is made of them.
// With clients' certificates the listener's address is part of it.

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/runtime/clock.h"
#include "config/tls_options.h"
#include "edge/tls_metrics.h"
#include "edge/tls_tickets.h"

namespace brink::edge {

// What all listeners of a node share. Outlives their contexts and connections.
struct TlsShared {
  const Clock& clock;
  TlsTickets& tickets;
  TlsMetrics& metrics;
};

struct TlsListener {
  config::TlsOptions options;
  std::string scope;   // the listener's address
  bool http2 = false;  // whether ALPN offers "h2" before "http/1.1"
};

// What came of reading a listener's files.
struct TlsReport {
  std::string problem;            // why there is no context, naming the file; empty = there is
  std::vector<std::string> kept;  // as LoadedCertificates::kept
  std::vector<std::string> warnings;
  std::map<std::string, TimePoint> ends;  // certificate file → when it ends
};

// TLS 1.2 with ECDHE and AEAD only, and TLS 1.3; no early data, no renegotiation, no compression.
// Null when a file cannot be used. Any thread. The context is immutable: a change of the files
// needs a new one.
std::shared_ptr<boost::asio::ssl::context> make_tls_context(const TlsListener& listener,
                                                            const TlsShared& shared,
                                                            TlsReport& report,
                                                            const TlsCertificates& previous = {});

// What a context shows. REQUIRES: it is such a context.
const TlsCertificates& certificates_of(boost::asio::ssl::context& context);

// REQUIRES: `ssl` is of such a context.
void count_handshake_done(SSL* ssl);
void count_handshake_failed(SSL* ssl, TlsFailure failure);

// A context that may be replaced while others use it.
class TlsSlot {
 public:
  std::shared_ptr<boost::asio::ssl::context> get() const {
    const std::lock_guard lock(mutex_);
    return context_;
  }
  void set(std::shared_ptr<boost::asio::ssl::context> context) {
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;  // null = clear text
};

}  // namespace brink::edge
