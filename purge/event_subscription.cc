#include "purge/event_subscription.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <utility>

namespace brink::purge {

namespace {

std::string hash_of(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

// Under which the API knows a delivery's purges.
std::string idempotency_key(std::string_view id, const Bodies& bodies) {
  if (id.empty()) return {};
  std::string all;
  for (const std::string& body : bodies)
    all.append(body).push_back('\n');
  return hash_of(id) + hash_of(all);
}

// Whether the log or this node is at fault, so that the same event may go through later.
bool is_temporary(const Problem& problem) {
  return problem.status >= 500 || problem.status == 429;
}

}  // namespace

EventSubscription::EventSubscription(const config::EventOptions& options, const Parts& parts)
    : options_(options), parts_(parts) {}

std::shared_ptr<EventSubscription> EventSubscription::make(const config::EventOptions& options,
                                                           const Parts& parts, std::string& why) {
  std::shared_ptr<EventSubscription> out(new EventSubscription(options, parts));
  out->rules_ = EventRules::make(options, why);
  return out->rules_ ? out : nullptr;
}

void EventSubscription::deliver(const EventDelivery& delivery, EventDone done) {
  // Not the source: with it the bodies of a delivery that comes again would differ.
  const Verdict verdict =
      rules_->judge(delivery.text, delivery.wait, fmt::format("event of {}", options_.name));
  if (verdict.is == Verdict::Is::Ignored) return end({.result = EventResult::Ignored}, done);
  DeadLetter letter{.at = parts_.clock.now(),
                    .subscription = options_.name,
                    .reason = verdict.reason,
                    .source = delivery.source,
                    .key = hash_of(fmt::format("{}\n{}", options_.name,
                                               delivery.id.empty() ? delivery.text : delivery.id)),
                    .event = std::string(delivery.text)};
  if (verdict.is == Verdict::Is::Dead) return bury(std::move(letter), std::move(done));
  const std::string key = idempotency_key(delivery.id, verdict.bodies);
  const std::string who = "event:" + options_.name;  // no token has a colon in its name
  parts_.api.purge_each(
      verdict.bodies,
      {.idempotency_key = key,
       .client = delivery.source,
       .who = who,
       .sites = {options_.site.empty() ? "*" : options_.site}},
      [self = shared_from_this(), letter = std::move(letter),
       done = std::move(done)](const EachAnswer& answer) mutable {
        if (!answer.problem) {
          return self->end(
              {.result = EventResult::Purged, .ids = answer.ids, .is_done = answer.is_done}, done);
        }
        if (is_temporary(*answer.problem))
          return self->end({.result = EventResult::Failed, .problem = answer.problem}, done);
        letter.reason = answer.problem->detail;
        self->bury(std::move(letter), std::move(done));
      });
}

void EventSubscription::bury(DeadLetter letter, EventDone done) {
  const std::string reason = letter.reason;
  parts_.dead_letters.add(
      std::move(letter), [self = shared_from_this(), reason, done = std::move(done)](bool is_kept) {
        if (is_kept) return self->end({.result = EventResult::Dead, .reason = reason}, done);
        self->end({.result = EventResult::Failed,
                   .problem = Problem{503, "dead-letter-not-kept", "The event is not kept",
                                      "It cannot become a purge (" + reason +
                                          "), and its dead letter could not be written. The "
                                          "node's log says why. Send it again."}},
                  done);
      });
}

void EventSubscription::end(EventAnswer answer, const EventDone& done) {
  parts_.counts.count(answer.result);
  done(std::move(answer));
}

}  // namespace brink::purge
