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

std::string summary(const config::LoadResult& loaded) {
  std::string out = counted(loaded.options.listen.size(), "listener") + ", " +
                    counted(loaded.options.sites.size(), "site");
  const std::size_t warnings = count_of(loaded, config::Severity::Warning);
  const std::size_t notes = count_of(loaded, config::Severity::Note);
  if (warnings > 0) out += ", " + counted(warnings, "warning");
  if (notes > 0) out += ", " + counted(notes, "note");
  return out;
}

}  // namespace

int run_check(const CheckArguments& arguments) {
  if (arguments.markdown) return print(config::reference_page()) ? kDone : kFailed;
  if (arguments.explain) return explain(*arguments.explain);
  const config::LoadResult loaded = config::load_file(arguments.config);
  print_diagnostics(loaded, Shown::All);
  if (!loaded.ok()) {
    announce("check: " + arguments.config + ": " +
             counted(count_of(loaded, config::Severity::Error), "error"));
    return kUsage;
  }
  return print(arguments.config + ": good (" + summary(loaded) + ")\n") ? kDone : kFailed;
}

}  // namespace brink::edge
