#include "purge/book.h"

#include <algorithm>
#include <utility>

namespace brink::purge {

Book::Book(std::uint32_t retain, std::string self, std::string self_pop)
    : retain_(std::max(retain, 1U)), self_(std::move(self)), self_pop_(std::move(self_pop)) {}

std::size_t Book::Entry::bytes() const {
  constexpr std::size_t kOverhead = 200;  // the entry itself, its place in by_id_
  return kOverhead + 2 * id.size() + text.size() + receipts.size() * sizeof(Given);
}

bool Book::add(const Record& record, Ticks now) {
  head_ = std::max(head_, record.sequence);
  if (record.kind == Record::Kind::Join || record.kind == Record::Kind::Leave) {
    change_members(record, now);
    return true;
  }
  if (by_id_.contains(record.id)) return false;
  keep(record);
  if (record.kind == Record::Kind::Version) {
    const std::string& site = record.selector.site;
    if (versions_.contains(site) || versions_.size() < kBookSites) versions_[site].apply(record);
  }
  return true;
}

void Book::change_members(const Record& record, Ticks now) {
  const auto it = members_.find(record.node);
  if (record.kind == Record::Kind::Leave) {
    if (it != members_.end() && it->second.instance == record.instance) members_.erase(it);
    return;
  }
  if (it == members_.end() && members_.size() >= kBookNodes) return;
  members_[record.node] = {.node = record.node,
                           .pop = record.pop,
                           .role = record.role,
                           .instance = record.instance,
                           .joined = record.sequence,
                           .applied = 0,
                           .fenced = true,
                           .heard = now};
}

void Book::keep(const Record& record) {
  Entry entry{record.sequence, record.id, to_json(record), {},
              record.kind == Record::Kind::Count};
  bytes_ += entry.bytes();
  by_id_.emplace(entry.id, entry.sequence);
  entries_.push_back(std::move(entry));
  const auto [first, last] = early_.equal_range(record.sequence);
  for (auto it = first; it != last; ++it)
    give(entries_.back(), it->second);
  early_.erase(early_.begin(), early_.upper_bound(record.sequence));
  while (entries_.size() > retain_ || (bytes_ > kBookBytes && entries_.size() > 1)) {
    bytes_ -= entries_.front().bytes();
    by_id_.erase(entries_.front().id);
    entries_.pop_front();
  }
}

std::optional<std::uint32_t> Book::node_index(const Report& report) {
  const auto it = node_indices_.find(report.node);
  if (it != node_indices_.end()) return it->second;
  if (nodes_.size() >= kBookNodes) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back({report.node, report.pop});
  node_indices_.emplace(report.node, index);
  return index;
}

// A later receipt of the same node completes an earlier one.
void Book::give(Entry& entry, const Given& given) {
  for (Given& known : entry.receipts) {
    if (known.node != given.node) continue;
    if (given.receipt.responses) known.receipt.responses = given.receipt.responses;
    if (given.receipt.bytes) known.receipt.bytes = given.receipt.bytes;
    if (given.receipt.preview) known.receipt.preview = given.receipt.preview;
    return;
  }
  bytes_ += sizeof(Given);
  entry.receipts.push_back(given);
}

void Book::note(const Report& report, Ticks now) {
  if (const auto it = members_.find(report.node);
      it != members_.end() && it->second.instance == report.instance) {
    it->second.applied = std::max(it->second.applied, report.applied);
    it->second.fenced = report.fenced;
    it->second.heard = now;
  }
  if (report.receipts.empty()) return;
  const auto index = node_index(report);
  if (!index) return;
  for (const Receipt& receipt : report.receipts) {
    if (const Entry* known = entry(receipt.sequence)) {
      give(const_cast<Entry&>(*known), {*index, receipt});
    } else if (receipt.sequence > head_ && early_.size() < kEarlyReceipts) {
      early_.emplace(receipt.sequence, Given{*index, receipt});
    }
  }
}

void Book::note_self(std::uint64_t applied) {
  self_applied_ = std::max(self_applied_, applied);
}

const Book::Entry* Book::entry(std::uint64_t sequence) const {
  const auto it = std::lower_bound(
      entries_.begin(), entries_.end(), sequence,
      [](const Entry& each, std::uint64_t wanted) { return each.sequence < wanted; });
  return it != entries_.end() && it->sequence == sequence ? &*it : nullptr;
}

std::optional<std::uint64_t> Book::find(std::string_view id) const {
  const auto it = by_id_.find(std::string(id));
  return it == by_id_.end() ? std::nullopt : std::optional(it->second);
}

std::optional<Record> Book::record(std::uint64_t sequence) const {
  const Entry* found = entry(sequence);
  if (found == nullptr) return std::nullopt;
  auto parsed = parse_record(found->text, sequence);
  return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

std::vector<Record> Book::records_after(std::uint64_t after, std::size_t limit) const {
  std::vector<Record> out;
  auto it = std::upper_bound(
      entries_.begin(), entries_.end(), after,
      [](std::uint64_t wanted, const Entry& each) { return wanted < each.sequence; });
  for (; it != entries_.end() && out.size() < limit; ++it) {
    if (it->is_count) continue;
    if (auto parsed = parse_record(it->text, it->sequence)) out.push_back(std::move(*parsed));
  }
  return out;
}

std::vector<Record> Book::last_records(std::size_t limit) const {
  std::uint64_t after = head_;
  std::size_t found = 0;
  for (auto it = entries_.rbegin(); it != entries_.rend() && found < limit; ++it) {
    if (it->is_count) continue;
    after = it->sequence - 1;
    ++found;
  }
  return records_after(after, limit);
}

bool Book::says_done(const Entry& entry, const Receipt& receipt) {
  return !entry.is_count || receipt.responses.has_value();
}

bool Book::has_receipt(const Entry* entry, const std::string& node) const {
  if (entry == nullptr) return false;
  return std::any_of(entry->receipts.begin(), entry->receipts.end(),
                     [&](const Given& given) {
                       return nodes_[given.node].node == node && says_done(*entry, given.receipt);
                     });
}

bool Book::is_applied(const Member& member, std::uint64_t sequence, const Entry* entry) const {
  if (entry != nullptr && entry->is_count) return has_receipt(entry, member.node);
  const std::uint64_t applied =
      member.node == self_ ? std::max(member.applied, self_applied_) : member.applied;
  return applied >= sequence || has_receipt(entry, member.node);
}

std::vector<NodeReceipt> Book::receipts(std::uint64_t sequence) const {
  const Entry* found = entry(sequence);
  std::map<std::string, NodeReceipt> by_name;
  for (const auto& [name, member] : members_) {
    if (member.joined < sequence)
      by_name[name] = {name, member.pop, is_applied(member, sequence, found), {}, {}, {}, {}};
  }
  if (found != nullptr) {
    for (const Given& given : found->receipts) {
      const NodeName& name = nodes_[given.node];
      const Receipt& receipt = given.receipt;
      by_name[name.node] = {name.node,         name.pop,          says_done(*found, receipt),
                            receipt.applied_ms, receipt.responses, receipt.bytes,
                            receipt.preview};
    }
  }
  std::vector<NodeReceipt> out;
  for (auto& [name, receipt] : by_name)
    out.push_back(std::move(receipt));
  return out;
}

bool Book::is_done(std::uint64_t sequence, Wait wait) const {
  const Entry* found = entry(sequence);
  const bool is_count = found != nullptr && found->is_count;
  if (is_count ? !has_receipt(found, self_) : self_applied_ < sequence) return false;
  if (wait == Wait::Node) return true;
  return std::all_of(members_.begin(), members_.end(), [&](const auto& each) {
    const Member& member = each.second;
    const bool is_waited_for =
        member.joined < sequence && (wait != Wait::Pop || member.pop == self_pop_);
    return !is_waited_for || is_applied(member, sequence, found);
  });
}

std::vector<Member> Book::silent(Ticks now, Millis most) const {
  std::vector<Member> out;
  for (const auto& [name, member] : members_) {
    if (name != self_ && now - member.heard > most) out.push_back(member);
  }
  return out;
}

void Book::hear_all(Ticks now) {
  for (auto& [name, member] : members_)
    member.heard = now;
}

SiteVersion Book::version(std::string_view site) const {
  const auto it = versions_.find(site);
  return it == versions_.end() ? SiteVersion{} : it->second;
}

}  // namespace brink::purge
