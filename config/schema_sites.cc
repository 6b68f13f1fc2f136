// The tables of sites, their origins and rules.

#include <array>

#include "config/options.h"
#include "config/schema_binding.h"

namespace brink::config {

namespace {

constexpr double kKiB = 1024;
constexpr double kSliceMax = 64 * 1024 * kKiB;
constexpr double kTiB = 1024 * 1024 * 1024 * kKiB;
constexpr double kSecondMs = 1000;
constexpr double kHourMs = 3600 * kSecondMs;
constexpr double kDayMs = 24 * kHourMs;

constexpr std::array<std::string_view, 2> kBalances = {"round_robin", "least_outstanding"};

constexpr std::array<std::string_view, 2> kTlsVersions = {"1.2", "1.3"};

constexpr Key kUpstreamTlsKeys[] = {
    leaf<&UpstreamTlsOptions::verify>(
        "verify", Type::Boolean, "true",
        "Whether the server's certificate must be valid for its name. Turn it off for tests only.")
        .also_called("insecure skip_verify"),
    leaf<&UpstreamTlsOptions::ca>(
        "ca", Type::File, "",
        "PEM file with the certificate authorities to trust instead of the system's."),
    leaf<&UpstreamTlsOptions::server_name>(
        "server_name", Type::HostName, "",
        "Name to ask for (SNI) and to verify. Without it, the host in the server's URL."),
    leaf<&UpstreamTlsOptions::certificate>(
        "certificate", Type::File, "",
        "PEM file with the certificate to show to servers that ask for one, then the intermediate "
        "ones. Read when the configuration is loaded.")
        .also_called("cert client_certificate proxy_ssl_certificate"),
    leaf<&UpstreamTlsOptions::key>(
        "key", Type::File, "",
        "PEM file with that certificate's private key, without a passphrase.")
        .also_called("client_key proxy_ssl_certificate_key"),
    leaf<&UpstreamTlsOptions::pins>(
        "pins", Type::KeyPin, "",
        "The servers' public keys, as sha256// and the base64 of the key's SHA-256. A server with "
        "another key is not spoken to, whoever vouches for it. Name the next key too.")
        .also_called("pin pinned_keys pinned_public_key")
        .list(),
    leaf<&UpstreamTlsOptions::min_version>("min_version", Type::Choice, "1.2",
                                           "The oldest version of TLS to speak.")
        .also_called("min_tls_version ssl_protocols")
        .among(kTlsVersions),
};

const Section kUpstreamTlsSection{kUpstreamTlsKeys, fresh<UpstreamTlsOptions>};

constexpr Key kHealthKeys[] = {
    leaf<&HealthCheckOptions::path>("path", Type::UrlPath, "",
                                    "Path that is asked of each server; 2xx and 3xx are healthy. "
                                    "Without it there are no active checks."),
    leaf<&HealthCheckOptions::interval>("interval", Type::Duration, "5s",
                                        "Time between two checks of a server.")
        .between(1, kDayMs),
    leaf<&HealthCheckOptions::timeout>("timeout", Type::Duration, "2s",
                                       "Time for a check's answer; at most the interval.")
        .between(1, kHourMs),
    leaf<&HealthCheckOptions::healthy_after>("healthy_after", Type::Count, "2",
                                             "Successes in a row that bring a server back.")
        .between(1, 1'000),
    leaf<&HealthCheckOptions::unhealthy_after>("unhealthy_after", Type::Count, "3",
                                               "Failures in a row that take a server out.")
        .between(1, 1'000),
};

const Section kHealthSection{kHealthKeys, fresh<HealthCheckOptions>};

// What an origin and the regional tier have in common.
constexpr std::array kUpstreamKeys = {
    leaf<&UpstreamOptions::balance>(
        "balance", Type::Choice, "round_robin",
        "How a server is chosen: each in turn, or the one with the fewest requests outstanding.")
        .among(kBalances),
    branch<&UpstreamOptions::tls>("tls", Type::Map, kUpstreamTlsSection,
                                  "How https servers are verified, and what they are shown.")
        .example_is("{ca: /etc/brink/ca.pem}"),
    leaf<&UpstreamOptions::connect_timeout>("connect_timeout", Type::Duration, "3s",
                                            "Time to connect, TLS included.")
        .between(1, kHourMs),
    leaf<&UpstreamOptions::first_byte_timeout>(
        "first_byte_timeout", Type::Duration, "30s",
        "Time from the sent request to the first byte of the response.")
        .between(1, kHourMs),
    leaf<&UpstreamOptions::idle_timeout>("idle_timeout", Type::Duration, "30s",
                                         "Longest silence while a response body arrives.")
        .between(1, kHourMs),
    leaf<&UpstreamOptions::total_timeout>(
        "total_timeout", Type::Duration, "0",
        "Time for a whole exchange, body included. 0 means no such limit.")
        .between(0, kDayMs),
    leaf<&UpstreamOptions::retries>(
        "retries", Type::Count, "2",
        "Further attempts after a failure, only where the server cannot have acted on the first.")
        .between(0, 10),
    leaf<&UpstreamOptions::connections>("connections", Type::Count, "256",
                                        "Most connections to one server, per worker.")
        .between(1, 65'536),
    leaf<&UpstreamOptions::header_bytes>("header_bytes", Type::Size, "64KiB",
                                         "Largest response head; beyond it 502.")
        .between(kKiB, 64 * kKiB),
    leaf<&UpstreamOptions::eject_after>(
        "eject_after", Type::Count, "5",
        "Failures in a row after which a server is left alone for eject_for.")
        .between(1, 1'000),
    leaf<&UpstreamOptions::eject_for>(
        "eject_for", Type::Duration, "10s",
        "How long a failing server is left alone at first; doubles each time, up to 16 times this.")
        .between(1, kHourMs),
    leaf<&UpstreamOptions::resolve_every>("resolve_every", Type::Duration, "30s",
                                          "How often server names are looked up again.")
        .between(1, kDayMs),
    branch<&UpstreamOptions::health>("health", Type::Map, kHealthSection, "Active health checks.")
        .example_is("{path: /healthz}"),
};

constexpr Key kServersKey =
    leaf<&UpstreamOptions::servers>("servers", Type::ServerUrl, "",
                                    "Where the origin is: http://host:port, https://host:port, or "
                                    "http+h2c://host:port for HTTP/2 "
                                    "without TLS. Several are balanced.")
        .also_called("url urls endpoints addresses")
        .list()
        .required();

constexpr Key kHostKey =
    leaf<&UpstreamOptions::host>("host", Type::Host, "",
                                 "Host field to send to the origin. Without it, the client's.")
        .also_called("host_header");

constexpr auto origin_keys() {
  std::array<Key, kUpstreamKeys.size() + 2> keys{kServersKey, kHostKey};
  for (std::size_t i = 0; i < kUpstreamKeys.size(); ++i)
    keys[i + 2] = kUpstreamKeys[i];
  return keys;
}

constexpr auto kOriginKeys = origin_keys();

constexpr Key kRulesKeys[] = {
    leaf<&CacheRules::bypass>("bypass", Type::Boolean, "false",
                              "Send every request to the origin: nothing is looked up or stored.")
        .also_called("pass no_cache disable"),
    leaf<&CacheRules::honour_request_directives>("honour_request_directives", Type::Boolean, "true",
                                                 "Whether a client's Cache-Control (no-cache, "
                                                 "max-age and the like, RFC 9111 §5.2.1) counts."),
    leaf<&CacheRules::store_set_cookie>("store_set_cookie", Type::Boolean, "true",
                                        "Whether a response with Set-Cookie and explicit freshness "
                                        "is stored and shared, as RFC 9111 has "
                                        "it. Say false for sites with logins."),
    leaf<&CacheRules::heuristic_freshness>("heuristic_freshness", Type::Boolean, "true",
                                           "Whether a response that says only when it was last "
                                           "modified is fresh for a tenth of its age, "
                                           "at most a day (RFC 9111 §4.2.2)."),
    leaf<&CacheRules::stale_if_unreachable>("stale_if_unreachable", Type::Duration, "1d",
                                            "How stale a response may be served while the origin "
                                            "cannot be reached and stale-if-error says "
                                            "nothing. 0 means never.")
        .between(0, 365 * kDayMs),
    leaf<&CacheRules::freshness>("freshness", Type::Duration, "",
                                 "Freshness lifetime of every response, whatever max-age or "
                                 "Expires say; private and no-store "
                                 "still hold. Without it, the origin decides.")
        .also_called("ttl max_age expires")
        .between(0, 365 * kDayMs),
    leaf<&CacheRules::ignore_query>(
        "ignore_query", Type::Boolean, "false",
        "Whether URLs that differ in their query only share one response."),
    leaf<&CacheRules::body_bytes>("body_bytes", Type::Size, "0",
                                  "Largest request body; beyond it 413. 0 means what "
                                  "limits.body_bytes allows, which holds for every site.")
        .also_called("client_max_body_size max_body request_body")
        .between(0, kTiB),
    leaf<&CacheRules::slice_size>("slice_size", Type::Size, "1MiB",
                                  "A range of a large response that is not stored is fetched in "
                                  "aligned slices of this size, each stored by itself, so that a "
                                  "seek into a film costs slices and not the film. 0 means never: "
                                  "the whole response is fetched.")
        .also_called("slice slices slice_bytes")
        .between(0, kSliceMax),
    leaf<&CacheRules::slice_from>("slice_from", Type::Size, "8MiB",
                                  "The length from which on a response counts as large. Of a "
                                  "shorter one that is longer than a slice the whole is fetched.")
        .between(0, kTiB),
    leaf<&CacheRules::surrogate_control>(
        "surrogate_control", Type::Boolean, "false",
        "Whether a Surrogate-Control of the origin counts where it sends neither "
        "Brink-Cache-Control nor CDN-Cache-Control. Clients do not see it then."),
    leaf<&CacheRules::show_targeted_fields>(
        "show_targeted_fields", Type::Boolean, "false",
        "Whether clients are shown the fields that are meant for caches: CDN-Cache-Control, "
        "Brink-Cache-Control, Surrogate-Control and the tags (Surrogate-Key, Cache-Tag, xkey …)."),
};

const Section kRulesSection{kRulesKeys, fresh<CacheRules>};

constexpr Key kPathKeys[] = {
    leaf<&PathRule::path>("path", Type::PathGlob, "",
                          "Which paths: '*' stands for any characters, '/' included, '?' for one. "
                          "The query is no part of it.")
        .required(),
    branch<&PathRule::rules>("", Type::Merged, kRulesSection, "").listed_under("sites[].rules"),
};

const Section kPathSection{kPathKeys, fresh<PathRule>};

// A path rule begins as its site's rules, which the table puts before the path rules.
void* enter_path_rule(void* object) {
  auto& site = *static_cast<SiteOptions*>(object);
  return &site.paths.emplace_back(PathRule{.path = {}, .rules = site.rules});
}

constexpr Key kSiteKeys[] = {
    leaf<&SiteOptions::name>(
        "name", Type::Name, "default",
        "The site's name in logs, metrics and the API. Each site needs its own."),
    leaf<&SiteOptions::hosts>("hosts", Type::HostPattern, "[\"*\"]",
                              "Hosts of the site: exact names, \"*.example.com\" for all names "
                              "below one, or \"*\" for any "
                              "other. The most exact site wins.")
        .also_called("server_name server_names domain domains")
        .list(),
    branch<&SiteOptions::origin>("origin", Type::Map, kOriginSection,
                                 "Where the site's responses come from, and how it is asked.")
        .also_called("backend backends upstream upstreams proxy_pass target")
        .required()
        .example_is("{servers: [\"http://10.0.0.5:8000\"]}"),
    branch<&SiteOptions::rules>("rules", Type::Map, kRulesSection,
                                "What the site decides where the standards leave a choice.")
        .also_called("cache policy")
        .example_is("{store_set_cookie: false}"),
    branch("paths", Type::Maps, kPathSection, enter_path_rule,
           "Other rules for some paths. The first that matches counts; keys it leaves out are the "
           "site's.")
        .also_called("locations routes")
        .example_is("[{path: /static/*, freshness: 1d}]"),
};

}  // namespace

const Section kOriginSection{kOriginKeys, fresh<UpstreamOptions>};
const Section kTierUpstreamSection{kUpstreamKeys, fresh<UpstreamOptions>};
const Section kSiteSection{kSiteKeys, fresh<SiteOptions>};

}  // namespace brink::config
