#include "edge/node_method_purger.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "purge/method_purge.h"

namespace brink::edge {

namespace {

constexpr std::string_view kWho = "purge.methods";  // in the audit log, in a token's place

}  // namespace

NodeMethodPurger::NodeMethodPurger(purge::Api& api, net::io_context& control,
                                   MetricsRegistry& metrics, const Audit& audit)
    : api_(api), control_(control), audit_(audit) {
  constexpr const char* kNames[] = {"done", "outstanding", "invalid", "failed", "refused"};
  for (std::size_t i = 0; i < results_.size(); ++i) {
    results_[i] = &metrics.counter("brink_purge_method_requests_total",
                                   "PURGE, BAN and PURGEKEYS requests on the clients' listeners "
                                   "(purge.methods): outstanding = "
                                   "logged, but not applied by all that were waited for; invalid = "
                                   "answered 4xx; failed = 503; "
                                   "refused = from an address that is not allowed.",
                                   {{"result", kNames[i]}});
  }
}

void NodeMethodPurger::purge(const RequestHead& head, std::string_view site,
                             std::shared_ptr<MethodPurgeCall> call) {
  if (waiting_.fetch_add(1) >= kMethodPurgesWaiting) {
    --waiting_;
    count(Result::Failed);
    return call->give({503, "too many purges at once; nothing was purged: send it again"});
  }
  const auto asked = std::make_shared<const Asked>(
      Asked{std::string(head.method), std::string(head.target), std::string(head.host),
            std::string(site), std::string(head.client_address), OwnedFields(head.fields)});
  net::post(control_, [this, asked, call = std::move(call)] { run(asked, call); });
}

void NodeMethodPurger::run(const std::shared_ptr<const Asked>& asked,
                           const std::shared_ptr<MethodPurgeCall>& call) {
  const auto purges = purge::method_purge({.method = asked->method,
                                           .target = asked->target,
                                           .host = asked->host,
                                           .site = asked->site,
                                           .fields = asked->fields.view()});
  if (const auto* problem = std::get_if<purge::Problem>(&purges)) {
    return finish(*asked, {.problem = *problem}, *call);
  }
  api_.purge_each(std::get<purge::Bodies>(purges),
                  {.idempotency_key = field_value(asked->fields.view(), "idempotency-key"),
                   .client = asked->client,
                   .who = kWho,
                   .sites = {asked->site}},
                  [this, asked, call](const purge::EachAnswer& answer) {
                    finish(*asked, answer, *call);
                  });
}

void NodeMethodPurger::finish(const Asked& asked, const purge::EachAnswer& result,
                              MethodPurgeCall& call) {
  --waiting_;
  if (const auto& problem = result.problem) {
    count(problem->status < 500 ? Result::Invalid : Result::Failed);
    return answer(asked, {problem->status, problem->detail}, call);
  }
  count(result.is_done ? Result::Done : Result::Outstanding);
  if (result.is_done) return answer(asked, {200, "purged, " + result.ids.front()}, call);
  answer(asked,
         {202, "the purge is logged, and not yet applied by all that were waited for: " +
                   result.ids.front()},
         call);
}

void NodeMethodPurger::answer(const Asked& asked, MethodPurgeAnswer answer, MethodPurgeCall& call) {
  if (audit_.log != nullptr) {
    audit_.log->add({.at = audit_.clock.now(),
                     .who = std::string(kWho),
                     .from = asked.client,
                     .call = asked.method + " http://" + asked.host + asked.target,
                     .request = {},
                     .status = answer.status,
                     .answer = answer.text});
  }
  call.give(std::move(answer));
}

}  // namespace brink::edge
