#pragma once
// What a purge is about (DESIGN.md section 6): exactly one way of naming responses, within one site
// or all of them.
//
// Texts that name URLs are compared without their scheme: "host[:port]/path?query". A node behind a
// TLS terminator stores under http:// what its users call https://, and a purge that misses for
// that reason is an incident.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brink::purge {

struct Selector {
  enum class Kind : std::uint8_t {
    Urls,     // each with all variants, slices and versions
    Tags,     // any of them, or all of them
    Prefix,   // of "host/path…"; of the path on every host when it begins with '/'
    Pattern,  // glob over the same text: '*' any characters, '?' one
    Regex,    // RE2, found anywhere in "scheme://host/path?query"
    Host,     // exact, lower case, without a default port
    All,
  };
  Kind kind = Kind::All;
  std::vector<std::string> values = {};  // Urls, Tags: the list. Prefix, Pattern, Regex, Host: one text
  bool match_all = false;           // Tags: only responses that carry all of them
  bool ignore_query = false;        // Urls: whatever follows '?'
  std::string site = {};            // a site's name; empty = every site

  friend bool operator==(const Selector&, const Selector&) = default;
};

// "url", "urls", "tags", "prefix", "pattern", "regex", "host", "all": the member that names it in JSON.
std::string_view to_string(Selector::Kind kind);

// "Shop.Example.com:443" → "shop.example.com". A port that is no default of http or https stays.
std::string normal_host(std::string_view host);

// "host[:port]/path?query" of an absolute http or https URL as the cache key has it: host in lower
// case, no default port, no fragment, "/" for an empty path. Empty when `url` is no such URL.
std::string url_without_scheme(std::string_view url);

}  // namespace brink::purge
