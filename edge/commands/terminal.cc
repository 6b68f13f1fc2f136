#include "edge/commands/terminal.h"

#include <algorithm>
#include <cstdio>
#include <string>

namespace brink::edge {

namespace {

bool write_all(std::FILE* to, std::string_view text) {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), to) == text.size();
  return std::fflush(to) == 0 && is_written;
}

}  // namespace

void announce(std::string_view text) {
  std::string line = "brink: ";
  line.append(text).push_back('\n');
  write_all(stderr, line);
}

bool print(std::string_view text) {
  return write_all(stdout, text);
}

void print_diagnostics(const config::LoadResult& result, Shown shown) {
  for (const config::Diagnostic& diagnostic : result.diagnostics) {
    if (shown != Shown::All && diagnostic.severity == config::Severity::Note) continue;
    write_all(stderr, config::to_string(diagnostic) + "\n");
  }
}

std::size_t count_of(const config::LoadResult& result, config::Severity severity) {
  const auto is_it = [severity](const config::Diagnostic& d) { return d.severity == severity; };
  const auto& all = result.diagnostics;
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_it));
}

}  // namespace brink::edge
