#include "edge/warm_url.h"

#include <algorithm>

#include "config/runtime/fields.h"
#include "purge/selector.h"

namespace brink::edge {

namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
         c == ':' || c == '[' || c == ']';
}

// False for what a browser drops or refuses.
bool append_encoded(unsigned char c, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr unsigned char kDelete = 0x7f;
  if (c < ' ' || c == kDelete) return false;
  if (c == ' ' || c == '"' || c == '<' || c == '>' || c > kDelete) {
    out.push_back('%');
    out.push_back(kHex[c >> 4U]);
    out.push_back(kHex[c & 15U]);
  } else {
    out.push_back(static_cast<char>(c));
  }
  return true;
}

}  // namespace

std::optional<WarmUrl> parse_warm_url(std::string_view url) {
  const std::string rest = purge::url_without_scheme(url);
  if (rest.empty()) return std::nullopt;
  WarmUrl out;
  out.scheme = iequals(url.substr(0, url.find(':')), "https") ? "https" : "http";
  const std::size_t path = rest.find('/');
  out.host = rest.substr(0, path);
  if (!std::all_of(out.host.begin(), out.host.end(), is_host_character)) return std::nullopt;
  for (const char c : std::string_view(rest).substr(path)) {
    if (!append_encoded(static_cast<unsigned char>(c), out.target)) return std::nullopt;
  }
  return out;
}

}  // namespace brink::edge
