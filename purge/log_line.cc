#include "purge/log_line.h"

#include <fmt/format.h>
#include <xxhash.h>


#include "purge/decimal.h"

namespace brink::purge {

namespace {

constexpr std::size_t kChecksumDigits = 16;

std::string checksum_of(std::string_view number, std::string_view json) {
  std::string text;
  text.reserve(number.size() + 1 + json.size());
  text.append(number).append(" ").append(json);
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

}  // namespace

void append_line(std::string& out, const LogLine& line) {
  const std::string number = line.is_report ? "-" : std::to_string(line.sequence);
  out.append(number).append(" ").append(checksum_of(number, line.json));
  out.append(" ").append(line.json).append("\n");
}

std::optional<LogLine> read_line(std::string_view text) {
  const std::size_t space = text.find(' ');
  const std::size_t json_at = space + kChecksumDigits + 2;
  if (space == std::string_view::npos || text.size() <= json_at || text[json_at - 1] != ' ') {
    return std::nullopt;
  }
  LogLine out;
  const std::string_view number = text.substr(0, space);
  out.json = text.substr(json_at);
  out.is_report = number == "-";
  if (!out.is_report) {
    const auto sequence = parse_decimal(number);
    if (!sequence) return std::nullopt;
    out.sequence = *sequence;
  }
  if (text.substr(space + 1, kChecksumDigits) != checksum_of(number, out.json)) return std::nullopt;
  return out;
}

bool is_purge(std::string_view json) {
  return json.starts_with(R"({"kind":"purge")");
}
bool is_version(std::string_view json) {
  return json.starts_with(R"({"kind":"version")");
}
bool is_count(std::string_view json) {
  return json.starts_with(R"({"kind":"count")");
}

}  // namespace brink::purge
