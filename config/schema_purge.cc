// The tables of purge: the log, NATS, and purges as requests. Those of events are in
// schema_events.cc.

#include <array>

#include "config/options.h"
#include "config/schema_binding.h"

namespace brink::config {

namespace {

constexpr double kMiB = 1024 * 1024;
constexpr double kSecondMs = 1000;
constexpr double kHourMs = 3600 * kSecondMs;

constexpr std::array<std::string_view, 2> kPurgeLogs = {"embedded", "nats"};
constexpr std::array<std::string_view, 3> kFenced = {"revalidate", "serve", "fail"};

constexpr Key kNatsKeys[] = {
    leaf<&NatsOptions::url>("url", Type::NatsUrl, "",
                            "The NATS servers, nats://host:port or tls://host:port, several with "
                            "commas. JetStream must be on.")
        .also_called("urls servers server address"),
    leaf<&NatsOptions::credentials>("credentials", Type::File, "",
                                    "A NATS credentials file (user JWT and seed), in place of user "
                                    "and password.")
        .also_called("creds"),
    leaf<&NatsOptions::user>("user", Type::Name, "",
                             "The user's name; its password is in password_env."),
    leaf<&NatsOptions::password_env>("password_env", Type::Variable, "",
                                     "The environment variable that holds the password, or "
                                     "without user the token.")
        .also_called("password token token_env"),
    leaf<&NatsOptions::ca>("ca", Type::File, "",
                           "A PEM file of the authorities that a tls:// server's certificate is "
                           "checked with. Default: the system's."),
    leaf<&NatsOptions::certificate>("certificate", Type::File, "",
                                    "A PEM file with the certificate that this node shows to a "
                                    "tls:// server that asks for one.")
        .also_called("cert"),
    leaf<&NatsOptions::key>("key", Type::File, "", "The PEM file with that certificate's key."),
    leaf<&NatsOptions::stream>("stream", Type::Name, "BRINK_PURGE",
                               "The JetStream stream that is the log; made if it is not there. "
                               "Receipts are in a second one, with _RECEIPTS behind the name. At "
                               "most 32 characters, without dots."),
    leaf<&NatsOptions::replicas>("replicas", Type::Count, "1",
                                 "On how many NATS servers the log is: 1, 3 or 5. With 1, a server "
                                 "that loses power may lose the latest purges.")
        .between(1, 5),
};

const Section kNatsSection{kNatsKeys, fresh<NatsOptions>};
constexpr std::size_t kServerKeys = 7;  // without what is the log's

constexpr Key kPurgeMethodKeys[] = {
    leaf<&PurgeMethodOptions::allow_from>(
        "allow_from", Type::Cidr, "[]",
        "Networks of clients that may purge with PURGE, BAN and PURGEKEYS; from elsewhere they are "
        "answered 405. Empty: these methods are forwarded to the origin like any other.")
        .also_called("acl allow from networks peers")
        .list(),
    leaf<&PurgeMethodOptions::token_env>(
        "token_env", Type::Variable, "",
        "The environment variable with a secret that they must send too, in X-Purge-Token or as "
        "bearer token. Needed where their requests come through a proxy.")
        .also_called("token secret password"),
};

const Section kPurgeMethodSection{kPurgeMethodKeys, fresh<PurgeMethodOptions>};

constexpr Key kPurgeKeys[] = {
    leaf<&PurgeOptions::log>(
        "log", Type::Choice, "embedded",
        "The purge log: a file of this process, or a NATS JetStream that all nodes share.")
        .among(kPurgeLogs),
    leaf<&PurgeOptions::path>(
        "path", Type::AbsoluteFile, "",
        "The embedded log's file. Default: /var/lib/brink/purge.log where that "
        "folder can be written to, memory elsewhere.")
        .also_called("file"),
    branch<&PurgeOptions::nats>("nats", Type::Map, kNatsSection, "Where the shared log is.")
        .example_is("{url: \"nats://nats:4222\"}"),
    leaf<&PurgeOptions::max_lag>(
        "max_lag", Type::Duration, "10s",
        "How long a node may be cut off from the log before it no longer trusts its cache.")
        .between(1, 24 * kHourMs),
    leaf<&PurgeOptions::fenced>(
        "fenced", Type::Choice, "revalidate",
        "What such a node does: ask upstream before it answers from its cache, serve from it all "
        "the same, or fail with 503.")
        .among(kFenced),
    leaf<&PurgeOptions::retain>("retain", Type::Count, "100000",
                                "How many purges the log and GET /v1/purges keep, and for how many "
                                "an Idempotency-Key counts.")
        .also_called("history")
        .between(100, 10'000'000),
    leaf<&PurgeOptions::forget_node_after>(
        "forget_node_after", Type::Duration, "10m",
        "How long a node may be silent before wait=all waits for it no longer. At least four times "
        "max_lag.")
        .between(4, 7 * 24 * kHourMs),
    leaf<&PurgeOptions::matchers>(
        "matchers", Type::Count, "1000",
        "Most prefixes, patterns, regular expressions and combinations of "
        "tags in force at once; beyond it 429.")
        .between(1, 100'000),
    leaf<&PurgeOptions::tags_per_response>("tags_per_response", Type::Count, "1000",
                                           "Most tags of one response; with more it is not stored.")
        .between(1, 100'000),
    leaf<&PurgeOptions::tag_bytes>("tag_bytes", Type::Size, "64KiB",
                                   "Most bytes of all tags of one response; with more it is not "
                                   "stored.")
        .between(1024, kMiB),
    branch<&PurgeOptions::methods>("methods", Type::Map, kPurgeMethodSection,
                                   "Purges as requests on the clients' listeners, as for Varnish.")
        .example_is("{allow_from: [10.0.0.0/8]}"),
    branch<&PurgeOptions::events>(
        "events", Type::Maps, kEventSection,
        "Subscriptions that make purges of events: messages in NATS JetStream, or webhooks.")
        .also_called("subscriptions event_sources")
        .example_is("[{name: catalogue, nats: {subject: shop.public.products}, tags: "
                    "[\"product-{after.id|before.id}\"]}]"),
    branch<&PurgeOptions::dead_letters>("dead_letters", Type::Map, kDeadLetterSection,
                                        "What is kept of events that could not become purges.")
        .example_is("{keep: 1000}"),
};

}  // namespace

const Section kPurgeSection{kPurgeKeys, fresh<PurgeOptions>};
const Section kNatsServerSection{std::span(kNatsKeys).first(kServerKeys), fresh<NatsOptions>};

}  // namespace brink::config
