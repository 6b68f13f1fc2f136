#include "tests/sim/purge_call.h"

#include "tests/sim/purge_node.h"

namespace brink::purgesim {

Call::Call(Node& node, origin::Request request, origin::Handler& handler)
    : node_(node),
      world_(node.world_),
      request_(std::move(request)),
      handler_(handler),
      alive_(std::make_shared<bool>(true)) {}

Call::~Call() {
  *alive_ = false;
}

std::string_view Call::field(std::string_view name) const {
  for (const auto& [n, v] : request_.fields) {
    if (iequals(n, name)) return v;
  }
  return {};
}

void Call::later_here(Millis delay, std::function<void()> f) {
  later_there(delay, node_.now_running(), std::move(f));
}

void Call::later_there(Millis delay, Whose whose, std::function<void()> f) {
  world_.after(delay, whose, [alive = alive_, f = std::move(f)] {
    if (*alive) f();
  });
}

void Call::send(Piece piece, Millis delay) {
  inbox_.push_back(std::move(piece));
  schedule(delay);
}

void Call::schedule(Millis delay) {
  if (scheduled_ || paused_ || inbox_.empty()) return;
  scheduled_ = true;
  later_here(delay, [this] {
    scheduled_ = false;
    if (!paused_ && !inbox_.empty()) give();
  });
}

void Call::resume_response() {
  if (!paused_) return;
  paused_ = false;
  schedule(Millis(world_.random.below(50)));
}

// The last of them may destroy this.
void Call::give() {
  const Piece piece = std::move(inbox_.front());
  inbox_.pop_front();
  if (piece.kind == Piece::Kind::Complete) return handler_.on_complete();
  if (piece.kind == Piece::Kind::Broken) return handler_.on_error({piece.error, Side::Upstream});
  if (piece.kind == Piece::Kind::Head) {
    give_head(piece);
  } else {
    paused_ = handler_.on_body(piece.body) == origin::Handler::Flow::Pause;
    taken();
  }
  schedule(world_.random.chance(0.5) ? Millis(0) : Millis(world_.random.below(120)));
}

void Call::give_head(const Piece& piece) {
  head_given_ = true;
  std::vector<Field> fields;
  for (const auto& [name, value] : piece.fields)
    fields.push_back({name, value});
  origin::ResponseHead head;
  head.status = piece.status;
  head.fields = fields;
  head.content_length = piece.content_length;
  head.server = "http://sim.test";
  head.from_tier = piece.from_tier;
  handler_.on_head(head);
}

}  // namespace brink::purgesim
