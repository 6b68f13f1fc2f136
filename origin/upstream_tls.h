#pragma once
// What the https servers of a group are shown and held to: authorities, our certificate, pins. The
// files are read once, when a configuration is loaded or loaded again, so that every connection of
// a configuration uses the same ones.

#include <openssl/types.h>

#include <string>

#include "config/options.h"
#include "config/runtime/error.h"

namespace brink::origin {

// Immutable. A text that is empty though its file is configured could not be read (the loader
// refuses such a file first): then no connection comes about.
struct UpstreamTls {
  config::UpstreamTlsOptions options;
  std::string authorities;  // PEM; empty = the system's
  std::string certificate;  // PEM, chain included; empty = none is shown
  std::string key;          // PEM
  std::string pins;         // as CURLOPT_PINNEDPUBLICKEY takes them, separated by ';'
};

UpstreamTls load_upstream_tls(const config::UpstreamTlsOptions& options);

// The same settings on a context of OpenSSL's, names and pins excepted: those belong to one
// connection.
Result<void> set_up_context(SSL_CTX* context, const UpstreamTls& tls);

// After a handshake: whether the server has one of the pinned keys, or none is pinned.
bool has_pinned_key(const SSL* session, const UpstreamTls& tls);

}  // namespace brink::origin
