#pragma once
// How NATS servers are reached: the purge log's, and those that events come from.

#include <cstdint>
#include <string>

namespace brink::config {

struct NatsOptions {
  std::string url;                     // nats://host:port, several with commas; empty = not used
  std::string stream = "BRINK_PURGE";  // [A-Z0-9_-]{1,32}; the purge log's
  std::uint32_t replicas = 1;          // 1, 3 or 5; the purge log's
  std::string credentials;             // file with user JWT and NKey seed; empty = none
  std::string user, password_env;      // of user and password, or of a token alone (user empty)
  std::string password;                // the variable's value, read at load; never printed
  std::string ca, certificate, key;    // PEM files for tls:// URLs; empty = the system's, none
  friend bool operator==(const NatsOptions&, const NatsOptions&) = default;
};

}  // namespace brink::config
