#pragma once
// Sitemaps (sitemaps.org 0.9), read as they come: the <loc> of each <url>, or of each <sitemap> of
// an index. XML in UTF-8, UTF-16, Latin-1 or ASCII; gzip is recognised by its first bytes, as a
// file or as a content coding.
//
// The text is the network's. Expat parses it; what a sitemap has no use for is refused: a document
// type (and with it every entity but XML's own five), nesting deeper than kSitemapDepth, a token
// larger than kSitemapTokenBytes. Elements of other vocabularies (images, videos, languages) are
// passed over.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/warm_ask.h"

namespace brink::edge {

inline constexpr std::size_t kSitemapLocationBytes = 2'048;  // longer ones are skipped
inline constexpr std::size_t kSitemapTokenBytes = 256 * 1024;
inline constexpr std::size_t kSitemapDepth = 16;

struct SitemapLimits {
  std::uint64_t bytes = 0;     // uncompressed; more is an error
  std::size_t locations = 0;   // what is beyond is left out: `truncated`
  std::size_t text_bytes = 0;  // of all locations, ditto
};

// What one sitemap says.
struct Sitemap {
  bool is_index = false;
  std::vector<std::string> locations = {};  // as written, white space around them removed
  std::uint64_t skipped = 0;                // empty, or too long
  bool truncated = false;
  std::uint64_t bytes = 0;  // uncompressed
  std::string error = {};   // not empty: it is none, or not to its end
};

// One thread at a time.
class SitemapReader final : public WarmBody {
 public:
  explicit SitemapReader(const SitemapLimits& limits);
  ~SitemapReader() override;
  // False: no more is wanted, since it is broken or has more than the limits allow.
  bool take(std::string_view bytes) override;
  // The body has ended; call once.
  Sitemap end();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace brink::edge
