#pragma once
// The whole story in one process: a demo origin, a regional node and two edges in two PoPs, all on
// loopback.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/runtime/clock.h"
#include "edge/node.h"
#include "origin/demo_origin.h"
#include "purge/log.h"

namespace brink::edge {

class Demo {
 public:
  // Uses port_base (origin), +1 (regional), +2 (fra), +3 (nyc), and +11 … +13 for their admin
  // listeners; a port that is taken is replaced by a free one. Null with a sentence in `message`
  // when something cannot be started. `clock` outlives the demo.
  static std::unique_ptr<Demo> start(std::uint16_t port_base, const Clock& clock,
                                     std::string& message);
  ~Demo();

  // What to open and what to type, with the real ports.
  std::string story() const;
  // Stops the nodes, edges first; returns when done.
  void stop();

 private:
  struct Place {
    std::string name;
    std::unique_ptr<Node> node;
    std::uint16_t port = 0;
    std::uint16_t admin_port = 0;
  };

  bool start_node(const config::Options& options, const Clock& clock, std::string& message);
  bool open_purge_log(const Clock& clock, std::string& message);

  std::string folder_;                          // of the purge log; goes with the demo
  std::shared_ptr<purge::Log> purge_log_;       // one for all nodes: outlives them
  std::unique_ptr<origin::DemoOrigin> origin_;  // outlives the nodes, which ask it
  std::vector<Place> places_;                   // regional, fra, nyc
  std::vector<std::uint16_t> replaced_;         // ports that were taken
};

}  // namespace brink::edge
