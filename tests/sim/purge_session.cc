#include "tests/sim/purge_session.h"

#include <array>

namespace brink::purgesim {

Session::Session(Node& node, std::uint64_t id, Question question)
    : node_(node),
      world_(node.world_),
      question_(std::move(question)),
      id_(id),
      transaction_(node.some_shard().flow(), *this) {}

Session::~Session() {
  transaction_.release();
}

void Session::begin() {
  fields_.push_back({"Host", question_.host});
  for (const auto& [name, value] : question_.fields)
    fields_.push_back({name, value});
  head_.method = question_.method;
  head_.target = question_.target;
  head_.host = question_.host;
  head_.fields = fields_;
  head_.client_address = question_.client;
  head_.from_peer = question_.from_peer;
  world_.note([&] {
    std::string text = node_.name() + " request " + std::to_string(id_) + " " + question_.method +
                       " " + question_.host + question_.target;
    for (const auto& [name, value] : question_.fields) {
      if (name.starts_with("Brink-") || name == "Range" || name.starts_with("If-") ||
          name == "Cache-Control" || name == "X-Flavour")
        text += " " + name + ": " + value;
    }
    return text;
  });
  transaction_.begin(head_, nullptr);
  if (world_.settings.faults && !world_.quiet && world_.random.chance(0.06)) lose_patience();
  run();
}

// As a session does after cache.follower_timeout.
void Session::lose_patience() {
  world_.after(Millis(world_.random.below(600)), node_.now_running(), [&node = node_, id = id_] {
    const auto it = node.process().sessions.find(id);
    if (it == node.process().sessions.end()) return;
    Session& session = *it->second;
    if (!session.done_ && !session.responded_ && session.transaction_.waited_too_long())
      session.run();
  });
}

void Session::wake() noexcept {
  if (posted_ || done_) return;
  posted_ = true;
  world_.post(node_.now_running(), id_, [&node = node_, id = id_] {
    const auto it = node.process().sessions.find(id);
    if (it == node.process().sessions.end()) return;
    it->second->posted_ = false;
    it->second->run();
  });
}

void Session::resumed() {
  held_ = false;
  wake();
}

void Session::leave() {
  if (!done_) finish(false);
}

void Session::run() {
  if (done_) return;
  if (!responded_) {
    was_fenced_ = was_fenced_ || node_.is_fenced();
    if (transaction_.advance() == edge::Step::Wait) return;
    responded_ = true;
    world_.note([&] {
      const edge::ResponsePlan& plan = transaction_.plan();
      std::string extra(plan.extra);
      for (char& c : extra)
        c = c == '\n' || c == '\r' ? ' ' : c;
      const std::size_t at = plan.head.find("x-read=");
      return node_.name() + " answers " + std::to_string(id_) + " " + std::to_string(plan.status) +
             " " + (at == std::string_view::npos ? "" : std::string(plan.head.substr(at, 12))) +
             " " + extra;
    });
    on_head(transaction_.plan());
  }
  while (!done_ && !held_ && read_body()) {
  }
}

// True: go on reading at once.
bool Session::read_body() {
  if (!transaction_.plan().send_body) {
    finish(true);
    return false;
  }
  std::array<std::string_view, 4> views;
  std::size_t count = 0;
  using State = edge::ResponseBody::State;
  const State state = transaction_.body().next(views, count, bytes_at_once());
  if (state == State::Wait) return false;
  if (state != State::Data) {
    finish(state == State::End);
    return false;
  }
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i)
    bytes.append(views[i]);
  transaction_.body().consume(bytes.size());
  if (!on_bytes(bytes)) held_ = true;
  return true;
}

void Session::finish(bool whole) {
  done_ = true;
  on_end(whole);
  transaction_.finish(0, 0, !whole);
  transaction_.release();
  node_.end_of(*this);
}

}  // namespace brink::purgesim
