#include "tests/sim/purge_checker.h"

#include <algorithm>
#include <map>

#include "edge/cache/storable.h"

namespace brink::purgesim {
namespace {

// What a site's version is after some records of the log.
struct Version {
  std::string now, before;
  std::uint32_t percent = 100;

  void set(const purge::Record& record) {
    if (percent >= 100 && now != record.version) before = now;
    now = record.version;
    percent = record.percent;
  }
};

}  // namespace

Checker::Checker(const World& world, const Answer& answer) : world_(world), answer_(answer) {}

std::string_view Checker::header(std::string_view name) const {
  std::string_view value;
  edge::cache::for_each_stored_field(answer_.head, [&](const Field& field) {
    if (iequals(field.name, name)) value = field.value;
    return value.empty();
  });
  return value;
}

// A node on the way says that it answered from what was stale, which the origin or the site allow;
// of a sliced response of which parts are missing only its lifetime says so.
bool Checker::says_stale() const {
  bool stale = false;
  edge::cache::for_each_stored_field(answer_.head, [&](const Field& field) {
    if (!iequals(field.name, "cache-status")) return true;
    const auto says = [&](std::string_view text) {
      return field.value.find(text) != std::string_view::npos;
    };
    const bool partly = says("fwd=partial") && (says("; ttl=0;") || says("; ttl=-"));
    stale = stale || says("detail=stale-") || partly;
    return !stale;
  });
  return stale;
}

std::uint64_t Checker::control(std::string_view directive) const {
  const std::string_view value = header("cache-control");
  const std::size_t at = value.find(directive);
  return at == std::string_view::npos ? 0 : number_of(value.substr(at + directive.size()));
}

std::string Checker::check() {
  const int status = answer_.status;
  const bool fail_closed = world_.settings.fenced == config::Fenced::Fail;
  if (answer_.fenced_at_once && fail_closed && status != 503)
    return "a fenced node answered, although it is to fail";
  if (status != 200 && status != 206 && status != 304) return {};
  if (header("cache-control").empty()) return "an answer without the origin's Cache-Control";
  validated_ = static_cast<std::uint32_t>(control("x-read="));
  if (std::string broken = read_stamps(); !broken.empty()) return broken;
  if (parts_.empty()) {
    const bool has_read = !header("x-read").empty();
    const std::uint64_t serial = has_read ? number_of(header("x-read")) : validated_;
    const std::uint64_t version = has_read ? number_of(header("x-version")) : control("x-version=");
    parts_.push_back({static_cast<std::uint32_t>(version), static_cast<std::uint32_t>(serial)});
  }
  for (auto promise : {&Checker::check_mix, &Checker::check_purges, &Checker::check_version}) {
    if (std::string broken = (this->*promise)(); !broken.empty()) return broken;
  }
  return {};
}

// Of a range as well: everything begins and ends where a stamp does.
std::string Checker::read_stamps() {
  std::string_view body = answer_.body;
  std::uint32_t index = 0;
  if (answer_.status == 206) {
    const std::string_view range = header("content-range");
    if (!range.starts_with("bytes ")) return "a 206 without Content-Range";
    index = static_cast<std::uint32_t>(number_of(range.substr(6)) / kStampBytes);
  }
  const bool varied = answer_.page->varied;
  for (; body.size() >= kStampBytes; body.remove_prefix(kStampBytes), ++index, ++stamps_) {
    const Stamp stamp = stamp_at(body);
    if (stamp.page != answer_.page->number) return "bytes of another page";
    if (stamp.index != index) return "bytes of another place";
    if (varied && stamp.flavour != answer_.flavour) return "bytes of another variant";
    const Origin from{stamp.version, stamp.serial};
    if (std::find(parts_.begin(), parts_.end(), from) == parts_.end()) parts_.push_back(from);
  }
  if (answer_.whole && !body.empty()) return "bytes that are no content";
  return {};
}

std::string Checker::check_mix() const {
  const Page& page = *answer_.page;
  if (page.lazy_tag) return {};  // what is put together is the origin's fault
  const std::uint32_t version = parts_.front().version;
  for (const Origin& part : parts_) {
    if (part.version != version)
      return "bytes of versions " + std::to_string(version) + " and " +
             std::to_string(part.version);
  }
  const bool whole = answer_.status == 200 && answer_.whole && !answer_.is_head;
  if (whole && stamps_ * kStampBytes != page.length(version)) {
    return "a whole answer of " + std::to_string(stamps_) + " stamps, of version " +
           std::to_string(version);
  }
  return {};
}

std::string Checker::check_purges() const {
  if (answer_.fenced && world_.settings.fenced == config::Fenced::Serve) return {};
  const auto& acknowledged = world_.log->acknowledged();
  for (std::size_t i = 0; i < answer_.acknowledged; ++i) {
    const Entry& entry = world_.log->at(acknowledged[i]);
    if (entry.record.kind != purge::Record::Kind::Purge) continue;
    for (const Origin& part : parts_) {
      if (std::string broken = check_purge(entry, part); !broken.empty()) return broken;
    }
  }
  return {};
}

// A node that does not trust its position has asked: what the origin then calls unchanged may be
// from before the purge, and a broken origin calls everything unchanged.
std::string Checker::check_purge(const Entry& entry, const Origin& part) const {
  const Page& page = *answer_.page;
  if (part.serial > entry.serial || !matches(entry.record, page, part.version)) return {};
  const bool is_current = part.version >= entry.versions[page.number];
  if (answer_.fenced && (is_current || page.lazy_tag)) return {};
  if (entry.record.soft) return check_soft(entry);
  return "content of read " + std::to_string(part.serial) + " (version " +
         std::to_string(part.version) + ") although purge " +
         std::to_string(entry.record.sequence) + " came after read " + std::to_string(entry.serial);
}

std::string Checker::check_soft(const Entry& entry) const {
  if (validated_ > entry.serial) return {};
  if (!says_stale()) {
    return "fresh by read " + std::to_string(validated_) + " although soft purge " +
           std::to_string(entry.record.sequence) + " came after read " +
           std::to_string(entry.serial);
  }
  const bool revalidating =
      header("cache-status").find("detail=stale-while-revalidate") != std::string_view::npos;
  // It may have been on its way here all that time.
  const Millis allowed = Seconds(answer_.page->swr_s + 20);
  if (revalidating && answer_.began > entry.applied_at + allowed)
    return "stale-while-revalidate long after soft purge " + std::to_string(entry.record.sequence);
  return {};
}

std::string Checker::check_version() const {
  if (answer_.fenced) return {};
  const std::uint32_t needed = needed_by_version();
  for (const Origin& part : parts_) {
    if (needed == 0 || part.serial > needed) continue;
    return "content of read " + std::to_string(part.serial) +
           " although its site has a version that began after read " + std::to_string(needed);
  }
  return {};
}

// Any version that a node may have had while it answered; the least demanding counts. A version's
// content cannot be older than the first record that named it.
std::uint32_t Checker::needed_by_version() const {
  using Kind = purge::Record::Kind;
  const LogModel& log = *world_.log;
  std::uint64_t sure = 0;
  const auto of_site = [&](const purge::Record& record) {
    return record.kind == Kind::Version && record.selector.site == answer_.page->site;
  };
  for (std::size_t i = 0; i < answer_.acknowledged; ++i) {
    const std::uint64_t sequence = log.acknowledged()[i];
    if (of_site(log.at(sequence).record)) sure = std::max(sure, sequence);
  }
  if (sure == 0) return 0;
  std::map<std::string, std::uint32_t> first = {{"", 0}};
  std::uint32_t needed = UINT32_MAX;
  Version version;
  for (std::uint64_t s = 1; s <= answer_.appended; ++s) {
    const Entry& entry = log.at(s);
    if (!of_site(entry.record)) continue;
    first.try_emplace(entry.record.version, entry.serial);
    version.set(entry.record);
    if (s < sure) continue;
    needed = std::min(needed, first[version.now]);
    if (version.percent < 100) needed = std::min(needed, first[version.before]);
  }
  return needed;
}

}  // namespace brink::purgesim
