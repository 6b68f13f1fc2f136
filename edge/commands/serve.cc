// `brink serve`: one node, from its configuration file to its last request.

#include <memory>
#include <mutex>
#include <string>
#include <utility>

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

// The node with the file it came from: reloads it for SIGHUP (main thread) and for POST /v1/reload
// (admin thread).
class Reloader {
 public:
  explicit Reloader(std::string path) : path_(std::move(path)) {}

  void set_node(Node* node) {
    const std::lock_guard lock(mutex_);
    node_ = node;
  }

  // Announces what became of it. False and why in `message` when the file or the node refuses; all
  // mistakes of the file are on standard error then.
  bool reload(std::string& message) {
    const std::lock_guard lock(mutex_);
    const bool is_done =
        node_ == nullptr ? (message = "the node is starting or stopping", false) : load(message);
    announce(is_done ? "reloaded" : "reload refused: " + message);
    return is_done;
  }

 private:
  bool load(std::string& message) {
    const config::LoadResult loaded = config::load_file(path_);
    print_diagnostics(loaded, Shown::ErrorsAndWarnings);
    if (loaded.ok()) return node_->reload(loaded.options, message);
    message = first_error(loaded);
    return false;
  }

  static std::string first_error(const config::LoadResult& loaded) {
    for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
      if (diagnostic.severity == config::Severity::Error) return config::to_string(diagnostic);
    }
    return {};
  }

  const std::string path_;
  std::mutex mutex_;  // guards node_; held while the node reloads, so that two reloads do not mix
  Node* node_ = nullptr;
};

}  // namespace

int run_serve(const ServeArguments& arguments) {
  Signals signals;
  const config::LoadResult loaded = config::load_file(arguments.config);
  print_diagnostics(loaded, Shown::ErrorsAndWarnings);
  if (!loaded.ok()) return kUsage;
  raise_descriptor_limit();
  const SystemClock clock;
  Reloader reloader(arguments.config);
  NodeHooks hooks{.reload = [&reloader](std::string& message) { return reloader.reload(message); }};
  std::string message;
  const std::unique_ptr<Node> node = Node::start(loaded.options, clock, message, std::move(hooks));
  if (node == nullptr) {
    announce(message);
    return kFailed;
  }
  reloader.set_node(node.get());
  announce_ports(*node, loaded.options);
  announce("ready");
  while (signals.wait() == Wanted::Reload)
    reloader.reload(message);
  announce("stopping; a second signal ends at once");
  signals.exit_on_next();
  reloader.set_node(nullptr);
  node->stop();
  return kDone;
}

}  // namespace brink::edge
