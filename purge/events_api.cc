// Events, the REST API's side: webhooks, and what there is to look at.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "purge/dead_letters.h"
#include "purge/decimal.h"
#include "purge/event_nats.h"
#include "purge/event_signature.h"
#include "purge/event_subscription.h"
#include "purge/events.h"

namespace brink::purge {

namespace json = boost::json;

namespace {

constexpr std::size_t kIdBytes = 256;  // of a delivery

ApiAnswer refused(Problem problem) {
  const int status = problem.status;
  return {.status = status, .body = {}, .problem = std::move(problem)};
}

ApiAnswer unknown_subscription() {
  return refused({404, "unknown-subscription", "There is no such subscription",
                  "No webhook of this name is in purge.events of this node's configuration; GET "
                  "/v1/events lists the subscriptions."});
}

Problem signature_problem(SignatureCheck check, const config::EventWebhookOptions& options) {
  const bool is_standard = options.signature == config::EventSignature::Standard;
  if (check == SignatureCheck::Missing) {
    return {401, "signature-missing", "The request is not signed",
            is_standard ? "Send webhook-id, webhook-timestamp and webhook-signature, as Standard "
                          "Webhooks says."
                        : "Send X-Hub-Signature-256: sha256= and the HMAC-SHA256 of the body in "
                          "hexadecimal digits."};
  }
  if (check == SignatureCheck::TooOld) {
    return {401, "signature-too-old", "The request is too old",
            "webhook-timestamp is further from this node's time than the subscription's "
            "webhook.tolerance. Check both clocks, and sign each attempt anew."};
  }
  return {401, "signature-wrong", "The signature is wrong",
          "Sign the body as it is sent, with the secret that the subscription's webhook.secret_env "
          "or secret_file holds; the node reads it when it starts and when it is reloaded."};
}

ApiAnswer answer_of(const EventAnswer& answer, std::string_view name) {
  if (answer.problem) return refused(*answer.problem);
  if (answer.result == EventResult::Dead) {
    return refused(
        {422, "dead-letter", "The event cannot become a purge",
         fmt::format("{}. It is kept: GET /v1/events/{}/dead_letters.", answer.reason, name)});
  }
  json::object body{{"state", "ignored"}, {"ids", json::array()}};
  if (answer.result == EventResult::Purged) {
    body["state"] = answer.is_done ? "done" : "outstanding";
    for (const std::string& id : answer.ids)
      body["ids"].get_array().emplace_back(id);
  }
  return {.status = answer.is_done ? 200 : 202, .body = json::serialize(body) + "\n"};
}

json::object source_object(const config::EventOptions& options, const EventNatsSource* source) {
  if (!options.nats || source == nullptr) return {{"webhook", "/v1/events/" + options.name}};
  json::object nats{{"subject", options.nats->subject},
                    {"durable", options.nats->durable},
                    {"connected", source->is_connected()}};
  if (!options.nats->stream.empty()) nats["stream"] = options.nats->stream;
  return {{"nats", std::move(nats)}};
}

}  // namespace

// The signature comes before anything else is looked at.
void Events::webhook(const WebhookRequest& request, ApiDone done) {
  const auto subscription = find(request.name);
  if (!subscription || !subscription->options().webhook) return done(unknown_subscription());
  const config::EventWebhookOptions& options = *subscription->options().webhook;
  const SignatureCheck check =
      check_signature(options, request.fields, request.body, parts_.clock.now());
  if (check != SignatureCheck::Good) {
    subscription->counts().count(EventResult::Refused);
    return done(refused(signature_problem(check, options)));
  }
  const std::string_view id = delivery_id(options, request.fields);
  if (id.size() > kIdBytes) {
    return done(refused({422, "limit-reached", "The delivery's id is too long",
                         fmt::format("It may have {} bytes.", kIdBytes)}));
  }
  subscription->deliver(
      {.text = request.body, .id = id, .source = std::string(request.client), .wait = "node"},
      [done = std::move(done), name = subscription->options().name](const EventAnswer& answer) {
        done(answer_of(answer, name));
      });
}

ApiAnswer Events::list() const {
  json::array out;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, each] : running_) {
    json::object counts;
    for (std::size_t i = 0; i < static_cast<std::size_t>(EventResult::Count_); ++i) {
      const auto result = static_cast<EventResult>(i);
      counts[to_string(result)] = each.subscription->counts().value(result);
    }
    out.push_back(
        json::object{{"name", name},
                     {"source", source_object(each.subscription->options(), each.source.get())},
                     {"counts", std::move(counts)},
                     {"dead_letters", dead_letters_->count(name)}});
  }
  return {.status = 200, .body = json::serialize(json::object{{"events", std::move(out)}}) + "\n"};
}

ApiAnswer Events::dead_letters(std::string_view name, std::string_view query) const {
  if (!find(name)) return unknown_subscription();
  std::uint64_t limit = kListedDefault;
  if (!query.empty()) {
    const auto given = query.starts_with("limit=") ? parse_decimal(query.substr(6)) : std::nullopt;
    if (!given || *given < 1 || *given > kListedMost) {
      return refused({422, "invalid-query", "The query is not right",
                      fmt::format("Take limit=1…{}.", kListedMost)});
    }
    limit = *given;
  }
  // Each line is a JSON object as it stands.
  std::string body = R"({"dead_letters":[)";
  for (const std::string& line : dead_letters_->list(name, limit)) {
    if (!body.ends_with('[')) body.push_back(',');
    body.append(line);
  }
  body.append(fmt::format(R"(],"count":{}}})", dead_letters_->count(name))).push_back('\n');
  return {.status = 200, .body = std::move(body)};
}

}  // namespace brink::purge
