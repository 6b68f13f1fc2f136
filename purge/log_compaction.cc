// What the embedded log's file keeps and drops.

#include <algorithm>
#include <map>
#include <set>

#include "purge/log_file.h"
#include "purge/log_rewrite.h"
#include "purge/report.h"

namespace brink::purge {

namespace {

// The records that a site's version is made of: the last one, and the last two that
// differ for all clients.
class VersionsKept {
 public:
  void note(std::uint64_t sequence, std::string_view json) {
    const auto record = parse_record(json, sequence);
    if (!record) return;
    Site& site = sites_[record->selector.site];
    site.last = sequence;
    if (record->percent < 100) return;
    if (record->version != site.version) site.before = site.whole;
    site.whole = sequence;
    site.version = record->version;
  }
  std::set<std::uint64_t> all() const {
    std::set<std::uint64_t> out;
    for (const auto& [name, site] : sites_)
      out.insert({site.last, site.whole, site.before});
    return out;
  }

 private:
  struct Site {
    std::uint64_t last = 0, whole = 0, before = 0;
    std::string version;  // of `whole`
  };
  std::map<std::string, Site> sites_;
};

// The report without receipts of records that are gone; empty when nothing is left.
std::string thinned(std::string_view json, const std::function<bool(std::uint64_t)>& is_kept) {
  auto report = parse_report(json);
  if (!report) return {};
  std::erase_if(report->receipts,
                [&](const Receipt& receipt) { return !is_kept(receipt.sequence); });
  return report->receipts.empty() ? std::string() : to_json(*report);
}

}  // namespace

bool LogFile::compact(std::uint32_t retain, std::uint64_t run_start, std::string& why) {
  const std::uint64_t kept = std::min<std::uint64_t>(retain, (purges_ + 1) / 2);
  std::uint64_t to_skip = purges_ - std::min(kept, purges_);
  std::uint64_t dropped_until = 0;
  VersionsKept versions;
  for_each([&](std::uint64_t sequence, std::string_view json) {
    if (sequence > 0 && is_version(json)) versions.note(sequence, json);
    if (sequence > 0 && is_purge(json) && to_skip > 0) {
      --to_skip;
      dropped_until = sequence;
    }
  });
  const std::set<std::uint64_t> versions_kept = versions.all();
  const auto is_kept = [&](std::uint64_t sequence) {
    return sequence > dropped_until || versions_kept.contains(sequence);
  };
  LogRewrite rewrite(path_);
  const std::uint64_t lost = std::max(lost_until_, dropped_until);
  rewrite.add({.json = header_json(id_, last_sequence_, lost)});
  const bool is_read = for_each([&](std::uint64_t sequence, std::string_view json) {
    if (sequence == 0) {
      const std::string rest = thinned(json, is_kept);
      if (!rest.empty()) rewrite.add({.is_report = true, .json = rest});
    } else if (is_purge(json)     ? sequence > dropped_until
               : is_version(json) ? versions_kept.contains(sequence)
               : is_count(json)   ? false  // whoever asked has the answer, or asks again
                                  : sequence >= run_start) {
      rewrite.add({.sequence = sequence, .json = json});
    }
  });
  const bool is_done = is_read && finish(rewrite, why);
  if (is_done) lost_until_ = lost;
  compact_above_ = size_ + size_ / 4;
  return is_done;
}

}  // namespace brink::purge
