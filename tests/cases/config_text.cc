#include "tests/cases/config_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace brink::tests::cases {
namespace {

template <class F>
void each_line(std::string_view text, F&& f) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    f(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

// The same YAML, moved so that its outermost keys stand at `indent`.
std::string indented(const std::string& yaml, std::size_t indent) {
  std::size_t least = std::string::npos;
  each_line(yaml, [&](std::string_view line) {
    const std::size_t first = line.find_first_not_of(' ');
    if (first != std::string_view::npos) least = std::min(least, first);
  });
  std::string out;
  each_line(yaml, [&](std::string_view line) {
    if (line.find_first_not_of(' ') == std::string_view::npos) return;
    out += std::string(indent, ' ') + std::string(line.substr(least)) + "\n";
  });
  return out;
}

std::string section(const std::vector<ConfigPart>& parts, const std::string& role,
                    std::string_view name, std::size_t indent) {
  std::string out;
  for (const ConfigPart& part : parts) {
    if (part.section == name && (part.role.empty() || part.role == role))
      out += indented(part.yaml, indent);
  }
  return out;
}

bool has_key(const std::string& yaml, std::string_view key) {
  bool found = false;
  each_line(yaml, [&](std::string_view line) {
    const std::size_t first = std::min(line.size(), line.find_first_not_of(" -"));
    found = found || line.substr(first).starts_with(key);
  });
  return found;
}

std::string site_text(const ConfigInput& input, const std::vector<ConfigPart>& parts) {
  const std::string whole = section(parts, input.role, "sites", 2);
  if (!whole.empty()) return whole;
  const std::string origin = section(parts, input.role, "origin", 6);
  const std::string site = section(parts, input.role, "site", 4);
  std::string out = "  - name: main\n";
  if (!has_key(site, "hosts:")) out += "    hosts: [\"*\"]\n";
  out += site + "    origin:\n";
  std::string servers;
  for (const std::string& server : input.upstreams) {
    servers += fmt::format("{}\"{}\"", servers.empty() ? "" : ", ", server);
  }
  if (!has_key(origin, "servers:")) out += fmt::format("      servers: [{}]\n", servers);
  return out + origin;
}

std::string tls_listener(const ConfigInput& input) {
  if (input.certificate.empty()) return {};
  return fmt::format("  - address: 127.0.0.1:0\n    tls: {{certificate: \"{}\", key: \"{}\"}}\n",
                     input.certificate, input.key);
}

}  // namespace

std::string compose_config(const ConfigInput& input, const std::vector<ConfigPart>& parts) {
  const std::string node = section(parts, input.role, "node", 2);
  const std::string top = section(parts, input.role, "top", 0);
  std::string out = "node:\n";
  if (!has_key(node, "name:")) out += fmt::format("  name: {}-1\n", input.role);
  out += fmt::format("  role: {}\n", input.role);
  if (!has_key(node, "workers:")) out += "  workers: 2\n";
  if (!has_key(node, "shutdown_grace:")) out += "  shutdown_grace: 5s\n";
  out += node;
  if (!has_key(top, "listen:")) out += "listen:\n  - address: 127.0.0.1:0\n" + tls_listener(input);
  if (!has_key(top, "admin:")) out += "admin:\n  address: 127.0.0.1:0\n";
  if (!has_key(top, "access_log:")) out += "access_log: none\n";
  if (!input.regional.empty() && !has_key(top, "tier:")) {
    out += fmt::format("tier:\n  regional: [\"{}\"]\n", input.regional);
  }
  return out + top + "sites:\n" + site_text(input, parts);
}

}  // namespace brink::tests::cases
