#pragma once
// A site's version as its records make it (DESIGN.md section 4): pure.

#include <cstdint>
#include <string>
#include <utility>

#include "purge/record.h"

namespace brink::purge {

// A version for a share of clients leaves the one for all others as it was; one for all clients is
// what the next share is taken from.
struct SiteVersion {
  std::string version;  // of `percent` of the clients; empty = none
  std::uint32_t percent = 100;
  std::string previous;        // percent < 100: the others' version; else the one before
  std::uint64_t sequence = 0;  // the record that made it so; 0 = none has

  // REQUIRES: record.kind is Version, of this site, in the log's order.
  void apply(const Record& record) {
    const bool was_for_all = percent == 100;
    if (record.percent < 100 && was_for_all) {
      before = std::exchange(previous, version);
    } else if (record.percent == 100 && was_for_all && record.version != version) {
      previous = version;
    } else if (record.percent == 100 && !was_for_all && record.version == previous) {
      previous = before;  // the trial ended without success
    }
    version = record.version;
    percent = record.percent;
    sequence = record.sequence;
  }

  std::string before;  // percent < 100: what `previous` was until then
};

}  // namespace brink::purge
