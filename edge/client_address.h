#pragma once
// Where a client's connection comes from, as far as this node may believe it.

#include <string>

#include "edge/request.h"
#include "edge/rules.h"

namespace brink::edge {

struct ClientAddress {
  std::string text;  // without port
  // A proxy in front opened the connection and names no client: the address is its own, and nobody is trusted for it.
  bool is_proxys = false;

  // One of node.peers, whose forwarding fields are believed.
  bool is_peer(const PeerList& peers) const { return !is_proxys && peers.contains(text); }
};

// Who asks, and on what connection; a peer knows better what its own client used. REQUIRES: `head.fields` are there.
inline void set_client(RequestHead& head, const ClientAddress& client, bool from_peer, bool tls) {
  head.client_address = client.text;
  head.address_is_proxys = client.is_proxys;
  head.from_peer = from_peer;
  head.tls = tls;
  const bool forwarded = from_peer && iequals(field_value(head.fields, "x-forwarded-proto"), "https");
  head.scheme = tls || forwarded ? "https" : "http";
}

}  // namespace brink::edge
