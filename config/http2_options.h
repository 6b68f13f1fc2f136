#pragma once
// What one HTTP/2 connection of a client may do (RFC 9113 §10.5), beside limits that hold for every protocol.

#include <cstdint>

namespace brink::config {

// Rates are per connection, within ten seconds; beyond one: GOAWAY with ENHANCE_YOUR_CALM.
struct Http2Limits {
  std::uint32_t streams = 128;           // requests at once → REFUSED_STREAM, or PROTOCOL_ERROR once the client has agreed to them
  std::uint32_t resets = 200;            // streams that the client resets, or makes this node reset
  std::uint32_t pings = 100;
  std::uint32_t settings = 50;           // acknowledgements do not count
  std::uint32_t priorities = 1'000;      // PRIORITY and PRIORITY_UPDATE
  std::uint32_t empty_frames = 100;      // DATA and HEADERS frames without a byte that do not end a stream
  std::uint32_t window_updates = 1'000;  // beyond ten for each DATA frame that was sent
  std::uint32_t continuations = 8;       // of one header block
  bool operator==(const Http2Limits&) const = default;
};

}  // namespace brink::config
