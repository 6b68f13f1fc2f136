#pragma once
// Reads a configuration file: strict, and all mistakes at once.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"

namespace brink::config {

enum class Severity : std::uint8_t {
  Error,    // the file is refused
  Warning,  // probably not what was meant; the file is used
  Note,     // a recommendation for `brink check`; of no interest at start or reload
};

// One mistake (or one recommendation), where it is and what was expected.
struct Diagnostic {
  Severity severity = Severity::Error;
  std::string file;
  std::size_t line = 0;    // 1-based; 0 = the file as a whole
  std::size_t column = 0;  // 1-based
  std::string message;     // "sites[0].origin.servers[0]: expected http://host:port, found "foo""
};

struct LoadResult {
  Options options;                      // meaningful only when ok()
  std::vector<Diagnostic> diagnostics;  // in file order
  bool ok() const;                      // no Error among them
};

// Reads and checks `path`. Never throws: an unreadable file is a diagnostic. Reads the files and
// environment variables that the configuration names (certificates, keys, tokens).
LoadResult load_file(const std::string& path);

// The same for a text; `name` stands for the file in diagnostics.
LoadResult load_text(std::string_view text, const std::string& name);

// "shop.yaml:12:5: error: sites[0].host: unknown key; did you mean 'hosts'?"
std::string to_string(const Diagnostic& diagnostic);

// The reference page in Markdown: every key with type, default, range and meaning.
std::string reference_page();

// The same for a terminal; `key` ("cache.memory", "sites[].origin") narrows it, empty = all.
// An unknown key gives an empty string.
std::string explain_key(std::string_view key);

}  // namespace brink::config
