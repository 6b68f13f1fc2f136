#include "purge/marks.h"

#include <re2/re2.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "config/glob.h"
#include "config/runtime/error.h"
#include "config/runtime/fields.h"
#include "config/runtime/random.h"

namespace brink::purge {
namespace {

enum class Named : std::uint64_t { Tag = 1, Group, Url, UrlAnyQuery, Host, All };

std::uint64_t seed() {
  static const std::uint64_t kSeed = secure_random();
  return kSeed;
}

std::uint64_t hash_of(Named kind, std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(),
                              seed() + static_cast<std::uint64_t>(kind) * 0x9e3779b97f4a7c15ULL);
}

// The same name within one site.
std::uint64_t within(std::uint64_t name, std::string_view site) {
  return site.empty() ? name : XXH3_64bits_withSeed(site.data(), site.size(), name);
}

std::string_view host_of(std::string_view url) {
  return url.substr(0, url.find('/'));
}

std::string_view without_scheme(std::string_view text) {
  const std::size_t at = text.find("://");
  return at == std::string_view::npos ? text : text.substr(at + 3);
}

// Of a prefix or pattern; a '/' in front means that it names no host.
std::string with_lower_host(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '/') break;
    c = ascii_lower(c);
  }
  return out;
}

bool is_matcher(const Selector& selector) {
  using Kind = Selector::Kind;
  return selector.kind == Kind::Prefix || selector.kind == Kind::Pattern ||
         selector.kind == Kind::Regex ||
         (selector.kind == Kind::Tags && selector.match_all && selector.values.size() > 1);
}

// Host and path of a URL purge, query kept or not.
void names_of_urls(const Selector& selector, std::vector<std::uint64_t>& out) {
  for (const std::string& value : selector.values) {
    const std::string url = url_without_scheme(value);
    if (url.empty()) continue;
    const std::string_view path = std::string_view(url).substr(0, url.find('?'));
    out.push_back(selector.ignore_query ? hash_of(Named::UrlAnyQuery, path)
                                        : hash_of(Named::Url, url));
  }
}

std::vector<std::uint64_t> names_of(const Selector& selector) {
  std::vector<std::uint64_t> out;
  switch (selector.kind) {
    case Selector::Kind::Urls:
      names_of_urls(selector, out);
      break;
    case Selector::Kind::Tags:
      for (const std::string& tag : selector.values) {
        out.push_back(hash_tag(tag));
        out.push_back(hash_group(tag));
      }
      break;
    case Selector::Kind::Host:
      for (const std::string& host : selector.values) out.push_back(hash_of(Named::Host, host));
      break;
    default:
      out.push_back(hash_of(Named::All, {}));
  }
  for (std::uint64_t& name : out) name = within(name, selector.site);
  return out;
}

template <class F>
void for_each_tag(std::string_view packed, F&& f) {
  for (std::uint64_t hash = 0; packed.size() >= sizeof(hash); packed.remove_prefix(sizeof(hash))) {
    std::memcpy(&hash, packed.data(), sizeof(hash));
    f(hash);
  }
}

void raise(std::atomic<std::uint64_t>& at, std::uint64_t value) {
  std::uint64_t seen = at.load(std::memory_order_relaxed);
  while (seen < value && !at.compare_exchange_weak(seen, value, std::memory_order_release)) {
  }
}

void note(Verdict& verdict, bool soft, std::uint64_t sequence, TimePoint at) {
  using Is = Verdict::Is;
  if (!soft) {
    verdict.sequence = verdict.is == Is::Gone ? std::max(verdict.sequence, sequence) : sequence;
    verdict.is = Is::Gone;
  } else if (verdict.is == Is::Untouched || (verdict.is == Is::Stale && at < verdict.stale_since)) {
    verdict = {Is::Stale, sequence, at};
  }
}

}  // namespace

struct Marks::Matcher {
  std::uint64_t sequence = 0;
  TimePoint applied_at{};
  Selector::Kind kind = Selector::Kind::Prefix;
  bool soft = false;
  std::string site;
  std::string text;
  std::shared_ptr<const re2::RE2> regex;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> tags;  // as a tag, as a group

  bool fits(const Subject& subject) const;
  bool fits_tags(std::string_view has) const;
};

std::uint64_t hash_tag(std::string_view tag) { return hash_of(Named::Tag, tag); }
std::uint64_t hash_group(std::string_view name) { return hash_of(Named::Group, name); }

std::string_view uri_of_key(std::string_view key_text) {
  const std::size_t at = key_text.find("://");
  if (at == std::string_view::npos) return {};
  return key_text.substr(key_text.rfind(' ', at) + 1);  // a version stands before
}

bool Marks::Matcher::fits_tags(std::string_view has) const {
  return std::all_of(tags.begin(), tags.end(), [&](const auto& tag) {
    bool found = false;
    for_each_tag(has, [&](std::uint64_t h) { found = found || h == tag.first || h == tag.second; });
    return found;
  });
}

bool Marks::Matcher::fits(const Subject& subject) const {
  if (!site.empty() && site != subject.site) return false;
  const std::string_view url = without_scheme(subject.uri);
  const std::string_view where = text.starts_with('/') ? url.substr(host_of(url).size()) : url;
  switch (kind) {
    case Selector::Kind::Prefix:
      return where.starts_with(text);
    case Selector::Kind::Pattern:
      return glob_matches(text, where);
    case Selector::Kind::Regex:
      return re2::RE2::PartialMatch(re2::StringPiece(subject.uri.data(), subject.uri.size()),
                                    *regex);
    default:
      return fits_tags(subject.tags);
  }
}

Marks::Marks(std::uint32_t max_matchers)
    : max_matchers_(max_matchers),
      filter_(std::make_unique<std::array<std::atomic<std::uint64_t>, kFilter>>()),
      matchers_(std::make_shared<const std::vector<Matcher>>()) {}

Marks::~Marks() = default;

bool Marks::apply(const Record& record, TimePoint now) {
  CHECK(record.kind == Record::Kind::Purge);
  raise(last_, record.sequence);
  if (is_matcher(record.selector)) {
    if (add_matcher(record, now)) return true;
    forget(record.sequence);
    return false;
  }
  for (const std::uint64_t name : names_of(record.selector)) mark(name, record, now);
  return true;
}

void Marks::mark(std::uint64_t name, const Record& record, TimePoint now) {
  Stripe& stripe = stripes_[name % kStripes];
  {
    const std::lock_guard lock(stripe.mutex);
    Mark& mark = stripe.marks[name];
    if (!record.soft) {
      mark.gone = std::max(mark.gone, record.sequence);
    } else {
      mark.stale = std::max(mark.stale, record.sequence);
      mark.stale_since = now;
    }
  }
  raise((*filter_)[(name >> 32U) % kFilter], record.sequence);
}

bool Marks::has_room_for(const Record& record) const {
  return !is_matcher(record.selector) || matchers() < max_matchers_;
}

bool Marks::add_matcher(const Record& record, TimePoint now) {
  const auto old = matchers_now();
  if (old->size() >= max_matchers_) return false;
  const Selector& selector = record.selector;
  Matcher matcher;
  matcher.sequence = record.sequence;
  matcher.applied_at = now;
  matcher.kind = selector.kind;
  matcher.soft = record.soft;
  matcher.site = selector.site;
  if (selector.kind == Selector::Kind::Tags) {
    for (const std::string& tag : selector.values)
      matcher.tags.emplace_back(hash_tag(tag), hash_group(tag));
  } else if (selector.kind == Selector::Kind::Regex) {
    matcher.regex = std::make_shared<const re2::RE2>(selector.values.at(0), re2::RE2::Quiet);
    if (!matcher.regex->ok()) return false;  // refused where it was issued; matches too much here
  } else {
    matcher.text = with_lower_host(without_scheme(selector.values.at(0)));
  }
  auto next = std::make_shared<std::vector<Matcher>>(*old);
  next->push_back(std::move(matcher));
  {
    const std::lock_guard lock(matchers_mutex_);
    matchers_ = std::move(next);
  }
  raise(last_matcher_, record.sequence);
  return true;
}

std::shared_ptr<const std::vector<Marks::Matcher>> Marks::matchers_now() const {
  const std::lock_guard lock(matchers_mutex_);
  return matchers_;
}

Verdict Marks::check(const Subject& subject, std::uint64_t as_of) const {
  Verdict verdict;
  const std::string_view url = without_scheme(subject.uri);
  const auto look_both = [&](std::uint64_t name) {
    look(name, as_of, verdict);
    if (!subject.site.empty()) look(within(name, subject.site), as_of, verdict);
  };
  look_both(hash_of(Named::All, {}));
  look_both(hash_of(Named::Url, url));
  look_both(hash_of(Named::UrlAnyQuery, url.substr(0, url.find('?'))));
  look_both(hash_of(Named::Host, host_of(url)));
  for_each_tag(subject.tags, look_both);
  if (last_matcher_.load(std::memory_order_acquire) > as_of)
    look_at_matchers(subject, as_of, verdict);
  // Last: whoever found a mark missing because it was forgotten sees here that it was.
  if (const std::uint64_t floor = forgotten(); as_of < floor) {
    return {Verdict::Is::Gone, floor, {}};
  }
  return verdict;
}

void Marks::look(std::uint64_t name, std::uint64_t as_of, Verdict& verdict) const {
  if ((*filter_)[(name >> 32U) % kFilter].load(std::memory_order_acquire) <= as_of) return;
  const Stripe& stripe = stripes_[name % kStripes];
  const std::lock_guard lock(stripe.mutex);
  const auto it = stripe.marks.find(name);
  if (it == stripe.marks.end()) return;
  const Mark& mark = it->second;
  if (mark.gone > as_of) note(verdict, false, mark.gone, {});
  if (mark.stale > as_of) note(verdict, true, mark.stale, mark.stale_since);
}

void Marks::look_at_matchers(const Subject& subject, std::uint64_t as_of, Verdict& verdict) const {
  const auto matchers = matchers_now();
  for (auto it = matchers->rbegin(); it != matchers->rend() && it->sequence > as_of; ++it) {
    if (it->fits(subject)) note(verdict, it->soft, it->sequence, it->applied_at);
  }
}

void Marks::forget(std::uint64_t sequence) {
  if (sequence <= forgotten()) return;
  raise(forgotten_, sequence);
  for (Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    std::erase_if(stripe.marks, [&](const auto& item) {
      return std::max(item.second.gone, item.second.stale) <= sequence;
    });
  }
  const auto old = matchers_now();
  auto next = std::make_shared<std::vector<Matcher>>();
  std::copy_if(old->begin(), old->end(), std::back_inserter(*next),
               [&](const Matcher& matcher) { return matcher.sequence > sequence; });
  if (next->size() == old->size()) return;
  const std::lock_guard lock(matchers_mutex_);
  matchers_ = std::move(next);
}

void Marks::lose(std::uint64_t sequence) {
  raise(last_, sequence);
  forget(sequence);
}

std::size_t Marks::size() const {
  std::size_t total = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    total += stripe.marks.size();
  }
  return total;
}

std::size_t Marks::matchers() const { return matchers_now()->size(); }

}  // namespace brink::purge
