// The tables of purge.events and purge.dead_letters.

#include <array>

#include "config/options.h"
#include "config/schema_binding.h"

namespace brink::config {

namespace {

constexpr double kKiB = 1024;
constexpr double kMiB = 1024 * kKiB;
constexpr double kSecondMs = 1000;
constexpr double kHourMs = 3600 * kSecondMs;

constexpr std::array<std::string_view, 2> kSignatures = {"github", "standard"};

constexpr Key kConditionKeys[] = {
    leaf<&EventConditionOptions::field>("field", Type::EventField, "",
                                        "A field of the event, such as op or source.table; or "
                                        "several choices, as in templates.")
        .also_called("path key name")
        .required(),
    leaf<&EventConditionOptions::is>("is", Type::EventValue, "",
                                     "The event counts if the field has one of these values; it "
                                     "does not if the field is missing.")
        .also_called("in equals value values")
        .list()
        .required(),
};

const Section kConditionSection{kConditionKeys, fresh<EventConditionOptions>};

constexpr Key kEventNatsKeys[] = {
    leaf<&EventNatsOptions::subject>("subject", Type::NatsSubject, "",
                                     "The subject that events are published on; * and > as in "
                                     "NATS. A JetStream stream must have it.")
        .also_called("topic subjects")
        .required(),
    leaf<&EventNatsOptions::stream>("stream", Type::Name, "",
                                    "The JetStream stream. Default: the one that has the subject."),
    leaf<&EventNatsOptions::durable>(
        "durable", Type::Name, "",
        "The durable consumer, made if it is not there. Nodes with the same one share the events. "
        "Default: brink- and the subscription's name.")
        .also_called("consumer"),
    branch<&EventNatsOptions::server>("server", Type::Map, kNatsServerSection,
                                      "Where that is. Default: purge.nats. A plain value is "
                                      "short for {url: value}.")
        .also_called("url urls servers credentials user")
        .or_scalar("url")
        .example_is("{url: \"nats://nats:4222\"}"),
};

const Section kEventNatsSection{kEventNatsKeys, fresh<EventNatsOptions>};

constexpr Key kEventWebhookKeys[] = {
    leaf<&EventWebhookOptions::signature>(
        "signature", Type::Choice, "github",
        "How the sender signs: github is X-Hub-Signature-256 over the body, standard is Standard "
        "Webhooks (webhook-id, webhook-timestamp, webhook-signature).")
        .also_called("scheme type format")
        .among(kSignatures),
    leaf<&EventWebhookOptions::secret_env>(
        "secret_env", Type::Variable, "",
        "The environment variable that holds the secret that the sender signs with.")
        .also_called("secret token_env token"),
    leaf<&EventWebhookOptions::secret_file>(
        "secret_file", Type::File, "",
        "The file that holds it, in place of secret_env; a line end behind it does not count."),
    leaf<&EventWebhookOptions::tolerance>(
        "tolerance", Type::Duration, "5m",
        "With signature: standard, how far the event's time may be from this node's.")
        .between(1 * kSecondMs, 24 * kHourMs),
};

const Section kEventWebhookSection{kEventWebhookKeys, fresh<EventWebhookOptions>};

constexpr Key kEventKeys[] = {
    leaf<&EventOptions::name>("name", Type::Name, "",
                              "Its name in metrics, in the log of purges, and in a webhook's path.")
        .required(),
    branch<&EventOptions::nats>("nats", Type::Map, kEventNatsSection,
                                "Events are messages in a NATS JetStream stream, such as Debezium "
                                "or an outbox writes.")
        .example_is("{subject: shop.public.products}"),
    branch<&EventOptions::webhook>("webhook", Type::Map, kEventWebhookSection,
                                   "Events are signed requests POST /v1/events/NAME on the admin "
                                   "address.")
        .example_is("{secret_env: BRINK_WEBHOOK_SECRET}"),
    branch<&EventOptions::when>("when", Type::Maps, kConditionSection,
                                "Which events count; without it all do. All of the conditions "
                                "must hold.")
        .also_called("if filter where conditions")
        .example_is("[{field: op, is: [c, u, d]}]"),
    leaf<&EventOptions::tags>(
        "tags", Type::TagTemplate, "[]",
        "The tags to purge: texts in which {field} stands for a field's value.")
        .also_called("tag keys surrogate_keys")
        .list(),
    leaf<&EventOptions::urls>("urls", Type::UrlTemplate, "[]",
                              "The URLs to purge, likewise. Scheme and host are without fields.")
        .also_called("url paths")
        .list(),
    leaf<&EventOptions::site>("site", Type::Name, "",
                              "The site whose responses are purged. Default: all sites."),
    leaf<&EventOptions::soft>("soft", Type::Boolean, "false",
                              "Whether responses become stale instead of gone."),
    leaf<&EventOptions::event_bytes>("event_bytes", Type::Size, "256KiB",
                                     "Largest event; larger ones are dead letters.")
        .also_called("max_bytes max_size")
        .between(kKiB, kMiB),
};

constexpr Key kDeadLetterKeys[] = {
    leaf<&DeadLetterOptions::path>(
        "path", Type::AbsoluteFile, "",
        "The file with the dead letters. Default: dead_letters.jsonl beside purge.path, or in "
        "/var/lib/brink where that can be written to, memory elsewhere.")
        .also_called("file"),
    leaf<&DeadLetterOptions::keep>("keep", Type::Count, "1000",
                                   "How many are kept; beyond it the oldest are dropped and "
                                   "counted.")
        .also_called("max count")
        .between(1, 100'000),
    leaf<&DeadLetterOptions::bytes>("bytes", Type::Size, "16MiB",
                                    "Most bytes of all that are kept; ditto. They are in memory "
                                    "too.")
        .between(kMiB, 256 * kMiB),
};

}  // namespace

const Section kEventSection{kEventKeys, fresh<EventOptions>};
const Section kDeadLetterSection{kDeadLetterKeys, fresh<DeadLetterOptions>};

}  // namespace brink::config
