#pragma once
// Options against each other and against the world: what no single value shows.
//
// Each check looks only where the options it compares are free of errors (Findings::is_clean), so
// that one mistake gives one line. They also finish the options: secrets are read, files' paths
// resolved.

#include "config/certificates.h"
#include "config/findings.h"
#include "config/options.h"
#include "config/runtime/clock.h"

namespace brink::config {

struct CheckContext {
  Options& options;
  const Places& places;
  Findings& findings;
  std::string file;  // relative paths start at its folder
  TimePoint now;     // for certificates

  // Where `path` stands in the file, or else what encloses it.
  Position place(std::string_view path) const;
  bool is_set(std::string_view path) const { return places.find(path) != places.end(); }
  void error(std::string_view path, std::string_view message) const;
  void warning(std::string_view path, std::string_view message) const;
  void note(std::string_view path, std::string_view message) const;
};

void check_all(const CheckContext& context);

// The parts of check_all().
void check_listeners(const CheckContext& context);  // checks_listen.cc
void check_admin(const CheckContext& context);
// The table at `path`. `for_sites`: names that belong to no site are worth a warning. checks_tls.cc
void check_tls(const CheckContext& context, TlsOptions& tls, const std::string& path,
               bool for_sites);
void check_tokens(const CheckContext& context);  // checks_tokens.cc
// Of a client certificate: no token has its name, and its sites are sites. Ditto.
void check_holder(const CheckContext& context, const std::string& name,
                  const std::vector<std::string>& sites, const std::string& path);
void check_sites(const CheckContext& context);  // checks_sites.cc
void check_upstream(const CheckContext& context, UpstreamOptions& upstream,
                    const std::string& path);
void check_tier(const CheckContext& context);  // checks_tier.cc
void check_nats(const CheckContext& context);  // checks_nats.cc
// How the server of `nats`, whose map is at `path`, is reached.
void check_nats_server(const CheckContext& context, NatsOptions& nats, const std::string& path);
void check_events(const CheckContext& context);  // checks_events.cc
// Whether a subscription asks the servers of purge.nats.
bool events_use_purge_nats(const CheckContext& context);
// Says at `path` when no site is named so. checks_tokens.cc
void check_site_name(const CheckContext& context, const std::string& name, const std::string& path);
// Warns of a secret that is short; `source` says where it is. Ditto.
void check_secret_length(const CheckContext& context, const std::string& source,
                         const std::string& path, const std::string& secret);
// Reads the variable's value, which must be one that a client can send (RFC 6750 §2.1), or says at
// `path` what is wrong with it. The value is never part of a message. checks_tokens.cc
void read_token_secret(const CheckContext& context, const std::string& variable,
                       const std::string& path, std::string& secret);

// A certificate and its key, which stand in the map at `path`: resolves the files, reads them and says what is
// wrong with them (certificates.h).
CertificatePair check_certificate_files(const CheckContext& context, std::string& certificate,
                                        std::string& key, const std::string& path);

// Whether a server's URL leads back to one of this node's own listeners.
bool leads_to_self(const Options& options, std::string_view url);

}  // namespace brink::config
