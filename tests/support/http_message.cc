#include "tests/support/http_message.h"

#include <array>
#include <charconv>
#include <ctime>

#include "config/runtime/fields.h"

namespace brink::tests {
namespace {

// Calls `f(part)` for the parts of `text` between `separator`s that stand outside quoted strings.
template <class F>
void split_unquoted(std::string_view text, char separator, F&& f) {
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && quoted && text[i] == '\\') {
      ++i;
      continue;
    }
    if (i < text.size() && text[i] == '"') quoted = !quoted;
    if (i < text.size() && (text[i] != separator || quoted)) continue;
    f(trim_ows(text.substr(begin, i - begin)));
    begin = i + 1;
  }
}

}  // namespace

std::string_view HttpMessage::start_part(std::size_t index) const {
  std::string_view line(head);
  line = line.substr(0, line.find("\r\n"));
  for (std::size_t i = 0; i < index; ++i) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return {};
    line.remove_prefix(space + 1);
  }
  return line.substr(0, line.find(' '));
}

int HttpMessage::status() const {
  const std::string_view text = start_part(1);
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::size_t HttpMessage::count(std::string_view name) const {
  std::size_t n = 0;
  for (const auto& field : fields)
    n += iequals(field.first, name) ? 1 : 0;
  return n;
}

std::optional<std::string> HttpMessage::field(std::string_view name) const {
  std::optional<std::string> joined;
  for (const auto& field : fields) {
    if (!iequals(field.first, name)) continue;
    joined = joined ? *joined + ", " + field.second : field.second;
  }
  return joined;
}

bool parse_fields(std::string_view lines, std::vector<std::pair<std::string, std::string>>& out,
                  std::string& why) {
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    if (line.empty()) return true;
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) {
      why = "field line without a name: " + std::string(line);
      return false;
    }
    if (line.find_first_of("\r\n") != std::string_view::npos || line.front() == ' ') {
      why = "bare CR, bare LF or folding in: " + std::string(line);
      return false;
    }
    out.emplace_back(line.substr(0, colon), trim_ows(line.substr(colon + 1)));
  }
  return true;
}

std::optional<std::string> CacheStatusMember::parameter(std::string_view key) const {
  for (const auto& [known, value] : parameters) {
    if (known == key) return value;
  }
  return std::nullopt;
}

std::vector<CacheStatusMember> parse_cache_status(std::string_view value) {
  std::vector<CacheStatusMember> members;
  split_unquoted(value, ',', [&](std::string_view text) {
    CacheStatusMember member;
    split_unquoted(text, ';', [&](std::string_view part) {
      if (member.name.empty()) {
        member.name = part;
        return;
      }
      const std::size_t equals = part.find('=');
      std::string_view content = "true";
      if (equals != std::string_view::npos) content = part.substr(equals + 1);
      if (content.size() >= 2 && content.front() == '"' && content.back() == '"') {
        content = content.substr(1, content.size() - 2);
      }
      member.parameters.emplace_back(part.substr(0, equals), content);
    });
    members.push_back(std::move(member));
  });
  return members;
}

std::string http_date(std::int64_t seconds, DateForm form) {
  constexpr std::array kForms = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                 "%a %b %e %H:%M:%S %Y"};
  const auto when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  std::array<char, 64> text{};
  const char* format = kForms.at(static_cast<std::size_t>(form));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const std::size_t length = std::strftime(text.data(), text.size(), format, &parts);
#pragma GCC diagnostic pop
  return {text.data(), length};
}

}  // namespace brink::tests
