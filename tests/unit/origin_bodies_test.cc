// Bodies both ways: streamed, with back-pressure, never collected.

#include <gmock/gmock.h>

#include <future>

#include "origin/client.h"
#include "tests/unit/origin_client_harness.h"
#include "tests/unit/origin_scripted_server.h"

namespace brink::test {
namespace {

using origin::BodySource;
using testing::HasSubstr;
using testing::Not;
using Flow = origin::Handler::Flow;

class OriginBodies : public ClientTest {
 protected:
  origin::Upstream& upstream() override { return *upstream_; }
  std::unique_ptr<origin::Upstream> upstream_ = origin::make_origin_upstream(io, clock, metrics);
};

// Hands out what it has been given; Wait when that is all for now.
class Source : public BodySource {
 public:
  State pull(char* into, std::size_t size, std::size_t& count) override {
    ++pulls;
    if (failed) return State::Failed;
    if (drained()) return ended ? State::End : State::Wait;
    count = bytes.copy(into, std::min(size, most), taken);
    taken += count;
    return State::Data;
  }
  bool drained() const { return taken == bytes.size(); }
  std::string bytes;
  std::size_t taken = 0;
  bool ended = false;
  bool failed = false;
  std::size_t most = 1'000'000;
  int pulls = 0;
};

std::string pattern(std::size_t size) {
  std::string s(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    s[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return s;
}

std::string read_chunked(Connection& c) {
  std::string body;
  for (;;) {
    const std::string line = c.read_until("\r\n");
    if (line.empty()) return "cut";
    const std::size_t size = std::stoul(line, nullptr, 16);
    body += c.read_exactly(size);
    c.read_until("\r\n");
    if (size == 0) return body;
  }
}

TEST_F(OriginBodies, UploadWithALength) {
  const std::string body = pattern(300'000);
  std::string head;
  std::string seen;
  ScriptedServer server([&](Connection& c) {
    head = c.read_head();
    seen = c.read_exactly(body.size());
    c.write(ok("got it"));
  });
  Source source;
  source.bytes = body;
  source.ended = true;
  source.most = 70'001;
  auto request = get(group(server.url()), "/up");
  request.method = "PUT";
  request.fields = {{"Content-Type", "text/plain"}};
  request.body = &source;
  request.content_length = body.size();
  EXPECT_EQ(fetch(std::move(request)).body, "got it");
  server.stop();
  EXPECT_EQ(head,
            "PUT /up HTTP/1.1\r\nHost: shop.example\r\nContent-Type: text/plain\r\n"
            "Content-Length: 300000\r\n\r\n");
  EXPECT_TRUE(seen == body);
}

TEST_F(OriginBodies, UploadWithoutALengthGoesInChunks) {
  const std::string body = pattern(200'000);
  std::string head;
  std::string seen;
  ScriptedServer server([&](Connection& c) {
    head = c.read_head();
    seen = read_chunked(c);
    c.write(ok("got it"));
    c.answer_all(ok("next"));
  });
  Source source;
  source.bytes = body;
  source.ended = true;
  const auto servers = group(server.url());
  auto request = get(servers);
  request.method = "POST";
  request.body = &source;
  EXPECT_EQ(fetch(std::move(request)).body, "got it");
  EXPECT_EQ(fetch(get(servers)).body, "next");
  EXPECT_EQ(server.accepted(), 1);
  server.stop();
  EXPECT_THAT(head, HasSubstr("POST / HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  EXPECT_TRUE(seen == body);
}

TEST_F(OriginBodies, AnEmptyBodySaysSo) {
  std::string head;
  ScriptedServer server([&](Connection& c) {
    head = c.read_head();
    c.write(ok("fine"));
  });
  Source source;
  source.ended = true;
  auto request = get(group(server.url()));
  request.method = "POST";
  request.body = &source;
  request.content_length = 0;
  EXPECT_EQ(fetch(std::move(request)).body, "fine");
  server.stop();
  EXPECT_THAT(head, HasSubstr("\r\nContent-Length: 0\r\n"));
}

TEST_F(OriginBodies, UploadThatWaitsForItsClient) {
  for (const bool sized : {false, true}) {
    std::string seen;
    ScriptedServer server([&](Connection& c) {
      c.read_head();
      seen = sized ? c.read_exactly(6) : read_chunked(c);
      c.write(ok("fine"));
    });
    Source source;
    auto request = get(group(server.url()));
    request.method = "POST";
    request.body = &source;
    if (sized) request.content_length = 6;
    Recorder r;
    const auto call = upstream().start(std::move(request), r);
    for (const char* part : {"ab", "cd", "ef"}) {
      const int pulls = source.pulls;
      ASSERT_TRUE(run_until(io, [&] { return source.pulls > pulls; }));
      ASSERT_TRUE(source.drained());
      source.bytes += part;
      call->resume_request();
      ASSERT_TRUE(run_until(io, [&] { return source.drained(); }));
    }
    source.ended = true;
    call->resume_request();
    ASSERT_TRUE(run_until(io, [&] { return r.done(); }));
    EXPECT_TRUE(r.complete);
    server.stop();
    EXPECT_EQ(seen, "abcdef");
  }
}

TEST_F(OriginBodies, AClientThatBreaksOffEndsTheCall) {
  ScriptedServer server([](Connection& c) { c.read_to_end(); });
  auto options = options_for({server.url()});
  options.eject_after = 1;
  const auto servers = group(options);
  const auto broken = [&](bool fails, std::optional<std::uint64_t> length) {
    Source source;
    source.bytes = "abc";
    source.ended = true;
    auto request = get(servers);
    request.method = "POST";
    request.body = &source;
    request.content_length = length;
    source.failed = fails;
    return fetch(std::move(request)).error.value();
  };
  EXPECT_EQ(broken(true, std::nullopt).code, ErrorCode::ClientGone);
  EXPECT_EQ(broken(true, 3).side, Side::Client);
  EXPECT_EQ(broken(false, 4).code, ErrorCode::ClientGone);  // shorter than it said
  EXPECT_FALSE(servers->status(clock.ticks())[0].ejected);
}

TEST_F(OriginBodies, ABodyOnceBegunIsNotSentAgain) {
  ScriptedServer resets([](Connection& c) {
    c.read_head();
    c.read_exactly(1);
    c.reset();
  });
  ScriptedServer well(ok("well"));
  Source source;
  source.bytes = "abc";
  auto request = get(group(options_for({resets.url(), well.url()})));
  request.method = "PUT";
  request.body = &source;
  EXPECT_EQ(fetch(std::move(request)).error.value().code, ErrorCode::ConnectionTerminated);
  EXPECT_EQ(well.accepted(), 0);

  Source untouched;
  untouched.bytes = "abc";
  untouched.ended = true;
  auto again = get(group(options_for({refused_url(), well.url()})));
  again.method = "PUT";
  again.body = &untouched;
  again.content_length = 3;
  EXPECT_TRUE(fetch(std::move(again)).complete);
}

TEST_F(OriginBodies, AnEarlyRefusalNeedsNoWholeBody) {
  for (const std::size_t pending : {std::size_t{0}, std::size_t{50'000'000}}) {
    ScriptedServer server([](Connection& c) {
      c.read_head();
      c.read_exactly(1);
      c.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
      c.read_to_end();
    });
    Source source;  // then waits for its client, or keeps sending
    source.bytes = "x" + std::string(pending, 'y');
    auto request = get(group(server.url()));
    request.method = "POST";
    request.body = &source;
    const Recorder r = fetch(std::move(request));
    EXPECT_TRUE(r.complete);
    EXPECT_EQ(r.status, 413);
    EXPECT_EQ(r.body, "big");
  }
}

TEST_F(OriginBodies, AServerThatTakesNothingMoreIsTimedOut) {
  std::promise<void> stop;
  ScriptedServer server([done = stop.get_future().share()](Connection& c) {
    c.read_head();
    done.wait();
  });
  auto options = options_for({server.url()});
  options.idle_timeout = Millis{150};
  Source source;
  source.bytes = std::string(50'000'000, 'y');
  auto request = get(group(options));
  request.method = "POST";
  request.body = &source;
  EXPECT_EQ(fetch(std::move(request)).error.value().code, ErrorCode::ResponseTimeout);
  stop.set_value();
}

TEST_F(OriginBodies, APausedHandlerGetsNoMoreAndLosesNothing) {
  const std::string body = pattern(3'000'000);
  for (const bool chunked : {false, true}) {
    ScriptedServer server([&](Connection& c) {
      c.read_head();
      if (!chunked) {
        c.write(ok(body));
      } else {
        c.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (std::size_t at = 0; at < body.size(); at += 30'000) {
          c.write("7530\r\n" + body.substr(at, 30'000) + "\r\n");
        }
        c.write("0\r\n\r\n");
      }
    });
    Recorder r;
    bool paused = false;
    int pauses = 0;
    r.at_body = [&](std::string_view) {
      EXPECT_FALSE(paused) << "called while paused";
      paused = ++pauses % 3 != 0;
      return paused ? Flow::Pause : Flow::Continue;
    };
    const auto call = upstream().start(get(group(server.url())), r);
    while (!r.done()) {
      ASSERT_TRUE(run_until(io, [&] { return paused || r.done(); }));
      paused = false;
      call->resume_response();
      call->resume_response();  // twice is once
    }
    EXPECT_TRUE(r.complete);
    EXPECT_TRUE(r.body == body);
  }
}

TEST_F(OriginBodies, WhileTheHandlerPausesTheServerIsHeldUpToo) {
  constexpr std::uint64_t kSize = 64ULL << 20U;
  std::atomic<std::uint64_t> sent{0};
  ScriptedServer server([&](Connection& c) {
    const int small = 256 * 1024;
    ::setsockopt(c.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    const std::string block(64 * 1024, 'b');
    while (sent < kSize && c.write(block))
      sent += block.size();
  });
  Recorder r;
  r.keep_body = false;
  r.at_body = [](std::string_view) { return Flow::Pause; };
  const auto call = upstream().start(get(group(server.url())), r);
  ASSERT_TRUE(run_until(io, [&] { return r.body_bytes > 0; }));
  // However long the loop turns, no more than the buffers between the two moves.
  std::uint64_t before = 0;
  do {
    before = sent;
    io.restart();
    io.run_for(Millis{50});
  } while (sent != before);
  EXPECT_LE(r.body_bytes, 64U * 1024U);
  EXPECT_LT(sent, 32U << 20U);
  r.at_body = nullptr;
  call->resume_response();
  ASSERT_TRUE(run_until(io, [&] { return r.done(); }));
  EXPECT_EQ(r.body_bytes, kSize);
}

TEST_F(OriginBodies, APausedCallCanBeCancelled) {
  ScriptedServer server(ok(std::string(1'000'000, 'x')));
  Recorder r;
  r.at_body = [](std::string_view) { return Flow::Pause; };
  auto call = upstream().start(get(group(server.url())), r);
  ASSERT_TRUE(run_until(io, [&] { return r.body_bytes > 0; }));
  call->resume_response();
  call.reset();
  io.restart();
  io.run_for(Millis{5});
  EXPECT_FALSE(r.done());
}

TEST_F(OriginBodies, AnotherCallGoesOnWhileOneIsPaused) {
  ScriptedServer server(ok(std::string(1'000'000, 'x')));
  const auto servers = group(server.url());
  Recorder r;
  r.at_body = [](std::string_view) { return Flow::Pause; };
  const auto call = upstream().start(get(servers), r);
  ASSERT_TRUE(run_until(io, [&] { return r.body_bytes > 0; }));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(fetch(get(servers)).body_bytes, 1'000'000U);
  EXPECT_FALSE(r.done());
}

}  // namespace
}  // namespace brink::test
