#include "edge/commands/terminal.h"

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

std::size_t print_diagnostics(const config::LoadResult& result) {
  std::size_t errors = 0;
  for (const config::Diagnostic& diagnostic : result.diagnostics) {
    write_all(stderr, config::to_string(diagnostic) + "\n");
    if (diagnostic.severity == config::Severity::Error) ++errors;
  }
  return errors;
}

}  // namespace brink::edge
