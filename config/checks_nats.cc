// How the purge log in NATS is reached: access, certificates, and what contradicts itself.

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "config/certificates.h"
#include "config/checks.h"
#include "config/file_text.h"
#include "config/findings.h"

namespace brink::config {

namespace {

constexpr std::size_t kStreamLength = 32;

// A map of these options, and where it stands.
struct Server {
  const CheckContext& context;
  NatsOptions& nats;
  const std::string path;

  std::string at(std::string_view key) const { return child_path(path, key); }
  bool is_clean(std::string_view key) const { return context.findings.is_clean(at(key)); }
};

void check_stream(const Server& server) {
  if (server.is_clean("stream") && (server.nats.stream.size() > kStreamLength ||
                                    server.nats.stream.find('.') != std::string::npos)) {
    server.context.error(
        server.at("stream"),
        fmt::format("expected at most {} letters, digits, - and _ without dots (as NATS "
                    "wants streams to be named), found {}",
                    kStreamLength, quote(server.nats.stream)));
  }
  if (server.is_clean("replicas") && server.nats.replicas % 2 == 0) {
    server.context.error(
        server.at("replicas"),
        fmt::format("expected 1, 3 or 5, found {}; an even number keeps the log no better "
                    "than the odd one below it",
                    server.nats.replicas));
  }
}

// Reads the password. It is never part of a message.
void read_password(const Server& server) {
  if (server.nats.password_env.empty() || !server.is_clean("password_env")) return;
  const char* value = std::getenv(server.nats.password_env.c_str());
  if (value != nullptr && *value != '\0') {
    server.nats.password = value;
    return;
  }
  server.context.error(server.at("password_env"),
                       fmt::format("the environment variable {} is {}; it must hold the {}",
                                   server.nats.password_env, value == nullptr ? "not set" : "empty",
                                   server.nats.user.empty() ? "token" : "password"));
}

void check_credentials(const Server& server) {
  if (server.nats.credentials.empty() || !server.is_clean("credentials")) return;
  server.nats.credentials = resolve_beside(server.context.file, server.nats.credentials);
  FileText file = read_file(server.nats.credentials, true);
  if (file.problem.empty() && (file.text.find("NATS USER JWT") == std::string::npos ||
                               file.text.find("USER NKEY SEED") == std::string::npos)) {
    file.problem = "is no NATS credentials file: it must hold a user JWT and an NKey seed";
  }
  if (!file.problem.empty())
    server.context.error(server.at("credentials"),
                         fmt::format("{}: {}", quote(server.nats.credentials), file.problem));
}

void check_access(const Server& server) {
  check_credentials(server);
  if (!server.nats.credentials.empty()) {
    for (const std::string_view key : {"user", "password_env"}) {
      if (server.context.is_set(server.at(key)))
        server.context.error(server.at(key),
                             "contradicts credentials, which names the user; remove one of them");
    }
    return;
  }
  read_password(server);
  if (!server.nats.user.empty() && server.nats.password_env.empty() &&
      server.is_clean("password_env"))
    server.context.error(server.at("user"),
                         "needs password_env, the environment variable with the password");
}

void check_pair(const Server& server) {
  if (server.nats.certificate.empty() != server.nats.key.empty()) {
    const bool has_key = server.nats.certificate.empty();
    if (server.is_clean("certificate") && server.is_clean("key")) {
      server.context.error(server.at(has_key ? "key" : "certificate"),
                           has_key ? "needs certificate, the file that it is the key of"
                                   : "needs key, the file with the certificate's key");
    }
    return;
  }
  if (server.nats.certificate.empty()) return;
  check_certificate_files(server.context, server.nats.certificate, server.nats.key, server.path);
}

void check_encryption(const Server& server) {
  check_pair(server);
  if (!server.nats.ca.empty() && server.is_clean("ca")) {
    server.nats.ca = resolve_beside(server.context.file, server.nats.ca);
    if (const std::string problem = problem_in_ca_file(server.nats.ca); !problem.empty())
      server.context.error(server.at("ca"), fmt::format("{}: {}", quote(server.nats.ca), problem));
  }
  if (!server.is_clean("url") || server.nats.url.empty()) return;
  const bool has_tls = server.nats.url.find("tls://") != std::string::npos;
  if (has_tls && server.nats.url.find("nats://") != std::string::npos) {
    server.context.error(server.at("url"),
                         "mixes nats:// and tls://; either all connections are encrypted or none");
  }
  for (const std::string_view key : {"ca", "certificate"}) {
    if (!has_tls && server.context.is_set(server.at(key)))
      server.context.error(server.at(key),
                           "is for tls:// servers, and url begins with nats://; write tls://");
  }
}

}  // namespace

void check_nats_server(const CheckContext& context, NatsOptions& nats, const std::string& path) {
  const Server server{context, nats, path};
  check_access(server);
  check_encryption(server);
}

void check_nats(const CheckContext& context) {
  if (!context.is_set("purge.nats") || !context.findings.is_clean("purge.log")) return;
  PurgeOptions& purge = context.options.purge;
  if (purge.log != PurgeLogKind::Nats && !events_use_purge_nats(context)) {
    context.warning("purge.nats",
                    "has no effect with log: embedded; write log: nats to use it, or subscribe "
                    "to something there in events");
    return;
  }
  check_stream({context, purge.nats, "purge.nats"});
  check_nats_server(context, purge.nats, "purge.nats");
}

}  // namespace brink::config
