// Transaction, its end: what is counted and what the access log gets.

#include <algorithm>

#include "edge/cache/freshness.h"
#include "edge/transaction.h"

namespace brink::edge {

void Transaction::finish_tunnel(int status, std::uint64_t bytes_sent, std::uint64_t bytes_received) {
  plan_.status = status;
  outcome_.result = CacheResult::Bypass;
  outcome_.reason = cache::Reason::UpgradeRequested;
  outcome_.upstream_status = status;
  context_.metrics.tunnels.add();
  finish(bytes_sent, bytes_received, false);
  release();
}

void Transaction::finish(std::uint64_t bytes_sent, std::uint64_t bytes_received, bool cut) {
  const std::uint64_t duration = static_cast<std::uint64_t>((context_.clock.ticks() - began_).count());
  EdgeMetrics& metrics = context_.metrics;
  metrics.count_request(outcome_.result);
  metrics.count_status(plan_.status);
  metrics.bytes_sent.add(bytes_sent);
  if (bytes_received > 0) metrics.bytes_received.add(bytes_received);
  (outcome_.result == CacheResult::Hit ? metrics.hit_seconds : metrics.miss_seconds).observe(duration);
  if (fetch_) trace_.store_reason = fetch_->trace().store_reason;  // a body may have turned out too large, or been cut
  AccessRecord* record = context_.access_log.acquire();
  if (!record) return;
  record->time = now_;
  record->duration_ns = duration;
  record->first_byte_ns =
      first_byte_ == Ticks{} ? 0 : static_cast<std::uint64_t>((first_byte_ - began_).count());
  record->bytes_sent = bytes_sent;
  record->bytes_received = bytes_received;
  record->cut = cut;
  record->status = static_cast<std::int16_t>(plan_.status);
  describe(*record);
  context_.access_log.publish();
}

void Transaction::describe(AccessRecord& record) const {
  record.key_hash = key_.hash;
  record.upstream_ns = trace_.upstream_ns;
  record.current_age_s = answered_ ? cache::current_age(answered_->meta(), now_) : -1;
  record.freshness_lifetime_s = answered_ ? answered_->meta().freshness_lifetime_s : -1;
  record.freshness_source = answered_ ? answered_->meta().source : cache::FreshnessSource::None;
  record.upstream_status = static_cast<std::int16_t>(outcome_.upstream_status);
  record.attempts = trace_.attempts;
  record.http_minor = head_.http_minor;
  record.result = outcome_.result;
  record.reason = outcome_.reason;
  record.store_reason = trace_.store_reason;
  record.collapsed = outcome_.collapsed;
  record.tls = head_.tls;
  record.method.assign(head_.method);
  record.client.assign(head_.client_address);
  record.site.assign(site_ ? std::string_view(site_->name) : std::string_view{});
  record.host.assign(head_.host);
  record.upstream.assign(trace_.server);
  record.error.assign(error_ ? to_string(*error_) : std::string_view{});
  record.user_agent.assign(field_value(head_.fields, "user-agent"));
  record.target.assign(head_.target);
}

}  // namespace brink::edge
