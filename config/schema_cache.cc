// The tables of cache, tier and access_log, and of the file as a whole.

#include "config/options.h"
#include "config/schema_binding.h"

namespace brink::config {

namespace {

constexpr double kMiB = 1024 * 1024;
constexpr double kTiB = 1024 * 1024 * kMiB;
constexpr double kSecondMs = 1000;
constexpr double kHourMs = 3600 * kSecondMs;

constexpr Key not_built(std::string_view name, std::string_view text) {
  Key key;
  key.name = name;
  key.type = Type::NotBuilt;
  key.text = text;
  return key;
}

constexpr std::array<std::string_view, 3> kWarmSchemes = {"auto", "http", "https"};

constexpr Key kWarmKeys[] = {
    leaf<&WarmOptions::rate>("rate", Type::Count, "50",
                             "Most requests per second of all warming of this node together; a job "
                             "may ask for less.")
        .also_called("rps requests_per_second")
        .between(1, 100'000),
    leaf<&WarmOptions::concurrency>("concurrency", Type::Count, "8",
                                    "Most of its requests at once.")
        .also_called("parallel")
        .between(1, 10'000),
    leaf<&WarmOptions::timeout>("timeout", Type::Duration, "60s",
                                "How long one URL may take before it counts as failed.")
        .between(1, kHourMs),
    leaf<&WarmOptions::jobs>("jobs", Type::Count, "16",
                             "Most jobs under way at once; a further POST /v1/warm is answered "
                             "429, a further purge with warm is not followed by one.")
        .between(1, 1'000),
    leaf<&WarmOptions::urls>("urls", Type::Count, "50000",
                             "Most URLs of one job; of a longer sitemap the rest is left out, and "
                             "the job says so.")
        .between(1, 1'000'000),
    leaf<&WarmOptions::sitemaps>("sitemaps", Type::Count, "100",
                                 "Most sitemaps that one job reads, its sitemap index among them.")
        .between(1, 50'000),
    leaf<&WarmOptions::sitemap_bytes>("sitemap_bytes", Type::Size, "64MiB",
                                      "Most bytes of all sitemaps of one job, uncompressed.")
        .between(1024, 1024 * kMiB),
    leaf<&WarmOptions::after_purge>("after_purge", Type::Count, "1000",
                                    "Most URLs that one purge with warm fetches again: the most "
                                    "requested of what it matched on this node. 0 = none.")
        .between(0, 100'000),
    leaf<&WarmOptions::scheme>("scheme", Type::Choice, "auto",
                               "The scheme that clients' requests have here, where it is not the "
                               "URL's. auto: http where no listener of an edge speaks TLS. Behind "
                               "a TLS terminator that is one of node.peers and sends "
                               "X-Forwarded-Proto, say https.")
        .among(kWarmSchemes),
};

const Section kWarmSection{kWarmKeys, fresh<WarmOptions>};

constexpr Key kCacheKeys[] = {
    leaf<&CacheOptions::memory>("memory", Type::Size, "256MiB",
                                "Memory for stored responses, those being served included: a hard "
                                "ceiling for bodies and metadata.")
        .also_called("size max_size")
        .between(kMiB, 16 * kTiB),
    leaf<&CacheOptions::max_response>("max_response", Type::Size, "64MiB",
                                      "Largest body that is stored; larger ones stream through. At "
                                      "most a quarter of memory, and by "
                                      "default never more than that.")
        .between(0, 4 * kTiB),
    leaf<&CacheOptions::uncacheable_memory>("uncacheable_memory", Type::Duration, "2m",
                                            "How long a URL is remembered as uncacheable; "
                                            "meanwhile its requests do not wait for each other.")
        .between(0, 24 * kHourMs),
    leaf<&CacheOptions::variants_per_key>(
        "variants_per_key", Type::Count, "64",
        "Most responses kept for one URL under different Vary fields.")
        .between(1, 10'000),
    leaf<&CacheOptions::followers_per_fetch>(
        "followers_per_fetch", Type::Count, "65536",
        "Most requests that wait for one fetch of the same response; beyond it 503.")
        .between(0, 10'000'000),
    leaf<&CacheOptions::follower_timeout>(
        "follower_timeout", Type::Duration, "30s",
        "How long such a request waits for the response's head before it fetches by itself.")
        .between(1, kHourMs),
    leaf<&CacheOptions::fetches>("fetches", Type::Count, "16384",
                                 "Most requests to upstreams at once, per worker; beyond it 503.")
        .between(1, 10'000'000),
    leaf<&CacheOptions::background_fetches>(
        "background_fetches", Type::Count, "1024",
        "Most validations behind a stale answer at once, per worker; beyond it they are skipped.")
        .between(0, 10'000'000),
    branch<&CacheOptions::warm>("warm", Type::Map, kWarmSection,
                                "How fast, and how much, URLs are fetched into the cache ahead of "
                                "clients.")
        .also_called("warming prefetch preload")
        .example_is("{rate: 50, concurrency: 8}"),
    not_built("disk", "this version has no disk store yet; remove the key"),
};

constexpr Key kTierKeys[] = {
    leaf<&TierOptions::regional>("regional", Type::ServerUrl, "[]",
                                 "Regional nodes that an edge asks instead of the origins. Each "
                                 "URL has one node that keeps it. "
                                 "Empty means straight to the origin.")
        .also_called("parents upstreams")
        .list(),
    leaf<&TierOptions::fall_back_to_origin>(
        "fall_back_to_origin", Type::Boolean, "true",
        "Whether the origin is asked when no regional node answers."),
    leaf<&TierOptions::bounded_load>(
        "bounded_load", Type::Ratio, "1.25",
        "How many times the mean load one regional node may carry before the next one takes over.")
        .between(1, 10),
    branch<&TierOptions::upstream>(
        "upstream", Type::Map, kTierUpstreamSection,
        "How the regional nodes are asked: the keys of an origin without servers and host.")
        .example_is("{connect_timeout: 1s}")
        .listed_under("sites[].origin"),
};

constexpr Key kAccessLogKeys[] = {
    leaf<&AccessLogOptions::to>(
        "to", Type::LogTarget, "stdout",
        "Where a JSON line for each request goes: none, stdout, stderr or a file's full path."),
    leaf<&AccessLogOptions::sample>("sample", Type::Ratio, "1",
                                    "Share of requests that are logged; errors always are.")
        .between(0, 1),
    leaf<&AccessLogOptions::redact_query>(
        "redact_query", Type::QueryName, "[]",
        "Query parameters whose values are hidden in the log; \"*\" hides all.")
        .list(),
    leaf<&AccessLogOptions::queue>(
        "queue", Type::Count, "65536",
        "Most lines that wait to be written; beyond it they are dropped and counted.")
        .between(1, 16'777'216),
};

constexpr Key kRootKeys[] = {
    branch<&Options::node>("node", Type::Map, kNodeSection, "Who this node is.")
        .example_is("{name: fra-1, pop: fra}"),
    branch<&Options::listen>("listen", Type::Maps, kListenSection,
                             "Where clients connect. At least one.")
        .also_called("listeners ports")
        .required()
        .example_is("[{address: \"0.0.0.0:8080\"}]"),
    branch<&Options::limits>("limits", Type::Map, kLimitsSection,
                             "What one client, and all of them together, may take.")
        .example_is("{connections: 10000}"),
    branch<&Options::admin>("admin", Type::Map, kAdminSection,
                            "The REST API, dashboard and metrics.")
        .example_is("{address: \"127.0.0.1:9901\"}"),
    branch<&Options::cache>("cache", Type::Map, kCacheSection,
                            "How much is stored, and how requests share a fetch.")
        .example_is("{memory: 256MiB}"),
    branch<&Options::sites>("sites", Type::Maps, kSiteSection,
                            "What is served, and where it comes from. At least one.")
        .required()
        .example_is("[{name: shop, hosts: [shop.example.com], origin: {servers: "
                    "[\"http://10.0.0.5:8000\"]}}]"),
    branch<&Options::tier>("tier", Type::Map, kTierSection,
                           "The regional nodes between this edge and the origins.")
        .also_called("tiered parents")
        .example_is("{regional: [\"http://regional-1:8080\"]}"),
    branch<&Options::access_log>("access_log", Type::Map, kAccessLogSection,
                                 "One line per request. A plain value is short for {to: value}.")
        .also_called("log logging logs")
        .or_scalar("to"),
    branch<&Options::purge>("purge", Type::Map, kPurgeSection,
                            "The purge log, and what a node does that loses it.")
        .example_is("{log: embedded}"),
};

const Section kRootSection{kRootKeys, fresh<Options>};

}  // namespace

const Section kCacheSection{kCacheKeys, fresh<CacheOptions>};
const Section kTierSection{kTierKeys, fresh<TierOptions>};
const Section kAccessLogSection{kAccessLogKeys, fresh<AccessLogOptions>};

const Section& root_section() {
  return kRootSection;
}

}  // namespace brink::config
