#include "tests/sim/paced_call.h"

#include <algorithm>

namespace brink::sim {

PacedCall::PacedCall(World& world, origin::Request request, origin::Handler& handler)
    : world_(world),
      request_(std::move(request)),
      handler_(handler),
      alive_(std::make_shared<bool>(true)) {}

PacedCall::~PacedCall() {
  *alive_ = false;
}

std::string_view PacedCall::field(std::string_view name) const {
  for (const auto& [n, v] : request_.fields) {
    if (iequals(n, name)) return v;
  }
  return {};
}

void PacedCall::later(std::function<void()> f) {
  world_.after(Millis(world_.random.below(400)), [alive = alive_, f = std::move(f)] {
    if (*alive) f();
  });
}

void PacedCall::resume_response() {
  if (!paused_) return;
  paused_ = false;
  burst_ = false;
  later([this] { send_body(); });
}

void PacedCall::begin_body(std::string body, double cut_chance) {
  body_ = std::move(body);
  cut_chance_ = cut_chance;
  burst_ = world_.random.chance(0.25);
  go_on();
}

// Mostly a piece at a time; sometimes all that fits in one turn, as a fast origin's bytes come.
void PacedCall::go_on() {
  burst_ ? send_body() : later([this] { send_body(); });
}

void PacedCall::send_body() {
  if (paused_) return;
  if (sent_ == body_.size()) return handler_.on_complete();
  if (cut_chance_ > 0 && world_.random.chance(cut_chance_)) {
    return handler_.on_error({ErrorCode::ResponseIncomplete, Side::Upstream});
  }
  const std::size_t n =
      std::min<std::size_t>(body_.size() - sent_, 1 + world_.random.below(body_.size()));
  const std::string_view piece = std::string_view(body_).substr(sent_, n);
  sent_ += n;
  if (handler_.on_body(piece) == origin::Handler::Flow::Pause) {
    paused_ = true;
    return;
  }
  go_on();
}

}  // namespace brink::sim
