// `brink serve`: one node, from its configuration file to its last request.

#include <memory>
#include <string>

#include "config/loader.h"
#include "edge/commands/commands.h"
#include "edge/commands/process.h"
#include "edge/commands/terminal.h"
#include "edge/node.h"

namespace brink::edge {

namespace {

// "0.0.0.0:0" and 41234 → "0.0.0.0:41234".
std::string with_port(const std::string& address, std::uint16_t port) {
  return address.substr(0, address.rfind(':') + 1) + std::to_string(port);
}

void announce_ports(const Node& node, const config::Options& options) {
  const std::vector<std::uint16_t> ports = node.ports();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    announce("listening on " + with_port(options.listen[i].address, ports[i]) + " (listen[" +
             std::to_string(i) + "])");
  }
  if (node.admin_port() != 0) {
    announce("admin on " + with_port(options.admin.address, node.admin_port()));
  }
}

// Reads the file again. False with a sentence when it, or the node, refuses; all its mistakes are
// on standard error.
bool reload(Node& node, const std::string& path, std::string& message) {
  const config::LoadResult loaded = config::load_file(path);
  const std::size_t errors = print_diagnostics(loaded);
  if (!loaded.ok()) {
    for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
      if (diagnostic.severity == config::Severity::Error) {
        message = config::to_string(diagnostic);
        break;
      }
    }
    if (errors > 1) message += " (and " + std::to_string(errors - 1) + " more)";
    return false;
  }
  return node.reload(loaded.options, message);
}

void announce_reload(Node& node, const std::string& path) {
  std::string message;
  if (reload(node, path, message)) {
    announce("reloaded");
  } else {
    announce("reload refused: " + message);
  }
}

}  // namespace

int run_serve(const ServeArguments& arguments) {
  const config::LoadResult loaded = config::load_file(arguments.config);
  print_diagnostics(loaded);
  if (!loaded.ok()) return kUsage;
  Signals signals;
  raise_descriptor_limit();
  const SystemClock clock;
  std::string message;
  const std::unique_ptr<Node> node = Node::start(loaded.options, clock, message);
  if (node == nullptr) {
    announce(message);
    return kFailed;
  }
  announce_ports(*node, loaded.options);
  announce("ready");
  while (signals.wait() == Wanted::Reload)
    announce_reload(*node, arguments.config);
  announce("stopping; a second signal ends at once");
  signals.exit_on_next();
  node->stop();
  return kDone;
}

}  // namespace brink::edge
