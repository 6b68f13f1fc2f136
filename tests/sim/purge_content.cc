#include "tests/sim/purge_content.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace brink::purgesim {
namespace {

constexpr std::size_t kPages = 9;

std::string without_scheme(std::string_view url) {
  const std::size_t at = url.find("://");
  return std::string(at == std::string_view::npos ? url : url.substr(at + 3));
}

// One '*' at most.
bool glob_fits(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  const std::string_view before = pattern.substr(0, star);
  const std::string_view behind = pattern.substr(star + 1);
  return text.size() >= before.size() + behind.size() && text.starts_with(before) &&
         text.ends_with(behind);
}

bool tags_fit(const purge::Selector& selector, const std::vector<std::string>& tags) {
  const auto has = [&](const std::string& tag) {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  };
  return selector.match_all ? std::all_of(selector.values.begin(), selector.values.end(), has)
                            : std::any_of(selector.values.begin(), selector.values.end(), has);
}

}  // namespace

std::string Page::etag(std::uint32_t of_version, std::uint16_t flavour) const {
  if (!has_tag) return {};
  const std::string kind = varied ? std::string(1, static_cast<char>('a' + flavour)) : "";
  return "\"" + kind + "v" + std::to_string(lazy_tag ? 0 : of_version) + "\"";
}

// The same for all versions of a broken origin's: only so can parts of several be put together.
std::size_t Page::length(std::uint32_t of_version) const {
  const std::size_t salt = lazy_tag ? number : number + 3 * std::size_t{of_version};
  const std::size_t stamps = large ? 100 + salt * 7 % 180 : 2 + salt % 37;
  return stamps * kStampBytes;
}

std::vector<std::string> Page::tags(std::uint32_t of_version) const {
  std::vector<std::string> out = {"t" + std::to_string(number % 4)};
  if (number % 3 == 0) out.push_back("wide");
  if (!lazy_tag && number % 2 == 0) out.push_back("v" + std::to_string(of_version % 3));
  return out;
}

std::vector<Page> make_pages(Random& random) {
  constexpr std::array kHosts = {"a.test", "b.test", "c.test"};
  std::vector<Page> out;
  for (std::uint16_t i = 0; i < kPages; ++i) {
    Page page;
    page.number = i;
    page.host = kHosts[i % kHosts.size()];
    page.site = i % kHosts.size() == 2 ? "B" : "A";
    page.target = std::string(i % 2 ? "/odd" : "/even") + "/p" + std::to_string(i);
    page.max_age_s = static_cast<std::uint32_t>(random.chance(0.6) ? 60 : random.below(8));
    page.swr_s = random.chance(0.4) ? 4 : 0;
    page.sie_s = random.chance(0.4) ? 20 : 0;
    page.has_tag = random.chance(0.85);
    page.lazy_tag = random.chance(0.35);
    page.varied = random.chance(0.2);
    page.no_cache = random.chance(0.12);
    page.no_store = random.chance(0.04);
    page.large = random.chance(0.3);
    page.chunked = random.chance(0.3);
    page.tag_field = static_cast<std::uint8_t>(random.below(4));
    out.push_back(std::move(page));
  }
  return out;
}

bool matches(const purge::Record& record, const Page& page, std::uint32_t version) {
  using Kind = purge::Selector::Kind;
  const purge::Selector& selector = record.selector;
  if (!selector.site.empty() && selector.site != page.site) return false;
  const std::string text = page.host + page.target;
  const auto where = [&](const std::string& value) {
    return value.starts_with('/') ? page.target : text;
  };
  switch (selector.kind) {
    case Kind::Urls:
      return std::any_of(selector.values.begin(), selector.values.end(),
                         [&](const std::string& url) { return without_scheme(url) == text; });
    case Kind::Tags:
      return tags_fit(selector, page.tags(version));
    case Kind::Prefix:
      return where(selector.values[0]).starts_with(selector.values[0]);
    case Kind::Pattern:
      return glob_fits(selector.values[0], where(selector.values[0]));
    case Kind::Host:
      return selector.values[0] == page.host;
    case Kind::Regex:
      return false;  // not made here
    case Kind::All:
      break;
  }
  return true;
}

std::string make_body(const Page& page, std::uint16_t flavour, std::uint32_t serial) {
  std::string out(page.length(page.version), '\0');
  Stamp stamp{page.number, flavour, page.version, serial, 0};
  for (std::size_t at = 0; at < out.size(); at += kStampBytes, ++stamp.index)
    std::memcpy(out.data() + at, &stamp, kStampBytes);
  return out;
}

Stamp stamp_at(std::string_view bytes) {
  Stamp stamp;
  std::memcpy(&stamp, bytes.data(), kStampBytes);
  return stamp;
}

std::uint64_t number_of(std::string_view digits) {
  std::uint64_t out = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') break;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return out;
}

}  // namespace brink::purgesim
