#pragma once
// Lines of the embedded log's file (log_file.h) as text; pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brink::purge {

struct LogLine {
  std::uint64_t sequence = 0;
  bool is_report = false;
  std::string_view json;  // of the text it was read from
};

// Appends "SEQUENCE CHECKSUM JSON\n", or "- CHECKSUM JSON\n" for a report.
void append_line(std::string& out, const LogLine& line);
// `text` without its line end. Nothing when it is damaged.
std::optional<LogLine> read_line(std::string_view text);

// The kind comes first in what to_json() writes, so this looks at the beginning only.
bool is_purge(std::string_view record_json);
bool is_version(std::string_view record_json);
bool is_count(std::string_view record_json);

}  // namespace brink::purge
