#include "edge/cache/invalidation.h"

#include <algorithm>
#include <array>

#include "edge/cache/key.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

// A URI reference in its parts (RFC 3986 §4.1, appendix B), without fragment.
struct Reference {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view query;  // with its '?'
  bool has_scheme = false;
  bool has_authority = false;
};

bool is_scheme(std::string_view text) {
  return !text.empty() && is_alpha(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

Reference split(std::string_view text) {
  Reference out;
  text = text.substr(0, text.find('#'));
  const std::size_t colon = text.find_first_of(":/?");
  if (colon != std::string_view::npos && text[colon] == ':' && is_scheme(text.substr(0, colon))) {
    out.has_scheme = true;
    out.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    out.has_authority = true;
    out.authority = text.substr(0, end);
    text.remove_prefix(end);
  }
  const std::size_t query = std::min(text.find('?'), text.size());
  out.path = text.substr(0, query);
  out.query = text.substr(query);
  return out;
}

// RFC 3986 §5.2.4, for a path that begins with '/'.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") out.resize(std::min(out.rfind('/'), out.size()));
      if (path.empty()) out.push_back('/');
    } else {
      out += segment;
    }
  }
  return out;
}

// RFC 3986 §5.2.2 within one origin.
std::string resolve_path(const Reference& reference, std::string_view request_target) {
  const std::size_t query = std::min(request_target.find('?'), request_target.size());
  const std::string_view base = request_target.substr(0, query);
  if (reference.path.empty() && !reference.has_authority) {
    return std::string{base}.append(reference.query.empty() ? request_target.substr(query)
                                                            : reference.query);
  }
  std::string path;
  if (!reference.path.starts_with('/')) {
    const std::size_t slash = base.rfind('/');
    const bool relative = !reference.has_authority && slash != std::string_view::npos;
    path = relative ? std::string{base.substr(0, slash + 1)} : "/";
  }
  path += reference.path;
  return remove_dot_segments(path).append(reference.query);
}

}  // namespace

bool is_safe_method(std::string_view method) {
  constexpr std::array<std::string_view, 4> kSafe = {"GET", "HEAD", "OPTIONS", "TRACE"};
  return std::find(kSafe.begin(), kSafe.end(), method) != kSafe.end();
}

bool invalidates(std::string_view method, int status) {
  return status >= 200 && status < 400 && !is_safe_method(method);
}

std::string resolve_same_origin(std::string_view scheme, std::string_view host,
                                std::string_view request_target, std::string_view reference) {
  reference = trim_ows(reference);
  if (!request_target.starts_with('/')) return {};
  const Reference parts = split(reference);
  if (parts.has_scheme && (!iequals(parts.scheme, scheme) || !parts.has_authority)) return {};
  if (parts.has_authority &&
      !iequals(without_default_port(scheme, parts.authority), without_default_port(scheme, host))) {
    return {};
  }
  // A space or a control character is in no URI; a byte beyond ASCII may be, as origins send them.
  const auto junk = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  if (std::any_of(reference.begin(), reference.end(), junk)) return {};
  return resolve_path(parts, request_target);
}

InvalidationTargets invalidation_targets(std::string_view scheme, std::string_view host,
                                         std::string_view request_target, Fields response) {
  const auto target = [&](std::string_view name) {
    const std::string_view reference = single_value(response, name);
    return reference.empty() ? std::string{}
                             : resolve_same_origin(scheme, host, request_target, reference);
  };
  return {target("location"), target("content-location")};
}

}  // namespace brink::edge::cache
