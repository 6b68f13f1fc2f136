#include "purge/event_nats.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <variant>

namespace brink::purge {

namespace {

constexpr Millis kPingInterval{5'000};
constexpr Millis kTick{50};
constexpr std::size_t kQueued = 1'000;  // messages; NATS brings those that are dropped again

struct Settled {
  std::string reply;
  std::uint64_t deliveries;
  EventResult result;
};
using Item = std::variant<NatsEvent, Settled>;

}  // namespace

// What waits for the thread.
class EventNatsSource::Inbox {
 public:
  void put(Item item) {
    const std::lock_guard lock(mutex_);
    const auto* event = std::get_if<NatsEvent>(&item);
    const bool is_message = event != nullptr && event->kind == NatsEvent::Kind::Message;
    if (event != nullptr && !is_message) is_up_ = event->kind == NatsEvent::Kind::Up;
    if (is_closed_ || (is_message && items_.size() >= kQueued)) return;
    items_.push_back(std::move(item));
    changed_.notify_all();
  }
  bool is_up() const { return is_up_; }
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }
  // Everything that waits, at the latest at `until`. False once it is closed.
  bool take(std::deque<Item>& out, Ticks until) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [this] { return is_closed_ || !items_.empty(); });
    out.swap(items_);
    return !is_closed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  bool is_closed_ = false;
  std::atomic<bool> is_up_ = false;
};

EventNatsSource::EventNatsSource(std::shared_ptr<EventSubscription> subscription)
    : subscription_(std::move(subscription)), inbox_(std::make_shared<Inbox>()) {}

std::unique_ptr<EventNatsSource> EventNatsSource::open(
    std::shared_ptr<EventSubscription> subscription, const config::NatsOptions& server,
    const std::string& node, std::string& message) {
  const config::EventOptions& options = subscription->options();
  EventCounts& counts = subscription->counts();
  std::unique_ptr<EventNatsSource> out(new EventNatsSource(std::move(subscription)));
  out->link_ = NatsLink::open(
      server,
      {fmt::format("brink events {} of {}", options.name, node), kPingInterval,
       "purge.events (" + options.name + ")"},
      {counts.connected, counts.reconnects, counts.errors},
      [inbox = out->inbox_](NatsEvent event) { inbox->put(std::move(event)); }, message);
  if (!out->link_) return nullptr;
  out->pull_ = std::make_unique<EventNatsPull>(
      options.name, *options.nats, *out->link_, counts.errors,
      [self = out.get()](EventNatsPull::Message each) { self->deliver(std::move(each)); });
  return out;
}

EventNatsSource::~EventNatsSource() {
  inbox_->close();
  if (thread_.joinable()) thread_.join();
  link_.reset();
}

bool EventNatsSource::is_connected() const {
  return inbox_->is_up();
}

void EventNatsSource::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void EventNatsSource::run() {
  std::deque<Item> items;
  for (bool goes_on = true; goes_on;) {
    goes_on = inbox_->take(items, real_.ticks() + kTick);
    for (const Item& item : items) {
      if (const auto* event = std::get_if<NatsEvent>(&item)) pull_->on_event(*event, real_.ticks());
      if (const auto* it = std::get_if<Settled>(&item))
        pull_->on_result(it->reply, it->deliveries, it->result);
    }
    items.clear();
    if (goes_on) pull_->go_on(real_.ticks());
  }
  pull_->shut();
}

void EventNatsSource::deliver(EventNatsPull::Message message) {
  subscription_->deliver({.text = message.text, .id = message.id, .source = message.source},
                         [inbox = inbox_, reply = message.reply,
                          deliveries = message.deliveries](const EventAnswer& answer) {
                           inbox->put(Settled{reply, deliveries, answer.result});
                         });
}

}  // namespace brink::purge
