#include "edge/http2_rules.h"

#include <algorithm>

namespace brink::edge {
namespace {

constexpr unsigned char kDataFrame = 0x0;
constexpr unsigned char kPriorityFrame = 0x2;

std::uint32_t number31(const unsigned char* at) {
  return (static_cast<std::uint32_t>(at[0]) << 24U | static_cast<std::uint32_t>(at[1]) << 16U |
          static_cast<std::uint32_t>(at[2]) << 8U | at[3]) & 0x7FFFFFFFU;
}

}  // namespace

StreamEnd ClosedStreams::how(std::int32_t id) const {
  const auto found = std::find_if(ring_.begin(), ring_.end(), [id](const Entry& entry) { return entry.id == id; });
  if (found != ring_.end()) return found->how;
  return next_ > kRemembered ? StreamEnd::Forgotten : StreamEnd::Unknown;
}

LateFrame judge_late_frame(StreamEnd how, bool is_headers) {
  switch (how) {
    case StreamEnd::ResetByUs: return LateFrame::Ignore;
    case StreamEnd::ResetByClient: return LateFrame::ResetStream;
    case StreamEnd::Whole: return LateFrame::StreamClosed;
    case StreamEnd::Forgotten: return is_headers ? LateFrame::ProtocolError : LateFrame::Ignore;
    case StreamEnd::Unknown: break;
  }
  return is_headers ? LateFrame::ProtocolError : LateFrame::StreamClosed;
}

FrameScan::Seen FrameScan::pass(std::string_view bytes, std::size_t& used) {
  used = std::min(preface_left_, bytes.size());
  preface_left_ -= used;
  while (used < bytes.size()) {
    if (have_ < wanted_) {
      const std::size_t n = std::min(wanted_ - have_, bytes.size() - used);
      std::copy_n(bytes.data() + used, n, start_.data() + have_);
      have_ += n;
      used += n;
      if (have_ < wanted_) continue;
      if (const Seen seen = head_complete(); seen != Seen::Nothing) return seen;
      continue;
    }
    const std::size_t n = std::min(payload_left_, bytes.size() - used);
    payload_left_ -= n;
    used += n;
    if (payload_left_ == 0) have_ = 0, wanted_ = kHead;
  }
  return Seen::Nothing;
}

// start_ holds what was wanted: a frame's head, or that and the dependency behind it.
FrameScan::Seen FrameScan::head_complete() {
  Seen seen = Seen::Nothing;
  if (wanted_ == kHead) {
    payload_left_ = static_cast<std::size_t>(start_[0]) << 16U | static_cast<std::size_t>(start_[1]) << 8U | start_[2];
    if (start_[3] == kPriorityFrame && payload_left_ >= kDependency) {
      payload_left_ -= kDependency;
      wanted_ = kHead + kDependency;
      return seen;
    }
    if (start_[3] == kDataFrame) seen = Seen::DataHead;
  } else if (number31(&start_[kHead]) == number31(&start_[5])) {
    seen = Seen::SelfDependency;
  }
  if (payload_left_ == 0) have_ = 0, wanted_ = kHead;
  return seen;
}

std::int32_t FrameScan::id() const { return static_cast<std::int32_t>(number31(&start_[5])); }

}  // namespace brink::edge
