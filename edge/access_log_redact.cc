#include <algorithm>

#include "config/runtime/fields.h"
#include "edge/access_log_line.h"

namespace brink::edge {

namespace {

constexpr std::string_view kHidden = "\xe2\x80\xa6";  // "…"

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The name as the origin will read it: "%74oken" is "token".
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_triplet = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                            hex_digit(text[i + 2]) >= 0;
    if (!is_triplet) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
    i += 2;
  }
  return out;
}

bool is_named(std::string_view name, const std::vector<std::string>& names) {
  const std::string decoded = percent_decoded(name);
  return std::any_of(names.begin(), names.end(), [&](const std::string& wanted) {
    return wanted == "*" || iequals(decoded, wanted);
  });
}

// Returns whether the value was hidden.
bool append_parameter(std::string& out, std::string_view parameter,
                      const std::vector<std::string>& names) {
  const std::size_t equals = parameter.find('=');
  const bool has_value = equals != std::string_view::npos && equals + 1 < parameter.size();
  const bool hides_all = std::find(names.begin(), names.end(), "*") != names.end();
  if (equals == std::string_view::npos && hides_all && !parameter.empty()) {
    out.append(kHidden);
    return true;
  }
  if (has_value && is_named(parameter.substr(0, equals), names)) {
    out.append(parameter.substr(0, equals + 1)).append(kHidden);
    return true;
  }
  out.append(parameter);
  return false;
}

}  // namespace

// Some servers separate parameters with ';' too. So a name is looked for behind either, but a
// hidden value ends only at '&': "token=abc;def" must not show "def".
void append_redacted_target(std::string& out, std::string_view target,
                            const std::vector<std::string>& names) {
  const std::size_t query = target.find('?');
  if (names.empty() || query == std::string_view::npos) {
    out.append(target);
    return;
  }
  out.append(target.substr(0, query + 1));
  target.remove_prefix(query + 1);
  for (;;) {
    std::size_t end = target.find_first_of("&;");
    if (append_parameter(out, target.substr(0, end), names)) end = target.find('&');
    if (end == std::string_view::npos) return;
    out.push_back(target[end]);
    target.remove_prefix(end + 1);
  }
}

}  // namespace brink::edge
