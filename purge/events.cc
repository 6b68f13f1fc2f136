#include "purge/events.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "config/runtime/log.h"
#include "purge/dead_letters.h"
#include "purge/event_nats.h"
#include "purge/event_subscription.h"

namespace brink::purge {

namespace {

constexpr std::string_view kDefaultFolder = "/var/lib/brink";
constexpr std::string_view kFileName = "dead_letters.jsonl";

// Beside the purge log where that is a file whose place is known; empty = memory.
std::string default_path(const config::PurgeOptions& options) {
  const bool has_log_file = options.log == config::PurgeLogKind::Embedded && !options.path.empty();
  const std::filesystem::path folder = has_log_file
                                           ? std::filesystem::path(options.path).parent_path()
                                           : std::filesystem::path(kDefaultFolder);
  return ::access(folder.c_str(), W_OK) == 0 ? (folder / kFileName).string() : std::string();
}

}  // namespace

Events::Events(Parts parts)
    : parts_(std::move(parts)),
      dropped_(parts_.metrics.counter("brink_purge_dead_letters_dropped_total",
                                      "Dead letters that were dropped because newer ones took "
                                      "their place (purge.dead_letters).")) {}

Events::~Events() {
  stop();
  dead_letters_.reset();  // its last answers are counted
}

void Events::stop() {
  std::map<std::string, Running, std::less<>> running;
  {
    const std::lock_guard lock(mutex_);
    running.swap(running_);
  }
  running.clear();  // the sources' threads end
}

// A default place that cannot be used is no reason not to start.
bool Events::open_dead_letters(const config::PurgeOptions& options, std::string& message) {
  config::DeadLetterOptions wanted = options.dead_letters;
  const bool is_default = wanted.path.empty();
  if (is_default) wanted.path = default_path(options);
  std::string why = "no folder for them can be written to";
  if (!is_default || !wanted.path.empty()) dead_letters_ = DeadLetters::open(wanted, why);
  if (!dead_letters_ && is_default) {
    log(LogLevel::Warning, "purge",
        "dead letters are kept in memory and end with this process: " + why +
            ". Set purge.dead_letters.path to a file");
    wanted.path.clear();
    dead_letters_ = DeadLetters::open(wanted, why);
  }
  if (!dead_letters_) {
    message = why;
    return false;
  }
  return true;
}

EventCounts& Events::counts_of(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& place = counts_[name];
  if (!place) place = std::make_unique<EventCounts>(parts_.metrics, name);
  return *place;
}

bool Events::prepare_one(const config::EventOptions& event, const config::PurgeOptions& options,
                         Plan& plan, std::string& message) {
  Running out;
  if (event.nats) out.server = event.nats->server.url.empty() ? options.nats : event.nats->server;
  {
    const std::lock_guard lock(mutex_);
    const auto before = running_.find(event.name);
    if (before != running_.end() && before->second.server == out.server &&
        before->second.subscription->options() == event) {
      out = before->second;
      out.is_new = false;
    }
  }
  if (out.is_new) {
    out.subscription = EventSubscription::make(
        event, {parts_.api, *dead_letters_, parts_.clock, counts_of(event.name)}, message);
    if (!out.subscription) {
      message = fmt::format("purge.events ({}): {}", event.name, message);
      return false;
    }
    if (event.nats) {
      out.source = EventNatsSource::open(out.subscription, out.server, parts_.node, message);
      if (!out.source) return false;
    }
  }
  plan.subscriptions.insert_or_assign(event.name, std::move(out));
  return true;
}

std::unique_ptr<Events::Plan> Events::prepare(const config::PurgeOptions& options,
                                              std::string& message) {
  auto plan = std::make_unique<Plan>();
  plan->dead_letters = options.dead_letters;
  if (!options.events.empty() && !dead_letters_ && !open_dead_letters(options, message))
    return nullptr;
  for (const config::EventOptions& event : options.events) {
    if (!prepare_one(event, options, *plan, message)) return nullptr;
  }
  return plan;
}

void Events::commit(std::unique_ptr<Plan> plan) {
  std::map<std::string, Running, std::less<>> before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(running_, plan->subscriptions);
  }
  before.clear();  // those that are not in the plan end
  if (dead_letters_) dead_letters_->set_bounds(plan->dead_letters.keep, plan->dead_letters.bytes);
  for (auto& [name, each] : plan->subscriptions) {
    if (each.is_new && each.source) each.source->start();
  }
}

std::shared_ptr<EventSubscription> Events::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto it = running_.find(name);
  return it == running_.end() ? nullptr : it->second.subscription;
}

void Events::update_metrics() {
  const std::lock_guard lock(mutex_);
  if (!dead_letters_) return;
  for (const auto& [name, counts] : counts_)
    counts->dead_letters.set(static_cast<std::int64_t>(dead_letters_->count(name)));
  for (const auto& [name, each] : running_) {
    if (each.source) each.subscription->counts().connected.set(each.source->is_connected() ? 1 : 0);
  }
  const std::uint64_t dropped = dead_letters_->dropped();
  dropped_.add(dropped - std::exchange(dropped_seen_, dropped));
}

}  // namespace brink::purge
