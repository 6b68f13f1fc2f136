#pragma once
// One node: its shards, store, listeners and admin listener. Several may live in one process (demo, tests).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/error.h"
#include "purge/log.h"

namespace brink::edge {

// What a node asks of the program around it.
struct NodeHooks {
  // POST /v1/reload: reads the configuration again and calls Node::reload(); false and why in `message`. Null = 501.
  std::function<bool(std::string& message)> reload;
  // The purge log that this node shares with others of its process. Null = its own, as options.purge says.
  std::shared_ptr<purge::Log> purge_log = nullptr;
};

class Node {
 public:
  // Binds every address and starts the threads; on failure says which address and why (`message`).
  // `clock` outlives the node.
  static std::unique_ptr<Node> start(const config::Options& options, const Clock& clock, std::string& message,
                                     NodeHooks hooks = {});
  // Stops at once what stop() has not ended.
  virtual ~Node() = default;
  // The ports actually bound, in the order of options.listen; 0 for the admin port when there is none.
  virtual std::vector<std::uint16_t> ports() const = 0;
  virtual std::uint16_t admin_port() const = 0;
  // Applies a new configuration without dropping a connection or a stored response. Refused (false, `message`) when it
  // changes what needs a restart (node.name, node.workers); the old one stays then.
  virtual bool reload(const config::Options& options, std::string& message) = 0;
  // Stops accepting, lets requests in flight finish within node.shutdown_grace, then closes; returns when done.
  virtual void stop() = 0;
};

}  // namespace brink::edge
