#include "edge/http2_guard.h"

namespace brink::edge {
namespace {

constexpr std::array kLimits = {Limit::Http2Resets,     Limit::Http2Pings,       Limit::Http2Settings,
                                Limit::Http2Priorities, Limit::Http2EmptyFrames, Limit::Http2WindowUpdates};
static_assert(kLimits.size() == static_cast<std::size_t>(Http2Event::Count_));

}  // namespace

std::uint32_t Http2Guard::most(Http2Event event) const {
  switch (event) {
    case Http2Event::Reset: return limits_.resets;
    case Http2Event::Ping: return limits_.pings;
    case Http2Event::Settings: return limits_.settings;
    case Http2Event::Priority: return limits_.priorities;
    case Http2Event::EmptyFrame: return limits_.empty_frames;
    case Http2Event::WindowUpdate: return limits_.window_updates;
    case Http2Event::Count_: break;
  }
  return 0;
}

std::optional<Limit> Http2Guard::count(Http2Event event, Ticks now) {
  if (now - began_ >= kWindow) {
    began_ = now;
    counts_ = {};
  }
  if (event == Http2Event::WindowUpdate && window_credit_ > 0) {
    --window_credit_;
    return std::nullopt;
  }
  const auto index = static_cast<std::size_t>(event);
  if (++counts_[index] <= most(event)) return std::nullopt;
  return kLimits[index];
}

std::string_view option_of(Limit limit) {
  switch (limit) {
    case Limit::Http2Streams: return "limits.http2.streams";
    case Limit::Http2Resets: return "limits.http2.resets";
    case Limit::Http2Pings: return "limits.http2.pings";
    case Limit::Http2Settings: return "limits.http2.settings";
    case Limit::Http2Priorities: return "limits.http2.priorities";
    case Limit::Http2EmptyFrames: return "limits.http2.empty_frames";
    case Limit::Http2WindowUpdates: return "limits.http2.window_updates";
    case Limit::Http2Continuations: return "limits.http2.continuations";
    case Limit::HeaderTimeout: return "limits.header_timeout";
    case Limit::HeaderBytes: return "limits.header_bytes";
    default: return to_string(limit);
  }
}

}  // namespace brink::edge
