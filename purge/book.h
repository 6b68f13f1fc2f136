#pragma once
// What a node knows of the deployment from the log: which purges there were, who is in it, who has
// applied what (DESIGN.md section 4.5).
//
// A record waits for every member whose Join came before it. A member has applied it when its
// receipt says so, or any report of the same run with applied >= sequence: a lost receipt holds
// nobody up. A dry run waits for what each has counted, which only a receipt says. Whoever left is not waited for. This node is always waited for.
//
// Pure but for its own state; `now` is an argument. One thread at a time.
// Bounds: `retain` records of at most kBookBytes together, kBookNodes nodes, kBookSites sites; the
// oldest records go first, further nodes and sites are not kept.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/runtime/clock.h"
#include "purge/log.h"
#include "purge/record.h"
#include "purge/site_version.h"
#include "purge/wait.h"

namespace brink::purge {

inline constexpr std::size_t kBookBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kBookNodes = 4'096;
inline constexpr std::size_t kBookSites = 10'000;
inline constexpr std::size_t kEarlyReceipts = 10'000;  // of records that have not come yet

struct Member {
  std::string node, pop, role, instance;
  std::uint64_t joined = 0;   // its Join's sequence
  std::uint64_t applied = 0;  // by its last report
  bool fenced = true;         // ditto
  Ticks heard{};              // when that came
};

// A node beside one record.
struct NodeReceipt {
  std::string node, pop;
  bool is_applied = false;
  std::optional<std::uint32_t> applied_ms;  // empty: outstanding, or only its position is known
  std::optional<std::uint64_t> responses, bytes;
  PreviewPtr preview;
};

class Book {
 public:
  Book(std::uint32_t retain, std::string self, std::string self_pop);

  // False for a purge or version whose id is known already: it is not to be applied again.
  bool add(const Record& record, Ticks now);
  void note(const Report& report, Ticks now);
  void note_self(std::uint64_t applied);  // this node's own position, before anybody reports it

  std::optional<std::uint64_t> find(std::string_view id) const;  // its sequence
  std::optional<Record> record(std::uint64_t sequence) const;
  // Purges and versions in the log's order: the first `limit` after `after`, or the last `limit` of all.
  std::vector<Record> records_after(std::uint64_t after, std::size_t limit) const;
  std::vector<Record> last_records(std::size_t limit) const;

  // Members that it waits for and whoever sent a receipt, by name.
  std::vector<NodeReceipt> receipts(std::uint64_t sequence) const;
  // None: as All.
  bool is_done(std::uint64_t sequence, Wait wait) const;

  const std::map<std::string, Member, std::less<>>& members() const { return members_; }
  // Not heard of for longer than `most`, this node left out.
  std::vector<Member> silent(Ticks now, Millis most) const;
  void hear_all(Ticks now);  // nobody could be heard until now
  SiteVersion version(std::string_view site) const;
  std::uint64_t head() const { return head_; }  // highest sequence seen

 private:
  struct Given {
    std::uint32_t node;  // index into nodes_
    Receipt receipt;
  };
  struct Entry {
    std::uint64_t sequence;
    std::string id;
    std::string text;  // the record's JSON: a tenth of a Record's size in memory
    std::vector<Given> receipts;
    bool is_count = false;
    std::size_t bytes() const;
  };
  struct NodeName {
    std::string node, pop;
  };

  void change_members(const Record& record, Ticks now);
  void keep(const Record& record);
  void give(Entry& entry, const Given& given);
  std::optional<std::uint32_t> node_index(const Report& report);
  const Entry* entry(std::uint64_t sequence) const;
  bool has_receipt(const Entry* entry, const std::string& node) const;
  static bool says_done(const Entry& entry, const Receipt& receipt);
  bool is_applied(const Member& member, std::uint64_t sequence, const Entry* entry) const;

  const std::uint32_t retain_;
  const std::string self_, self_pop_;
  std::uint64_t self_applied_ = 0;
  std::uint64_t head_ = 0;
  std::deque<Entry> entries_;  // by sequence
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, std::uint64_t> by_id_;
  std::map<std::string, Member, std::less<>> members_;
  std::vector<NodeName> nodes_;
  std::unordered_map<std::string, std::uint32_t> node_indices_;
  std::multimap<std::uint64_t, Given> early_;
  std::map<std::string, SiteVersion, std::less<>> versions_;
};

}  // namespace brink::purge
