#pragma once
// Events that become purges (purge.events), and what is kept of those that cannot.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/nats_options.h"
#include "config/runtime/clock.h"

namespace brink::config {

// The event counts only if the field has one of these values.
struct EventConditionOptions {
  std::string field;            // a path, or several with '|' (event_template.h)
  std::vector<std::string> is;  // as text
  friend bool operator==(const EventConditionOptions&, const EventConditionOptions&) = default;
};

struct EventNatsOptions {
  std::string subject;  // may hold the wildcards * and >
  std::string stream;   // empty = the one that has the subject
  std::string durable;  // the consumer, shared by all nodes; empty = brink-NAME
  NatsOptions server;   // without a url: purge.nats
  friend bool operator==(const EventNatsOptions&, const EventNatsOptions&) = default;
};

enum class EventSignature : std::uint8_t {
  Github,    // X-Hub-Signature-256: sha256=HEX over the body
  Standard,  // Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature
};

struct EventWebhookOptions {
  EventSignature signature = EventSignature::Github;
  std::string secret_env, secret_file;  // exactly one
  std::string secret;                   // what it holds, read at load; never printed
  Millis tolerance{300'000};            // Standard: of the timestamp, to either side
  friend bool operator==(const EventWebhookOptions&, const EventWebhookOptions&) = default;
};

// A subscription: exactly one of nats and webhook; tags, urls or both.
struct EventOptions {
  std::string name;
  std::optional<EventNatsOptions> nats;
  std::optional<EventWebhookOptions> webhook;
  std::vector<EventConditionOptions> when;  // all of them
  std::vector<std::string> tags, urls;      // templates (event_template.h)
  std::string site;                         // empty = every site
  bool soft = false;
  std::uint64_t event_bytes = 256 * 1024;  // larger → dead letter
  friend bool operator==(const EventOptions&, const EventOptions&) = default;
};

struct DeadLetterOptions {
  std::string path;  // empty = dead_letters.jsonl beside the purge log; memory if there is none
  std::uint32_t keep = 1'000;          // more → the oldest go, counted
  std::uint64_t bytes = 16ULL << 20U;  // ditto
  friend bool operator==(const DeadLetterOptions&, const DeadLetterOptions&) = default;
};

}  // namespace brink::config
