#pragma once
// What the made-up origin has: pages whose every sixteen bytes say which page, version and read of
// the origin they are from, so that a checker can tell of any part of any body how old it is.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/random.h"
#include "purge/record.h"

namespace brink::purgesim {

// One URL and what the origin does with it; fixed by the seed, but for its version.
struct Page {
  std::uint16_t number = 0;
  std::string host;  // of site "A": a.test and b.test; of site "B": c.test
  std::string target;
  std::string site;
  std::uint32_t version = 1;
  std::uint32_t max_age_s = 5;
  std::uint32_t swr_s = 0;
  std::uint32_t sie_s = 0;
  bool has_tag = true;    // an ETag
  bool lazy_tag = false;  // that stays although the content changes: a broken origin
  bool varied = false;    // by X-Flavour
  bool no_cache = false;  // stored, and validated each time
  bool no_store = false;
  bool large = false;    // stored in slices
  bool chunked = false;  // no Content-Length
  std::uint8_t tag_field = 0;

  std::string url() const { return "http://" + host + target; }
  std::string etag(std::uint32_t of_version, std::uint16_t flavour) const;
  std::size_t length(std::uint32_t of_version) const;
  // Those of a broken origin do not change either: parts of several versions would lie under the
  // tags of one.
  std::vector<std::string> tags(std::uint32_t of_version) const;
  // Whether its requests keep meeting a stored response: what liveness is asked of.
  bool is_plain() const { return !varied && !no_cache && !no_store && !large && max_age_s >= 60; }
};

std::vector<Page> make_pages(Random& random);

// Does `record`, a purge, name this content? Written without a look at purge/marks.cc.
bool matches(const purge::Record& record, const Page& page, std::uint32_t version);

struct Stamp {
  std::uint16_t page = 0;
  std::uint16_t flavour = 0;
  std::uint32_t version = 0;
  std::uint32_t serial = 0;  // which of the origin's reads, counted over the whole world
  std::uint32_t index = 0;   // its place in the body
};
constexpr std::size_t kStampBytes = 16;
static_assert(sizeof(Stamp) == kStampBytes);

std::string make_body(const Page& page, std::uint16_t flavour, std::uint32_t serial);
// REQUIRES: at least kStampBytes.
Stamp stamp_at(std::string_view bytes);

std::uint64_t number_of(std::string_view digits);  // of the digits in front

}  // namespace brink::purgesim
