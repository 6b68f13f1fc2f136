// Subscriptions to events: what contradicts itself, and their secrets.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "config/checks.h"
#include "config/file_text.h"
#include "config/findings.h"

namespace brink::config {

namespace {

constexpr std::size_t kSubscriptions = 64;
constexpr std::string_view kEvents = "purge.events";

struct Subscription {
  const CheckContext& context;
  EventOptions& event;
  const std::string path;

  std::string at(std::string_view key) const { return child_path(path, key); }
  bool is_clean(std::string_view key) const { return context.findings.is_clean(at(key)); }
};

void check_source(const Subscription& it) {
  if (!it.is_clean("nats") || !it.is_clean("webhook")) return;
  if (it.event.nats && it.event.webhook) {
    it.context.error(
        it.at("webhook"),
        "contradicts nats: a subscription has one source; write two, each with a name");
  } else if (!it.event.nats && !it.event.webhook) {
    it.context.error(it.path,
                     "says not where its events come from; add nats: {subject: shop.products} or "
                     "webhook: {secret_env: BRINK_WEBHOOK_SECRET}");
  }
}

void check_purges(const Subscription& it) {
  const EventOptions& event = it.event;
  if (event.tags.empty() && event.urls.empty() && it.is_clean("tags") && it.is_clean("urls")) {
    it.context.error(it.path,
                     "says not what to purge; add tags: [\"product-{after.id}\"], or urls");
  }
  if (event.site.empty() || !it.is_clean("site") || !it.context.findings.is_clean("sites")) return;
  check_site_name(it.context, event.site, it.at("site"));
}

// NATS takes no dots in these.
void check_nats_name(const Subscription& it, std::string_view key, const std::string& name) {
  const std::string path = it.at(key);
  if (!it.context.findings.is_clean(path) || name.find('.') == std::string::npos) return;
  it.context.error(path,
                   fmt::format("expected letters, digits, - and _ without dots (as NATS wants "
                               "it), found {}",
                               quote(name)));
}

void check_event_nats(const Subscription& it) {
  if (!it.event.nats) return;
  EventNatsOptions& nats = *it.event.nats;
  check_nats_name(it, "nats.stream", nats.stream);
  check_nats_name(it, "nats.durable", nats.durable);
  if (nats.durable.empty()) {
    nats.durable = "brink-" + it.event.name;
    std::replace(nats.durable.begin(), nats.durable.end(), '.', '_');
  }
  const std::string server = it.at("nats.server");
  if (it.context.is_set(server)) {
    if (nats.server.url.empty() && it.context.findings.is_clean(server))
      it.context.error(server, "needs url, as in {url: \"nats://nats:4222\"}");
    check_nats_server(it.context, nats.server, server);
  } else if (it.context.options.purge.nats.url.empty() &&
             it.context.findings.is_clean("purge.nats")) {
    it.context.error(it.at("nats"),
                     "needs a NATS server: write server: \"nats://nats:4222\" here, or set "
                     "purge.nats.url");
  }
}

// Standard Webhooks hands out its secrets as whsec_ and base64.
void check_standard_secret(const Subscription& it, const EventWebhookOptions& webhook,
                           const std::string& key) {
  constexpr std::string_view kPrefix = "whsec_";
  if (webhook.signature != EventSignature::Standard || !webhook.secret.starts_with(kPrefix)) return;
  constexpr std::string_view kBase64 =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string_view digits = std::string_view(webhook.secret).substr(kPrefix.size());
  const bool is_whole = !digits.empty() && digits.size() % 4 == 0;
  for (int i = 0; i < 2 && digits.ends_with('='); ++i)
    digits.remove_suffix(1);
  if (is_whole && digits.find_first_not_of(kBase64) == std::string_view::npos) return;
  it.context.error(key,
                   "the secret begins with whsec_, and what follows is not base64; copy it whole");
}

FileText secret_in_variable(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr) return {{}, "is not set; it must hold the secret"};
  return {value, *value == '\0' ? "is empty; it must hold the secret" : ""};
}

FileText secret_in_file(const std::string& path) {
  FileText out = read_file(path, true);
  while (!out.text.empty() && (out.text.back() == '\n' || out.text.back() == '\r'))
    out.text.pop_back();
  if (out.problem.empty() && out.text.empty()) out.problem = "is empty; it must hold the secret";
  return out;
}

// Reads the secret, which may hold any bytes. It is never part of a message.
void read_secret(const Subscription& it, EventWebhookOptions& webhook) {
  const bool is_variable = !webhook.secret_env.empty();
  const std::string key = it.at(is_variable ? "webhook.secret_env" : "webhook.secret_file");
  if (!it.context.findings.is_clean(key)) return;
  if (!is_variable) webhook.secret_file = resolve_beside(it.context.file, webhook.secret_file);
  const std::string where =
      is_variable ? "the environment variable " + webhook.secret_env : quote(webhook.secret_file);
  FileText found =
      is_variable ? secret_in_variable(webhook.secret_env) : secret_in_file(webhook.secret_file);
  if (!found.problem.empty())
    return it.context.error(key, fmt::format("{} {}", where, found.problem));
  webhook.secret = std::move(found.text);
  check_standard_secret(it, webhook, key);
  check_secret_length(it.context, where, key, webhook.secret);
}

void check_event_webhook(const Subscription& it) {
  if (!it.event.webhook || !it.is_clean("webhook")) return;
  EventWebhookOptions& webhook = *it.event.webhook;
  if (webhook.secret_env.empty() == webhook.secret_file.empty()) {
    it.context.error(it.at("webhook"),
                     webhook.secret_env.empty()
                         ? "needs secret_env or secret_file, the secret that the sender signs with"
                         : "has secret_env and secret_file; remove one of them");
    return;
  }
  if (webhook.signature != EventSignature::Standard &&
      it.context.is_set(it.at("webhook.tolerance"))) {
    it.context.error(it.at("webhook.tolerance"),
                     "goes with signature: standard; GitHub's signature holds no time");
  }
  read_secret(it, webhook);
  if (it.context.options.admin.address.empty() && it.context.findings.is_clean("admin.address"))
    it.context.error(it.at("webhook"), "is asked on the admin address, and admin.address is none");
}

}  // namespace

bool events_use_purge_nats(const CheckContext& context) {
  const auto& events = context.options.purge.events;
  return std::any_of(events.begin(), events.end(), [](const EventOptions& event) {
    return event.nats && event.nats->server.url.empty();
  });
}

void check_events(const CheckContext& context) {
  std::map<std::string, std::size_t> by_name;
  auto& events = context.options.purge.events;
  if (events.size() > kSubscriptions) {
    context.error(kEvents,
                  fmt::format("holds {} subscriptions; at most {}", events.size(), kSubscriptions));
    return;
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Subscription it{context, events[i], item_path(kEvents, i)};
    check_source(it);
    check_purges(it);
    check_event_nats(it);
    check_event_webhook(it);
    if (!it.is_clean("name") || by_name.try_emplace(events[i].name, i).second) continue;
    context.error(it.at("name"), fmt::format("{} is the name of {} already", quote(events[i].name),
                                             item_path(kEvents, by_name[events[i].name])));
  }
  if (events.empty() && context.is_set("purge.dead_letters"))
    context.warning("purge.dead_letters", "has no effect without events");
}

}  // namespace brink::config
