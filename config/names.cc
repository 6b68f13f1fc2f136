#include "config/names.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/findings.h"
#include "config/runtime/fields.h"
#include "config/suggest.h"
#include "config/units.h"

namespace brink::config {

namespace {

constexpr std::size_t kNameBytes = 63;
constexpr std::size_t kTextBytes = 2'048;

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool all_of(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alnum(c) || extra.find(c) != std::string_view::npos;
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_port(std::string_view text, std::uint64_t least) {
  const auto port = parse_count(text);
  return port && *port >= least && *port <= 65'535;
}

template <std::size_t N>
bool parses_as(int family, std::string_view text) {
  std::array<unsigned char, N> bytes{};
  return text.size() < 64 && ::inet_pton(family, std::string(text).c_str(), bytes.data()) == 1;
}

bool is_v4(std::string_view text) {
  return parses_as<4>(AF_INET, text);
}
bool is_v6(std::string_view text) {
  return parses_as<16>(AF_INET6, text);
}

// RFC 1123 host names, and '_' because container names have it. All digits and dots is an address.
bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  if (text.find_first_not_of("0123456789.") == std::string_view::npos) return is_v4(text);
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view label = text.substr(begin, end - begin);
    if (label.empty() || label.size() > kNameBytes || !all_of(label, "-_")) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    begin = end + 1;
  }
  return true;
}

std::string found(std::string_view expected, std::string_view text, std::string_view fix = {}) {
  std::string out = fmt::format("expected {}, found {}", expected, quote(text));
  if (!fix.empty()) out.append("; ").append(fix);
  return out;
}

// Why a host name is none, in words, for the mistakes people make.
std::string host_fix(std::string_view text) {
  if (text.find("://") != std::string_view::npos) return "leave out the scheme (http://)";
  if (text.find('/') != std::string_view::npos) return "leave out the path";
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<signed char>(c) < 0; })) {
    return "write an internationalised name in its xn-- form";
  }
  if (text.size() > 1 && text.back() == '.') return "leave out the dot at the end";
  return {};
}

std::string server_fix(std::string_view rest, std::string_view scheme) {
  if (rest.find('@') != std::string_view::npos) return "credentials do not belong in a URL";
  const std::size_t path = rest.find_first_of("/?#");
  const auto before = split_host_port(rest.substr(0, path));
  if (path != std::string_view::npos && before && is_host_name(before->host) &&
      (before->port.empty() || is_port(before->port, 1))) {
    return fmt::format("write {}{}: the path is the client's", scheme, rest.substr(0, path));
  }
  return is_v6(rest) ? fmt::format("write {}[{}]", scheme, rest) : std::string();
}

std::string problem_in_url(std::string_view text, const std::array<std::string_view, 3>& schemes,
                           std::string_view expected) {
  for (std::string_view scheme : schemes) {
    if (scheme.empty() || text.substr(0, scheme.size()) != scheme) continue;
    const std::string_view rest = text.substr(scheme.size());
    const auto parts = split_host_port(rest);
    const bool is_host =
        parts && (rest.front() == '[' ? is_v6(parts->host) : is_host_name(parts->host));
    if (is_host && (parts->port.empty() || is_port(parts->port, 1))) return {};
    return found(expected, text, server_fix(rest, scheme));
  }
  if (text.find("://") != std::string_view::npos) return found(expected, text);
  return found(expected, text, fmt::format("begin with {}", schemes.front()));
}

}  // namespace

std::optional<HostPort> split_host_port(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && (rest.front() != ':' || rest.size() == 1)) return std::nullopt;
    return HostPort{text.substr(1, close - 1), rest.empty() ? rest : rest.substr(1)};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return HostPort{text, {}};
  if (colon + 1 == text.size() || text.find(':', colon + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return HostPort{text.substr(0, colon), text.substr(colon + 1)};
}

HostPort server_host_port(std::string_view url) {
  const std::size_t scheme = url.find("://");
  HostPort parts = split_host_port(url.substr(scheme + 3)).value_or(HostPort{});
  if (parts.port.empty()) parts.port = url.substr(0, scheme) == "https" ? "443" : "80";
  return parts;
}

std::string problem_in_name(std::string_view text) {
  if (!text.empty() && text.size() <= kNameBytes && all_of(text, "._-")) return {};
  return found("a name of 1 to 63 letters, digits, '.', '_' or '-'", text);
}

std::string problem_in_listen_address(std::string_view text) {
  constexpr std::string_view kExpected = "an address and port such as 0.0.0.0:8080 or [::]:8080";
  const auto parts = split_host_port(text);
  const bool is_bracketed = !text.empty() && text.front() == '[';
  if (parts && is_port(parts->port, 0)) {
    if (is_bracketed ? is_v6(parts->host) : is_v4(parts->host)) return {};
    if (parts->host == "localhost")
      return found(kExpected, text, fmt::format("write 127.0.0.1:{}", parts->port));
    if (parts->host.empty() || parts->host == "*") {
      return found(kExpected, text, fmt::format("write 0.0.0.0:{} for all addresses", parts->port));
    }
    return found(kExpected, text, "names are not looked up here, write the IP address");
  }
  if (is_port(text, 0))
    return found(kExpected, text, fmt::format("write 0.0.0.0:{} for all addresses", text));
  if (is_v4(text)) return found(kExpected, text, "add the port");
  if (is_v6(text)) return found(kExpected, text, fmt::format("write [{}] and the port", text));
  return found(kExpected, text, parts && !parts->port.empty() ? "a port is 0 to 65535" : "");
}

std::string problem_in_admin_address(std::string_view text) {
  if (text == "none" || text.empty()) return {};
  return problem_in_listen_address(text);
}

std::string problem_in_cidr(std::string_view text) {
  constexpr std::string_view kExpected = "a network such as 10.0.0.0/8 or fd00::/8";
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const bool v4 = is_v4(address);
  if (!v4 && !is_v6(address)) return found(kExpected, text);
  const unsigned width = v4 ? 32 : 128;
  if (slash == std::string_view::npos) {
    return found(kExpected, text, fmt::format("write {}/{} for this one address", text, width));
  }
  const auto bits = parse_count(text.substr(slash + 1));
  if (!bits || *bits > width) {
    return found(kExpected, text, fmt::format("the prefix length is 0 to {}", width));
  }
  std::array<unsigned char, 16> bytes{};
  ::inet_pton(v4 ? AF_INET : AF_INET6, std::string(address).c_str(), bytes.data());
  bool has_host_bits = false;
  for (std::size_t bit = *bits; bit < width; ++bit) {
    const auto mask = static_cast<unsigned char>(0x80U >> (bit % 8));
    has_host_bits = has_host_bits || (bytes[bit / 8] & mask) != 0;
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] & ~mask);
  }
  if (!has_host_bits) return {};
  std::array<char, INET6_ADDRSTRLEN> network{};
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data(), network.data(), network.size());
  return found(kExpected, text, fmt::format("the network is {}/{}", network.data(), *bits));
}

std::string problem_in_server_url(std::string_view text) {
  return problem_in_url(text, {"http://", "https://", "http+h2c://"},
                        "http://host:port, https://host:port or http+h2c://host:port");
}

std::string problem_in_nats_url(std::string_view text) {
  constexpr std::string_view kExpected =
      "nats://host:port or tls://host:port, several with commas between them";
  if (text.find('@') != std::string_view::npos) {  // not quoted: it may hold a password
    return fmt::format(
        "expected {}, without user and password; write them as user and password_env", kExpected);
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view url = trim_ows(text.substr(begin, end - begin));
    if (std::string problem = problem_in_url(url, {"nats://", "tls://", ""}, kExpected);
        !problem.empty())
      return problem;
    begin = end + 1;
  }
  return {};
}

std::string problem_in_host_name(std::string_view text) {
  if (is_host_name(text) || is_v6(text)) return {};
  return found("a host name such as shop.example.com", text, host_fix(text));
}

std::string problem_in_host(std::string_view text) {
  const auto parts = split_host_port(text);
  if (parts && (parts->port.empty() || is_port(parts->port, 1)) &&
      (text.front() == '[' ? is_v6(parts->host) : is_host_name(parts->host))) {
    return {};
  }
  return found("a host such as shop.example.com or shop.example.com:8080", text, host_fix(text));
}

std::string problem_in_host_pattern(std::string_view text) {
  constexpr std::string_view kExpected =
      "a host such as shop.example.com, \"*.example.com\" or \"*\"";
  if (text == "*" || is_host_name(text)) return {};
  if (text.size() > 2 && text.front() == '[' && text.back() == ']' &&
      is_v6(text.substr(1, text.size() - 2))) {
    return {};
  }
  const std::string_view suffix = text.substr(std::min<std::size_t>(2, text.size()));
  if (text.substr(0, 2) == "*." && is_host_name(suffix)) return {};
  if (suffix.find('*') != std::string_view::npos || (!text.empty() && text.front() == '*')) {
    return found(kExpected, text, "a '*' stands alone or for the first labels only");
  }
  const auto parts = split_host_port(text);
  if (parts && is_port(parts->port, 0) && is_host_name(parts->host)) {
    return found(kExpected, text, fmt::format("write {}: any port matches", parts->host));
  }
  return found(kExpected, text, host_fix(text));
}

std::string problem_in_path_glob(std::string_view text) {
  constexpr std::string_view kExpected = "a path pattern such as /images/* or *.css";
  if (text.size() > kTextBytes) return found(kExpected, text, "it is longer than 2048 bytes");
  if (text.empty() || (text.front() != '/' && text.front() != '*')) {
    return found(kExpected, text, text.empty() ? "" : "begin with '/' or '*'");
  }
  if (!is_visible(text)) return found(kExpected, text, "write other characters percent-encoded");
  if (text.find_first_of("[]{}^\\|<>\"`#") != std::string_view::npos) {
    return found(kExpected, text,
                 "only '*' (any characters) and '?' (one) are special, and no path holds this");
  }
  return {};
}

std::string problem_in_url_path(std::string_view text) {
  if (!text.empty() && text.size() <= kTextBytes && text.front() == '/' && is_visible(text) &&
      text.find('#') == std::string_view::npos) {
    return {};
  }
  return found("a path such as /healthz", text);
}

std::string problem_in_key_pin(std::string_view text) {
  constexpr std::string_view kScheme = "sha256//";
  constexpr std::size_t kHashText = 44;  // base64 of 32 bytes
  const std::string_view hash = text.substr(std::min(kScheme.size(), text.size()));
  if (text.starts_with(kScheme) && hash.size() == kHashText && hash.back() == '=' &&
      all_of(hash.substr(0, kHashText - 1), "+/")) {
    return {};
  }
  return found("sha256// and the base64 of a public key's SHA-256 (44 characters)", text,
               "make one with: openssl x509 -in cert.pem -noout -pubkey | openssl pkey -pubin "
               "-outform der | openssl dgst -sha256 -binary | base64");
}

std::string problem_in_variable(std::string_view text) {
  if (!text.empty() && text.size() <= kTextBytes && all_of(text, "_") &&
      (text.front() < '0' || text.front() > '9')) {
    return {};
  }
  std::string_view inner = text;
  if (inner.substr(0, 1) == "$") inner.remove_prefix(1);
  if (inner.size() > 2 && inner.front() == '{' && inner.back() == '}')
    inner = inner.substr(1, inner.size() - 2);
  const bool is_reference = inner.size() < text.size() && !inner.empty() && all_of(inner, "_");
  return found("the name of an environment variable", text,
               is_reference ? fmt::format("write {} alone", inner) : "");
}

std::string problem_in_log_target(std::string_view text) {
  constexpr std::array<std::string_view, 3> kWords = {"none", "stdout", "stderr"};
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return {};
  if (text.size() > 1 && text.front() == '/') return problem_in_file_name(text);
  const std::string_view meant = closest(text, kWords);
  return found("none, stdout, stderr or a file's full path", text,
               meant.empty() ? "" : fmt::format("did you mean {}?", meant));
}

std::string problem_in_query_name(std::string_view text) {
  if (!text.empty() && text.size() <= kTextBytes && is_visible(text) &&
      text.find_first_of("&=#?") == std::string_view::npos) {
    return {};
  }
  return found("a query parameter's name such as token, or \"*\" for all", text);
}

std::string problem_in_nats_subject(std::string_view text) {
  constexpr std::size_t kSubjectBytes = 255;
  bool is_fine = !text.empty() && text.size() <= kSubjectBytes && is_visible(text);
  for (std::size_t begin = 0; is_fine && begin <= text.size();) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view token = text.substr(begin, end - begin);
    const bool has_wildcard = token.find_first_of("*>") != std::string_view::npos;
    is_fine = !token.empty() && (!has_wildcard || token.size() == 1) &&
              (token != ">" || end == text.size());
    begin = end + 1;
  }
  if (is_fine && text.front() != '$') return {};
  return found(
      "a NATS subject such as shop.public.products, with * for one token and > at the end "
      "for all that follow",
      text);
}

std::string problem_in_event_value(std::string_view text) {
  constexpr std::size_t kValueBytes = 256;
  if (!text.empty() && text.size() <= kValueBytes) return {};
  return found(fmt::format("a value of 1 to {} bytes", kValueBytes), text);
}

std::string problem_in_file_name(std::string_view text) {
  if (!text.empty() && text.size() <= kTextBytes && text.find('\0') == std::string_view::npos)
    return {};
  return found("a file's path", text);
}

std::string problem_in_absolute_file_name(std::string_view text) {
  if (!text.empty() && text.front() == '/') return problem_in_file_name(text);
  return found("a file's full path, beginning with '/'", text);
}

// `other` is read as a text in which its own '*' can only be taken by a '*' of `glob`, and its '?'
// by either: then whatever it stands for is taken too.
bool glob_covers(std::string_view glob, std::string_view other) {
  std::size_t g = 0;
  std::size_t o = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (o < other.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      retry = o;
    } else if (g < glob.size() && ((glob[g] == '?' && other[o] != '*') || glob[g] == other[o])) {
      ++g;
      ++o;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      o = ++retry;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*')
    ++g;
  return g == glob.size();
}

bool is_loopback(std::string_view address) {
  const auto parts = split_host_port(address);
  if (!parts) return true;
  return parts->host == "::1" || parts->host == "localhost" ||
         (is_v4(parts->host) && parts->host.substr(0, 4) == "127.");
}

}  // namespace brink::config
