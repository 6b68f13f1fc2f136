#pragma once
// The product's side of the differential test: a node's real request flow and store in process,
// with one client and a scripted origin.

#include <memory>

#include "tests/sim/sequence.h"

namespace brink::sim {

// What all nodes of a run share because it costs too much to make anew: metrics, the access log,
// the site table. No state of a cache.
class NodeParts {
 public:
  NodeParts();
  ~NodeParts();
  struct Shared;
  Shared& shared() { return *shared_; }

 private:
  std::unique_ptr<Shared> shared_;
};

class OneClientNode {
 public:
  OneClientNode(NodeParts& parts, VirtualClock& clock);
  ~OneClientNode();
  // Plays one request of a step to its end, background validations included; the clock advances by
  // the origin's delays. `request` is the step's, its templates resolved.
  rfc9111::Outcome play_step(const Step& step, const rfc9111::ClientRequest& request);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace brink::sim
