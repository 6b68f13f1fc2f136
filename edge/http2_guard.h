#pragma once
// How often a client may do what costs this node more than the client (RFC 9113 §10.5): counts of one connection within ten seconds.
//
// Pure: `now` is an argument.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "config/http2_options.h"
#include "config/runtime/clock.h"
#include "edge/edge_metrics.h"

namespace brink::edge {

// What is counted.
enum class Http2Event : std::uint8_t { Reset, Ping, Settings, Priority, EmptyFrame, WindowUpdate, Count_ };

class Http2Guard {
 public:
  static constexpr Millis kWindow{10'000};
  static constexpr std::uint32_t kWindowUpdatesPerFrame = 10;

  explicit Http2Guard(const config::Http2Limits& limits) : limits_(limits) {}
  // One more. The bound that is passed by it, if one is.
  std::optional<Limit> count(Http2Event event, Ticks now);
  // A DATA frame was sent, which the client may answer with updates.
  void sent_data() { window_credit_ += kWindowUpdatesPerFrame; }

 private:
  std::uint32_t most(Http2Event event) const;

  config::Http2Limits limits_;
  std::array<std::uint32_t, static_cast<std::size_t>(Http2Event::Count_)> counts_{};
  std::uint64_t window_credit_ = 0;
  Ticks began_{};
};

// "limits.http2.resets", for the log.
std::string_view option_of(Limit limit);

}  // namespace brink::edge
