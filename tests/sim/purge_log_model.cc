#include "tests/sim/purge_log_model.h"

#include <algorithm>

#include "tests/sim/purge_node.h"

namespace brink::purgesim {
namespace {

std::string in_words(const purge::Record& record) {
  using Kind = purge::Record::Kind;
  if (record.kind == Kind::Join) return "join " + record.node;
  if (record.kind == Kind::Leave) return "leave " + record.node;
  if (record.kind == Kind::Version) {
    return "version of " + record.selector.site + ": " + record.version + " for " +
           std::to_string(record.percent) + " %";
  }
  std::string out = record.soft ? "soft purge, kind " : "purge, kind ";
  out += std::to_string(static_cast<int>(record.selector.kind));
  for (const std::string& value : record.selector.values)
    out += " " + value;
  return record.selector.site.empty() ? out : out + " of site " + record.selector.site;
}

}  // namespace

std::uint64_t LogModel::append(purge::Record record) {
  record.sequence = entries_.size() + 1;
  Entry& entry = entries_.emplace_back();
  entry.record = std::move(record);
  entry.serial = world_.serial;
  for (const Page& page : world_.pages)
    entry.versions.push_back(page.version);
  const std::uint64_t sequence = last();
  world_.note(
      [&] { return "record " + std::to_string(sequence) + " " + in_words(at(sequence).record); });
  for (const auto& node : world_.nodes) {
    if (!node->is_up()) continue;
    node->inbox.push_back({.sequence = sequence});
    node->deliver_later();
  }
  return sequence;
}

// The log may have let go of the oldest purges.
void LogModel::attach(Node& node) {
  std::uint64_t lost = 0;
  if (last() > 0 && world_.random.chance(0.3)) {
    const std::uint64_t until = world_.random.below(last());
    while (lost < until && at(lost + 1).record.kind == purge::Record::Kind::Purge)
      ++lost;
  }
  if (lost > 0) node.inbox.push_back({.kind = LogItem::Kind::Lost, .sequence = lost});
  for (std::uint64_t s = lost + 1; s <= last(); ++s)
    node.inbox.push_back({.sequence = s, .replayed = true});
  node.deliver_later();
}

void LogModel::heartbeat(Node& node) {
  if (node.cut_off) return;
  node.inbox.push_back({.kind = LogItem::Kind::Marker, .sent = world_.clock.ticks()});
  node.deliver_later();
}

void LogModel::join(Node& node) {
  purge::Record record;
  record.kind = purge::Record::Kind::Join;
  record.node = node.name();
  record.instance = std::to_string(node.run());
  node.join_wanted = append(std::move(record));
  node.waited_for = true;
  node.last_heard = world_.clock.now();
}

void LogModel::leave(Node& node) {
  purge::Record record;
  record.kind = purge::Record::Kind::Leave;
  record.node = node.name();
  append(std::move(record));
  node.waited_for = false;
  look_for_acknowledged();
}

void LogModel::forget_silent_nodes() {
  for (const auto& node : world_.nodes) {
    if (node->waited_for && world_.clock.now() - node->last_heard > world_.settings.forget_after)
      leave(*node);
  }
}

void LogModel::look_for_acknowledged() {
  std::uint64_t all = last();
  for (const auto& node : world_.nodes) {
    if (node->waited_for) all = std::min(all, node->applied());
  }
  while (complete_until_ < all) {
    const std::uint64_t sequence = ++complete_until_;
    entries_[sequence - 1].complete = true;
    using Kind = purge::Record::Kind;
    const Kind kind = entries_[sequence - 1].record.kind;
    if (kind != Kind::Purge && kind != Kind::Version) continue;
    if (world_.random.chance(0.7)) {
      acknowledge(sequence);
    } else {
      world_.after(Millis(world_.random.below(400)), {},
                   [this, sequence] { acknowledge(sequence); });
    }
  }
}

void LogModel::acknowledge(std::uint64_t sequence) {
  acknowledged_.push_back(sequence);
  world_.note([&] { return "acknowledged " + std::to_string(sequence); });
  const purge::Record& record = at(sequence).record;
  if (record.kind == purge::Record::Kind::Purge) world_.probe(record);
}

}  // namespace brink::purgesim
