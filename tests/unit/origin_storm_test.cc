// Hundreds of calls at once, paused, resumed and cancelled at random, against servers of every
// temper: every call ends or is cancelled, nobody is called back too often, and nothing stays
// behind.

#include <gtest/gtest.h>

#include "config/runtime/random.h"
#include "origin/client.h"
#include "tests/unit/origin_client_harness.h"
#include "tests/unit/origin_scripted_server.h"

namespace brink::test {
namespace {

using origin::BodySource;
using Flow = origin::Handler::Flow;

// Sometimes there is data, sometimes there is not, sometimes the client breaks off.
class Moody : public BodySource {
 public:
  explicit Moody(Random& random) : random_(random) {}
  State pull(char* into, std::size_t size, std::size_t& count) override {
    switch (random_.below(8)) {
      case 0:
        return State::Wait;
      case 1:
        return random_.chance(0.2) ? State::Failed : State::End;
      default:
        count = std::min<std::size_t>(size, 1 + random_.below(20'000));
        std::fill_n(into, count, 'u');
        return State::Data;
    }
  }

 private:
  Random& random_;
};

class Storm : public ClientTest {
 protected:
  struct One {
    explicit One(Random& random) : body(random) {}
    Recorder recorder;
    Moody body;
    std::unique_ptr<origin::Call> call;
  };

  origin::Upstream& upstream() override { return *upstream_; }

  void start() {
    calls_.push_back(std::make_unique<One>(random_));
    One& one = *calls_.back();
    one.recorder.keep_body = false;
    one.recorder.at_body = [this](std::string_view) {
      return random_.chance(0.2) ? Flow::Pause : Flow::Continue;
    };
    auto request = get(group_);
    if (random_.chance(0.3)) {
      request.method = "POST";
      request.may_retry = false;
      request.body = &one.body;
    } else if (random_.chance(0.1)) {
      request.method = "HEAD";
    }
    one.call = upstream_->start(std::move(request), one.recorder);
  }

  void disturb() {
    One& one = *calls_[random_.below(calls_.size())];
    if (!one.call) return;
    switch (random_.below(8)) {
      case 0:
        one.call.reset();
        break;
      case 1:
      case 2:
      case 3:
        one.call->resume_request();
        break;
      default:
        one.call->resume_response();
    }
  }

  Random random_{20261123};
  std::shared_ptr<origin::ServerGroup> group_;
  std::vector<std::unique_ptr<One>> calls_;
  std::unique_ptr<origin::Upstream> upstream_ = origin::make_origin_upstream(io, clock, metrics);
};

void temper(Connection& c, const std::string& large) {
  for (int i = 0; !c.read_head().empty(); ++i) {
    switch ((c.index() + i) % 9) {
      case 0:
        return c.reset();
      case 1:
        return;
      case 2:
        c.write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort");
        return;
      case 3:
        c.write("garbage\r\n\r\n");
        return;
      case 4:
        c.write("HTTP/1.1 103 Early Hints\r\n\r\n" + ok("hinted"));
        break;
      case 5:
        c.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        break;
      case 6:
        c.write("HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        return;
      default:
        c.write(ok(large));
    }
  }
}

TEST_F(Storm, Passes) {
  const std::string large(150'000, 'l');
  ScriptedServer moody([&](Connection& c) { temper(c, large); });
  ScriptedServer steady(ok(large));
  auto options = options_for({moody.url(), steady.url(), refused_url()});
  options.connections = 20;
  options.first_byte_timeout = options.idle_timeout = Millis{300};
  options.eject_for = Millis{5};
  group_ = group(options);
  for (int step = 0; step < 6'000; ++step) {
    if (calls_.size() < 2'000) start();
    for (int i = 0; i < 5; ++i)
      disturb();
    if (io.stopped()) io.restart();
    io.poll();
  }
  ASSERT_TRUE(run_until(io, [&] {
    bool all = true;
    for (const auto& one : calls_) {
      if (!one->call || one->recorder.done()) continue;
      one->call->resume_request();
      one->call->resume_response();
      all = false;
    }
    return all;
  }));
  calls_.clear();
  io.restart();
  io.poll();
  for (const auto& status : group_->status(clock.ticks()))
    EXPECT_EQ(status.outstanding, 0U) << status.url;
}

}  // namespace
}  // namespace brink::test
