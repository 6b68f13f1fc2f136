#pragma once
// What a record is applied to: the node's cache (DESIGN.md section 4.2).

#include <cstddef>
#include <cstdint>
#include <optional>

#include "purge/preview.h"

namespace brink::purge {

struct Record;

// What a record matched. Empty until somebody has counted: a record is in force long before that.
struct Matched {
  std::optional<std::uint64_t> responses;
  std::optional<std::uint64_t> bytes;
  PreviewPtr preview = {};  // of a Count record
};

// apply() and lost_until(): on the log's thread, one call at a time, in the log's order. apply()
// gets purges, versions and counts only. The rest: from any thread.
class Target {
 public:
  virtual ~Target() = default;
  // In force for every request that begins after this returns and Position::applied() says so; in
  // constant time per value of the selector, whatever is stored. `replayed`: it was in the log when
  // this node came to it; nobody waits to hear what it matched.
  virtual Matched apply(const Record& record, bool replayed) = 0;
  // Records up to `sequence` were lost unseen: whatever is known only up to there is revalidated.
  virtual void lost_until(std::uint64_t sequence) = 0;

  // Whether there is room for this record's matcher, for the API to refuse it in time.
  virtual bool has_room_for(const Record&) const { return true; }
  virtual std::size_t matchers() const { return 0; }
  // Whether one more dry run can be counted, ditto.
  virtual bool has_room_for_count() const { return true; }
};

}  // namespace brink::purge
