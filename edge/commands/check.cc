// `brink check`: says everything that is wrong with a configuration, and explains the keys.

#include "config/loader.h"
#include "edge/commands/commands.h"
#include "edge/commands/terminal.h"

namespace brink::edge {

namespace {

int explain(const std::string& key) {
  const std::string text = config::explain_key(key);
  if (text.empty()) {
    announce("check: no key '" + key + "'; `brink check --explain` lists all of them");
    return kUsage;
  }
  return print(text) ? kDone : kFailed;
}

std::string counted(std::size_t n, const std::string& noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

}  // namespace

int run_check(const CheckArguments& arguments) {
  if (arguments.markdown) return print(config::reference_page()) ? kDone : kFailed;
  if (arguments.explain) return explain(*arguments.explain);
  const config::LoadResult loaded = config::load_file(arguments.config);
  const std::size_t errors = print_diagnostics(loaded);
  if (!loaded.ok()) {
    announce("check: " + arguments.config + ": " + counted(errors, "error"));
    return kUsage;
  }
  const std::size_t warnings = loaded.diagnostics.size() - errors;
  const std::string summary = arguments.config + ": good (" +
                              counted(loaded.options.listen.size(), "listener") + ", " +
                              counted(loaded.options.sites.size(), "site") +
                              (warnings > 0 ? ", " + counted(warnings, "warning") : "") + ")\n";
  return print(summary) ? kDone : kFailed;
}

}  // namespace brink::edge
