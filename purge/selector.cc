#include "purge/selector.h"

#include "config/runtime/fields.h"

namespace brink::purge {

std::string_view to_string(Selector::Kind kind) {
  switch (kind) {
    case Selector::Kind::Urls:
      return "urls";
    case Selector::Kind::Tags:
      return "tags";
    case Selector::Kind::Prefix:
      return "prefix";
    case Selector::Kind::Pattern:
      return "pattern";
    case Selector::Kind::Regex:
      return "regex";
    case Selector::Kind::Host:
      return "host";
    case Selector::Kind::All:
      return "all";
  }
  return "all";
}

std::string normal_host(std::string_view host) {
  for (const std::string_view port : {":80", ":443"}) {
    if (host.ends_with(port)) host.remove_suffix(port.size());
  }
  std::string out;
  for (const char c : host) out.push_back(ascii_lower(c));
  return out;
}

std::string url_without_scheme(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return {};
  const std::string_view scheme = url.substr(0, scheme_end);
  const bool is_secure = iequals(scheme, "https");
  if (!is_secure && !iequals(scheme, "http")) return {};
  std::string_view rest = url.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t host_end = rest.find_first_of("/?");
  std::string_view host = rest.substr(0, host_end);
  const std::string_view target =
      host_end == std::string_view::npos ? std::string_view{} : rest.substr(host_end);
  const std::string_view default_port = is_secure ? ":443" : ":80";
  if (host.ends_with(default_port)) host.remove_suffix(default_port.size());
  if (host.ends_with(':')) host.remove_suffix(1);
  if (host.empty() || host.find_first_of(" @\\") != std::string_view::npos) return {};
  std::string out;
  for (const char c : host) out.push_back(ascii_lower(c));
  if (!target.starts_with('/')) out.push_back('/');
  return out.append(target);
}

}  // namespace brink::purge
