// links: brink_flow
// Sitemaps and the URLs in them: however the text comes in pieces, it says the same, within the
// limits.
#include "edge/sitemap.h"
#include "edge/warm_url.h"
#include "fuzz_input.h"

namespace {

using namespace brink;
using namespace brink::edge;

constexpr SitemapLimits kLimits{.bytes = 64 * 1024, .locations = 20, .text_bytes = 1'000};

Sitemap read(std::string_view text, std::size_t piece) {
  SitemapReader reader(kLimits);
  while (!text.empty() && reader.take(text.substr(0, piece)))
    text.remove_prefix(std::min(piece, text.size()));
  return reader.end();
}

void check_location(const std::string& location) {
  CHECK(!location.empty() && location.size() <= kSitemapLocationBytes);
  const auto url = parse_warm_url(location);
  if (!url) return;
  CHECK(url->target.starts_with('/') && !url->host.empty());
  for (const char c : url->text())
    CHECK(c > ' ' && c < '\x7f');
  CHECK(parse_warm_url(url->text()) == url);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  const Sitemap whole = read(text, text.size() + 1);
  const Sitemap pieces = read(text, 3);
  CHECK(whole.error.empty() == pieces.error.empty());
  CHECK(whole.truncated == pieces.truncated);
  if (whole.error.empty())
    CHECK(whole.locations == pieces.locations && whole.skipped == pieces.skipped);
  CHECK(whole.locations.size() <= kLimits.locations);
  for (const std::string& location : whole.locations)
    check_location(location);
  check_location("x" + std::string(text.substr(0, 100)));
  return 0;
}
