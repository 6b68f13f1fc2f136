#include "config/loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/checks.h"
#include "config/file_text.h"
#include "config/reader.h"

namespace brink::config {

namespace {

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return "error";
    case Severity::Warning:
      return "warning";
    case Severity::Note:
      return "note";
  }
  return "error";
}

}  // namespace

bool LoadResult::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(),
                      [](const Diagnostic& d) { return d.severity == Severity::Error; });
}

LoadResult load_text(std::string_view text, const std::string& name) {
  LoadResult result;
  Findings findings;
  Places places;
  if (text.size() > kFileBytes) {
    findings.add(Severity::Error, {}, "", fmt::format("is larger than {} bytes", kFileBytes));
  } else {
    const YamlTree tree = parse_yaml(text);
    for (const YamlProblem& problem : tree.problems) {
      findings.add(Severity::Error, problem.at, "", problem.message);
    }
    if (tree.root) {
      read_options(*tree.root, result.options, places, findings);
      if (tree.root->kind == YamlNode::Kind::Map) {
        check_all({result.options, places, findings, name, SystemClock().now()});
      }
    }
  }
  result.diagnostics = findings.take(name);
  return result;
}

LoadResult load_file(const std::string& path) {
  const FileText file = read_file(path, /*only_regular=*/false);
  if (file.problem.empty()) return load_text(file.text, path);
  LoadResult result;
  result.diagnostics.push_back({Severity::Error, path, 0, 0, file.problem});
  return result;
}

std::string to_string(const Diagnostic& diagnostic) {
  std::string place = diagnostic.file;
  if (diagnostic.line > 0) place += fmt::format(":{}:{}", diagnostic.line, diagnostic.column);
  return fmt::format("{}: {}: {}", place, severity_name(diagnostic.severity), diagnostic.message);
}

}  // namespace brink::config
