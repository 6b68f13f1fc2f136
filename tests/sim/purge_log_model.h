#pragma once
// The purge log of a simulated deployment: one order of records, delivered to each node in order
// and at the node's own pace, and the book of who has applied what (DESIGN.md section 4).
//
// A node is waited for from its Join record on until a Leave record: that of a node that ends, or
// of one that has been silent for longer than forget_after. A purge is acknowledged with wait=all
// when everyone who is waited for has applied it.

#include <cstdint>
#include <deque>
#include <vector>

#include "purge/record.h"
#include "tests/sim/purge_world.h"

namespace brink::purgesim {

struct Entry {
  purge::Record record;
  std::uint32_t serial = 0;  // what the origin has read up to here may be from before the record
  std::vector<std::uint32_t> versions;  // of the origin's pages then, by number
  bool complete = false;                // applied by all that are waited for
  TimePoint applied_at{};               // by the node that was the last
};

// What is on its way to a node.
struct LogItem {
  enum class Kind : std::uint8_t { Record, Marker, Lost } kind = Kind::Record;
  std::uint64_t sequence = 0;  // Lost: up to there
  bool replayed = false;
  Ticks sent{};  // Marker: everything appended before is in front of it
};

class LogModel {
 public:
  explicit LogModel(World& world) : world_(world) {}

  std::uint64_t append(purge::Record record);
  void note_applied(std::uint64_t sequence) {
    entries_[sequence - 1].applied_at = world_.clock.now();
  }
  const Entry& at(std::uint64_t sequence) const { return entries_[sequence - 1]; }
  std::uint64_t last() const { return entries_.size(); }
  // All records, from the beginning or from what is still kept.
  void attach(Node& node);
  void heartbeat(Node& node);
  void join(Node& node);
  void leave(Node& node);
  void forget_silent_nodes();
  // Somebody has applied something, or is waited for no longer.
  void look_for_acknowledged();
  // In the order in which clients of the API have heard of it.
  const std::vector<std::uint64_t>& acknowledged() const { return acknowledged_; }

 private:
  void acknowledge(std::uint64_t sequence);

  World& world_;
  std::deque<Entry> entries_;
  std::uint64_t complete_until_ = 0;
  std::vector<std::uint64_t> acknowledged_;
};

}  // namespace brink::purgesim
