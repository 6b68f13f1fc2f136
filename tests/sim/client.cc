#include "tests/sim/client.h"

#include <array>

#include "edge/cache/storable.h"

namespace brink::sim {

Client::Client(World& world, SimShard& shard, std::size_t number)
    : world_(world),
      shard_(shard),
      number_(number),
      id_(std::to_string(number)),
      transaction_(shard.flow(), *this),
      alive_(std::make_shared<bool>(true)) {
  head_.method = "GET";
  head_.host = "sim.test";
  head_.client_address = "192.0.2.1";
  leaves_ = world.profile.faults && world.random.chance(0.15);
}

Client::~Client() {
  *alive_ = false;
}

void Client::begin() {
  started_ = true;
  began_at_ = world_.clock.now();
  head_.target = target_;
  head_.fields = fields_;
  transaction_.begin(head_, nullptr);
  if (world_.profile.faults && world_.random.chance(0.1)) lose_patience();
  run();
}

// As a session does after cache.follower_timeout.
void Client::lose_patience() {
  world_.after(Millis(world_.random.below(500)), [this, alive = alive_] {
    if (*alive && !done_ && !responded_ && transaction_.waited_too_long()) run();
  });
}

void Client::wake() noexcept {
  if (posted_ || done_) return;
  posted_ = true;
  world_.post_of(number_, [this, alive = alive_] {
    if (!*alive) return;
    posted_ = false;
    run();
  });
}

void Client::run() {
  if (done_ || !started_) return;
  if (!responded_) {
    const edge::Step step = transaction_.advance();
    if (step == edge::Step::Wait) {
      if (leaves_ && world_.random.chance(0.3)) finish(false);
      return;
    }
    responded_ = true;
    answered_at_ = world_.clock.now();
    const edge::ResponsePlan& plan = transaction_.plan();
    status_ = plan.status;
    announced_ = plan.length;
    head_text_.assign(plan.head).append(plan.extra);
    take_head();
  }
  while (!done_ && read_body()) {
  }
}

// True: go on reading at once.
bool Client::read_body() {
  if (!transaction_.plan().send_body) {
    finish(true);
    return false;
  }
  std::array<std::string_view, 4> views;
  std::size_t count = 0;
  using State = edge::ResponseBody::State;
  const State state = transaction_.body().next(views, count, 1 + world_.random.below(5000));
  if (state == State::Wait) return false;
  if (state != State::Data) {
    if (state == State::Cut) cut_by_ = transaction_.body().error().what;
    finish(state == State::End);
    return false;
  }
  std::size_t n = 0;
  for (std::size_t i = 0; i < count; ++i) {
    body_.append(views[i]);
    n += views[i].size();
  }
  transaction_.body().consume(n);
  if (leaves_ && world_.random.chance(0.2)) {
    left_ = true;
    finish(false);
    return false;
  }
  if (world_.profile.faults && world_.random.chance(0.2)) {  // a slow reader
    world_.after(Millis(world_.random.below(2000)), [this, alive = alive_] {
      if (*alive) wake();
    });
    return false;
  }
  return true;
}

void Client::finish(bool whole) {
  done_ = true;
  if (responded_) check(whole);
  transaction_.finish(body_.size(), 0, !whole);
  transaction_.release();
}

std::string_view Client::header(std::string_view name) const {
  std::string_view value;
  edge::cache::for_each_stored_field(head_text_, [&](const Field& f) {
    if (iequals(f.name, name)) value = f.value;
    return value.empty();
  });
  return value;
}

void Client::fail(const std::string& what) {
  world_.fail(what + "\n" + describe());
}

}  // namespace brink::sim
