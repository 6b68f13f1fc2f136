#include "edge/cache/key.h"

#include <xxhash.h>

#include <algorithm>

#include "config/runtime/fields.h"
#include "config/runtime/random.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

// Host characters that would let "a/b" + "/c" and "a" + "/b/c" become one key. The framing gate
// refuses such hosts; the key does not rely on it. Escapes are upper-case, and a host is
// lower-case: no other host reads the same.
constexpr bool needs_escape(char c) {
  return c <= ' ' || c == '/' || c == '?' || c == '#' || c == '@' || c == '\\' || c == 0x7f;
}

void append_host(std::string_view host, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  if (std::none_of(host.begin(), host.end(), needs_escape)) [[likely]] {
    append_lower(host, out);
    return;
  }
  for (const char c : host) {
    if (needs_escape(c)) {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    } else {
      out.push_back(ascii_lower(c));
    }
  }
}

}  // namespace

std::string_view without_default_port(std::string_view scheme, std::string_view authority) {
  if (authority.ends_with(':')) return authority.substr(0, authority.size() - 1);
  const std::string_view port = iequals(scheme, "https") ? ":443" : ":80";
  return authority.ends_with(port) ? authority.substr(0, authority.size() - port.size())
                                   : authority;
}

std::uint64_t hash_key(std::string_view text) {
  static const std::uint64_t kSeed = secure_random();
  return XXH3_64bits_withSeed(text.data(), text.size(), kSeed);
}

CacheKey make_cache_key(const KeyInput& input, std::string& buffer) {
  buffer.clear();
  if (!input.version.empty()) {
    buffer.append(input.version);
    buffer.push_back(' ');
  }
  for (const char c : input.scheme)
    buffer.push_back(ascii_lower(c));
  buffer.append("://");
  append_host(without_default_port(input.scheme, input.host), buffer);
  std::string_view target = input.target;
  if (input.ignore_query) target = target.substr(0, target.find('?'));
  // An empty path is "/" (RFC 9110 §4.2.3); "*" is set apart from the host by a space, which no
  // host has.
  if (target.empty() || target.front() == '?') {
    buffer.push_back('/');
  } else if (target.front() != '/') {
    buffer.push_back(' ');
  }
  buffer.append(target);
  return make_cache_key_of_text(buffer);
}

CacheKey make_cache_key_of_text(std::string_view text) {
  return {text, hash_key(text)};
}

}  // namespace brink::edge::cache
