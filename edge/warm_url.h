#pragma once
// A URL that somebody wants in the cache, as the request for it.

#include <optional>
#include <string>
#include <string_view>

namespace brink::edge {

struct WarmUrl {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case, without a default port
  std::string target;  // origin-form

  std::string text() const { return scheme + "://" + host + target; }
  std::size_t bytes() const { return scheme.size() + host.size() + target.size(); }
  friend bool operator==(const WarmUrl&, const WarmUrl&) = default;
};

// What a browser asks for when it is given `url`: no fragment, spaces, quotes, angle brackets and
// bytes beyond ASCII percent-encoded (WHATWG URL, the query percent-encode set). Empty when it is
// no absolute http or https URL, or has characters that belong into no request. The text may be
// anybody's.
std::optional<WarmUrl> parse_warm_url(std::string_view url);

}  // namespace brink::edge
