#pragma once
// A shard's coroutine waits here; any thread may wake it. Wake-ups before the wait are not lost, several become one.

#include <atomic>
#include <memory>

#include "edge/asio.h"
#include "edge/store/fill.h"

namespace brink::edge {

// wake() may be called from any thread and outlive the waiter: what it posts holds the shared state only.
class Wakeup final : public store::Waker {
 public:
  explicit Wakeup(net::io_context& io) : state_(std::make_shared<State>(io)) {}

  void wake() noexcept override {
    if (state_->posted.exchange(true)) return;
    net::post(state_->io, [state = state_] {
      state->posted = false;
      state->signalled = true;
      state->timer.cancel();
    });
  }
  // On the shard's thread. Returns at once when it was woken since the last wait.
  Awaitable<void> wait() {
    if (!state_->signalled) {
      state_->timer.expires_at(Timer::time_point::max());
      co_await state_->timer.async_wait(kAwait);
    }
    state_->signalled = false;
  }

 private:
  struct State {
    explicit State(net::io_context& context) : io(context), timer(context) {}
    net::io_context& io;
    Timer timer;
    std::atomic<bool> posted{false};
    bool signalled = false;  // shard's thread only
  };
  std::shared_ptr<State> state_;
};

}  // namespace brink::edge
