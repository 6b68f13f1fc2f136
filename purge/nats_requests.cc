#include "purge/nats_requests.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

namespace brink::purge {

bool NatsRequests::begin() {
  forget();
  return link_.subscribe(link_.inbox() + ".r.*", kReplies);
}

void NatsRequests::ask(const std::string& subject, std::string_view body, Ticks now, Millis limit,
                       Handler handler) {
  const std::uint64_t number = next_number();
  const bool is_sent = link_.publish(subject, reply_subject(number), body) == NatsLink::Sent::Yes;
  waiting_[number] = {is_sent ? now + limit : now, std::move(handler)};
}

void NatsRequests::on_time(Ticks now) {
  std::vector<Handler> late;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->second.until > now) {
      ++it;
      continue;
    }
    late.push_back(std::move(it->second.handler));
    it = waiting_.erase(it);
  }
  for (const Handler& handler : late)
    handler(std::nullopt);
}

bool NatsRequests::on_reply(std::uint64_t number, const NatsMessage& message) {
  const auto it = waiting_.find(number);
  if (it == waiting_.end()) return false;
  const Handler handler = std::move(it->second.handler);
  waiting_.erase(it);
  if (message.status.empty()) {
    handler(std::string_view(message.data));
  } else {
    handler(std::nullopt);
  }
  return true;
}

std::string NatsRequests::reply_subject(std::uint64_t number) const {
  return fmt::format("{}.r.{}", link_.inbox(), number);
}

std::uint64_t NatsRequests::number_of(std::string_view subject) const {
  const std::size_t dot = subject.rfind('.');
  if (dot == std::string_view::npos) return 0;
  std::uint64_t number = 0;
  std::from_chars(subject.data() + dot + 1, subject.data() + subject.size(), number);
  return number;
}

}  // namespace brink::purge
