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

std::string at(std::string_view key) {
  return fmt::format("purge.nats.{}", key);
}

bool is_clean(const CheckContext& context, std::string_view key) {
  return context.findings.is_clean(at(key));
}

void check_stream(const CheckContext& context, const NatsOptions& nats) {
  if (is_clean(context, "stream") &&
      (nats.stream.size() > kStreamLength || nats.stream.find('.') != std::string::npos)) {
    context.error(at("stream"),
                  fmt::format("expected at most {} letters, digits, - and _ without dots (as NATS "
                              "wants streams to be named), found {}",
                              kStreamLength, quote(nats.stream)));
  }
  if (is_clean(context, "replicas") && nats.replicas % 2 == 0) {
    context.error(
        at("replicas"),
        fmt::format("expected 1, 3 or 5, found {}; an even number keeps the log no better "
                    "than the odd one below it",
                    nats.replicas));
  }
}

// Reads the password. It is never part of a message.
void read_password(const CheckContext& context, NatsOptions& nats) {
  if (nats.password_env.empty() || !is_clean(context, "password_env")) return;
  const char* value = std::getenv(nats.password_env.c_str());
  if (value != nullptr && *value != '\0') {
    nats.password = value;
    return;
  }
  context.error(at("password_env"),
                fmt::format("the environment variable {} is {}; it must hold the {}",
                            nats.password_env, value == nullptr ? "not set" : "empty",
                            nats.user.empty() ? "token" : "password"));
}

void check_credentials(const CheckContext& context, NatsOptions& nats) {
  if (nats.credentials.empty() || !is_clean(context, "credentials")) return;
  nats.credentials = resolve_beside(context.file, nats.credentials);
  FileText file = read_file(nats.credentials, true);
  if (file.problem.empty() && (file.text.find("NATS USER JWT") == std::string::npos ||
                               file.text.find("USER NKEY SEED") == std::string::npos)) {
    file.problem = "is no NATS credentials file: it must hold a user JWT and an NKey seed";
  }
  if (!file.problem.empty())
    context.error(at("credentials"), fmt::format("{}: {}", quote(nats.credentials), file.problem));
}

void check_access(const CheckContext& context, NatsOptions& nats) {
  check_credentials(context, nats);
  if (!nats.credentials.empty()) {
    for (const std::string_view key : {"user", "password_env"}) {
      if (context.is_set(at(key)))
        context.error(at(key), "contradicts credentials, which names the user; remove one of them");
    }
    return;
  }
  read_password(context, nats);
  if (!nats.user.empty() && nats.password_env.empty() && is_clean(context, "password_env"))
    context.error(at("user"), "needs password_env, the environment variable with the password");
}

void check_pair(const CheckContext& context, NatsOptions& nats) {
  if (nats.certificate.empty() != nats.key.empty()) {
    const bool has_key = nats.certificate.empty();
    if (is_clean(context, "certificate") && is_clean(context, "key")) {
      context.error(at(has_key ? "key" : "certificate"),
                    has_key ? "needs certificate, the file that it is the key of"
                            : "needs key, the file with the certificate's key");
    }
    return;
  }
  if (nats.certificate.empty()) return;
  nats.certificate = resolve_beside(context.file, nats.certificate);
  nats.key = resolve_beside(context.file, nats.key);
  for (const PemProblem& problem :
       check_certificate_pair(nats.certificate, nats.key, context.now)) {
    const bool is_key = problem.file == PemFile::Key;
    const std::string path = at(is_key ? "key" : "certificate");
    context.findings.add(
        problem.severity, context.place(path), path,
        fmt::format("{}: {}", quote(is_key ? nats.key : nats.certificate), problem.message));
  }
}

void check_encryption(const CheckContext& context, NatsOptions& nats) {
  check_pair(context, nats);
  if (!nats.ca.empty() && is_clean(context, "ca")) {
    nats.ca = resolve_beside(context.file, nats.ca);
    if (const std::string problem = problem_in_ca_file(nats.ca); !problem.empty())
      context.error(at("ca"), fmt::format("{}: {}", quote(nats.ca), problem));
  }
  if (!is_clean(context, "url") || nats.url.empty()) return;
  const bool has_tls = nats.url.find("tls://") != std::string::npos;
  if (has_tls && nats.url.find("nats://") != std::string::npos) {
    context.error(at("url"),
                  "mixes nats:// and tls://; either all connections are encrypted or none");
  }
  for (const std::string_view key : {"ca", "certificate"}) {
    if (!has_tls && context.is_set(at(key)))
      context.error(at(key), "is for tls:// servers, and url begins with nats://; write tls://");
  }
}

}  // namespace

void check_nats(const CheckContext& context) {
  if (!context.is_set("purge.nats") || !context.findings.is_clean("purge.log")) return;
  PurgeOptions& purge = context.options.purge;
  if (purge.log != PurgeLogKind::Nats) {
    context.warning("purge.nats", "has no effect with log: embedded; write log: nats to use it");
    return;
  }
  check_stream(context, purge.nats);
  check_access(context, purge.nats);
  check_encryption(context, purge.nats);
}

}  // namespace brink::config
