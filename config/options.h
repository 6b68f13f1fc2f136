#pragma once
// Every option of Brink, its unit, default and limits, as plain structs (DESIGN.md section 5).
//
// The prose for each key stands once, in config/schema_*.cc beside the key's name, type and range; from
// there come the loader's checks, `brink check --explain` and docs/configuration.md.
// Durations are Millis; sizes are bytes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/event_options.h"
#include "config/http2_options.h"
#include "config/nats_options.h"
#include "config/runtime/clock.h"
#include "config/tls_options.h"

namespace brink::config {

enum class Role : std::uint8_t { Edge, Regional };

struct NodeOptions {
  std::string name = "brink";        // [A-Za-z0-9._-]{1,63}; unique in the deployment
  std::string pop = "local";
  Role role = Role::Edge;
  std::uint32_t workers = 0;         // shards; 0 = one per core; at most 256
  Millis shutdown_grace{30'000};     // how long requests in flight may take after SIGTERM
  std::vector<std::string> peers = {"127.0.0.0/8", "::1/128"};  // CIDRs of edges a regional node believes
};

struct ListenOptions {
  std::string address = "0.0.0.0:8080";  // host:port, [v6]:port; port 0 = any free one
  std::optional<TlsOptions> tls;
  bool http2 = true;         // by ALPN with TLS, with prior knowledge without
  bool h2c_upgrade = false;  // also by Upgrade: h2c (RFC 7540 §3.2), without TLS
  std::vector<std::string> proxy_protocol = {};  // CIDRs whose connections begin with a PROXY header; empty = none
};

// What one client, and all of them together, may take (each has a metric and a defined answer).
struct ClientLimits {
  Millis handshake_timeout{10'000};    // TLS → close
  std::uint32_t handshakes_per_second = 0;  // TLS, per node, as many at once → close before it; 0 = any
  Millis header_timeout{10'000};       // whole request head → 408, close
  Millis body_timeout{30'000};         // between two reads of a request body → 408, close
  Millis idle_timeout{75'000};         // keep-alive → close
  Millis write_timeout{30'000};        // no byte taken by the client → close
  Millis slow_reader_timeout{10'000};  // holds up other clients of a body that is not stored → cut
  std::uint32_t header_bytes = 32 * 1024;      // request head → 431
  std::uint32_t header_fields = 128;           // → 431
  std::uint32_t uri_bytes = 16 * 1024;         // → 414
  std::uint64_t body_bytes = 1ULL << 30U;      // request body → 413
  std::uint32_t connections = 16'384;          // per node → 503, close
  std::uint32_t connections_per_address = 16'384;  // → 503, close
  std::uint32_t requests_per_connection = 1'000'000;  // → Connection: close, GOAWAY
  Http2Limits http2;
  bool operator==(const ClientLimits&) const = default;
};

enum class AdminRight : std::uint8_t { Read, Purge, Operate };

struct AdminToken {
  std::string name;
  std::string token_env;            // the environment variable that holds the secret, or else
  std::string token_file = {};      // the file
  std::string secret;               // its value, read at load; never printed
  std::vector<AdminRight> may;
  std::vector<std::string> sites = {"*"};  // names; "*" = all
  std::uint32_t rate = 1'000;  // requests per second, as many at once → 429
};

// A client that is known by its certificate, which admin.tls.client_ca signed.
struct AdminClientCertificate {
  std::string name;     // in logs, as a token's
  std::string subject;  // its common name, or one of its alternative names
  std::vector<AdminRight> may;
  std::vector<std::string> sites = {"*"};  // names; "*" = all
  std::uint32_t rate = 1'000;  // requests per second, as many at once → 429
};

struct AuditOptions {
  bool enabled = true;
  std::string path;  // empty = audit-NAME.log in purge.path's folder, if that can be written to
  std::uint64_t size = 64ULL << 20U;  // of a file; then the next one begins
  std::uint32_t files = 8;            // that are kept
};

struct AdminOptions {
  std::string address = "127.0.0.1:9901";  // empty = no admin listener
  // One of the two is required when the address is not loopback.
  std::vector<AdminToken> tokens;
  std::vector<AdminClientCertificate> client_certificates;
  std::optional<TlsOptions> tls;
  AuditOptions audit;
};

// How the scheme of a URL that is to be warmed becomes that of the cache key, which clients' requests must have too.
enum class WarmScheme : std::uint8_t {
  Auto,   // as written; http where no listener speaks TLS, unless this node is a regional one
  Http,   // behind a TLS terminator that says nothing of it, or is no peer
  Https,  // behind one that is a peer and sends X-Forwarded-Proto: https
};

// POST /v1/warm, and purges with "warm": true.
struct WarmOptions {
  std::uint32_t rate = 50;                    // requests per second, of all jobs of the node together
  std::uint32_t concurrency = 8;              // requests at once, ditto
  Millis timeout{60'000};                     // for one URL; then it counts as failed
  std::uint32_t jobs = 16;                    // under way at once; a further one → 429
  std::uint32_t urls = 50'000;                // of one job; of a longer sitemap the rest is left out
  std::uint32_t sitemaps = 100;               // that one job reads, the index among them
  std::uint64_t sitemap_bytes = 64ULL << 20U; // of all of them, uncompressed
  std::uint32_t after_purge = 1'000;          // URLs that a purge with "warm" fetches again; 0 = none
  WarmScheme scheme = WarmScheme::Auto;
};

struct CacheOptions {
  std::uint64_t memory = 256ULL << 20U;          // hard ceiling: metadata, bodies stored and being served
  std::uint64_t max_response = 64ULL << 20U;     // larger bodies stream through; at most memory / 4
  Millis uncacheable_memory{120'000};            // how long a key stays known as uncacheable
  std::uint32_t variants_per_key = 64;
  std::uint32_t followers_per_fetch = 65'536;    // more concurrent misses on one key → 503
  Millis follower_timeout{30'000};               // a follower without a head by then → its own fetch
  std::uint32_t fetches = 16'384;                // per shard at once → 503
  std::uint32_t background_fetches = 1'024;      // per shard; more stale-while-revalidate → skipped
  WarmOptions warm;
};

enum class Balance : std::uint8_t { RoundRobin, LeastOutstanding };

enum class UpstreamTlsVersion : std::uint8_t { Tls12, Tls13 };

struct UpstreamTlsOptions {
  bool verify = true;
  std::string ca;           // PEM file; empty = the system's
  std::string server_name;  // SNI and name to verify; empty = the server's host
  std::string certificate = {};         // PEM file, chain included: ours, for servers that ask; empty = none
  std::string key = {};                 // PEM file
  std::vector<std::string> pins = {};   // "sha256//" and base64 of a public key's hash; empty = any key
  UpstreamTlsVersion min_version = UpstreamTlsVersion::Tls12;
};

struct HealthCheckOptions {
  std::string path;          // empty = no active checks
  Millis interval{5'000};
  Millis timeout{2'000};
  std::uint32_t healthy_after = 2;    // successes in a row
  std::uint32_t unhealthy_after = 3;  // failures in a row
};

// How a group of upstream servers is spoken to: a site's origin, or the regional tier.
struct UpstreamOptions {
  std::vector<std::string> servers;  // http://host:port | https://… | http+h2c://… (HTTP/2 prior knowledge)
  Balance balance = Balance::RoundRobin;
  std::string host;                  // Host to send; empty = the client's
  UpstreamTlsOptions tls;
  Millis connect_timeout{3'000};
  Millis first_byte_timeout{30'000};
  Millis idle_timeout{30'000};       // silence in a body
  Millis total_timeout{0};           // 0 = none
  std::uint32_t retries = 2;         // further attempts, only where safe
  std::uint32_t connections = 256;   // per shard and server
  std::uint32_t header_bytes = 64 * 1024;  // response head; at most 64 KiB → 502
  std::uint32_t eject_after = 5;     // consecutive failures
  Millis eject_for{10'000};          // first ejection; doubles up to 16 times that
  Millis resolve_every{30'000};      // names are resolved again this often
  HealthCheckOptions health;
};

// What a site decides for itself where the standards leave a choice (HTTP-BEHAVIOUR.md, "(rule)").
struct CacheRules {
  bool bypass = false;                       // never look, never store
  bool honour_request_directives = true;     // Cache-Control of requests (RFC 9111 §5.2.1)
  bool store_set_cookie = true;
  bool heuristic_freshness = true;           // RFC 9111 §4.2.2
  Millis stale_if_unreachable{24LL * 3600 * 1000};  // without stale-if-error
  std::optional<Millis> freshness;           // overrides what the origin says; "private" and "no-store" still hold
  bool ignore_query = false;                 // the query is no part of the key
  std::uint64_t body_bytes = 0;              // request body → 413; 0 = what limits.body_bytes allows
  std::uint64_t slice_size = 1ULL << 20U;    // a range miss fetches aligned slices of this size; 0 = the whole response
  std::uint64_t slice_from = 8ULL << 20U;    // responses from this length on; of shorter ones the whole
  bool surrogate_control = false;            // Surrogate-Control counts where RFC 9213's fields are absent
  bool show_targeted_fields = false;         // clients see what is meant for caches, tags included
};

struct PathRule {
  std::string path;   // glob over the path: '*' any characters, '?' one
  CacheRules rules;   // the site's, with this rule's keys on top
};

struct SiteOptions {
  std::string name = "default";
  std::vector<std::string> hosts = {"*"};  // lower case: exact, "*.suffix", or "*"
  UpstreamOptions origin;
  CacheRules rules;
  std::vector<PathRule> paths;       // first match wins
};

struct TierOptions {
  std::vector<std::string> regional;   // edges only; empty = straight to the origin
  bool fall_back_to_origin = true;     // when no regional node answers
  double bounded_load = 1.25;          // of the mean; 1.0 … 10
  UpstreamOptions upstream;            // time-outs, TLS, pools toward the regional nodes (servers unused)
};

struct AccessLogOptions {
  std::string to = "stdout";           // none | stdout | stderr | a file's path
  double sample = 1.0;                 // share of requests logged; errors always are
  std::vector<std::string> redact_query;  // query parameters whose values become "…"; "*" = all
  std::uint32_t queue = 65'536;        // lines waiting for the writer; more are dropped and counted
};

enum class PurgeLogKind : std::uint8_t { Embedded, Nats };

// What a node does that has lost the log for longer than max_lag (DESIGN.md section 4.6).
enum class Fenced : std::uint8_t {
  Revalidate,  // asks upstream before it answers from its cache
  Serve,       // answers from its cache all the same
  Fail,        // 503
};

// PURGE, BAN and PURGEKEYS on the listeners of clients.
struct PurgeMethodOptions {
  std::vector<std::string> allow_from = {};  // CIDRs; empty = they are forwarded like any other
  std::string token_env = {};                // besides the address, this secret is asked for
  std::string secret = {};                   // its value, read at load; never printed
};

struct PurgeOptions {
  PurgeLogKind log = PurgeLogKind::Embedded;
  std::string path;                    // of the embedded log; empty = /var/lib/brink/purge.log if
                                       // that folder can be written to, memory otherwise
  NatsOptions nats;
  Millis max_lag{10'000};              // without proof of being current for longer: fenced
  Fenced fenced = Fenced::Revalidate;
  std::uint32_t retain = 100'000;      // purge records that the log keeps
  Millis forget_node_after{600'000};   // a silent node's receipts are waited for no longer; at least 4 max_lag
  std::uint32_t matchers = 1'000;      // prefixes, patterns, … in force at once → 429
  std::uint32_t tags_per_response = 1'000;    // more → not stored
  std::uint32_t tag_bytes = 64 * 1024;        // of all tags of a response → not stored
  PurgeMethodOptions methods;
  std::vector<EventOptions> events;    // at most 64
  DeadLetterOptions dead_letters;
};

struct Options {
  NodeOptions node;
  std::vector<ListenOptions> listen;
  ClientLimits limits;
  AdminOptions admin;
  CacheOptions cache;
  std::vector<SiteOptions> sites;
  TierOptions tier;
  AccessLogOptions access_log;
  PurgeOptions purge;
};

}  // namespace brink::config
