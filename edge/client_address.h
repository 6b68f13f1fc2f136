#pragma once
// Where a client's connection comes from, as far as this node may believe it.

#include <string>

#include "edge/rules.h"

namespace brink::edge {

struct ClientAddress {
  std::string text;  // without port
  // A proxy in front opened the connection and names no client: the address is its own, and nobody is trusted for it.
  bool is_proxys = false;

  // One of node.peers, whose forwarding fields are believed.
  bool is_peer(const PeerList& peers) const { return !is_proxys && peers.contains(text); }
};

}  // namespace brink::edge
