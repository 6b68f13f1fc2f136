// The client against an upstream that does not behave: what is retried, what is reported, what is
// never let through.

#include <gmock/gmock.h>

#include <future>

#include "origin/client.h"
#include "tests/unit/origin_client_harness.h"
#include "tests/unit/origin_scripted_server.h"

namespace brink::test {
namespace {

constexpr Millis kShort{150};  // the few time-outs that really pass

class OriginFailures : public ClientTest {
 protected:
  origin::Upstream& upstream() override { return *upstream_; }
  // Fetches with these servers, expects an error and returns it.
  Error failing(const config::UpstreamOptions& options, std::string method = "GET") {
    auto request = get(group(options));
    request.may_retry = method != "POST";
    request.method = std::move(method);
    last_ = fetch(std::move(request));
    EXPECT_FALSE(last_.complete);
    return last_.error.value_or(Error{ErrorCode::Invalid, Side::Internal});
  }
  ErrorCode failing(const ScriptedServer& server) {
    return failing(options_for({server.url()})).code;
  }

  std::unique_ptr<origin::Upstream> upstream_ = origin::make_origin_upstream(io, clock, metrics);
  Recorder last_;
};

ScriptedServer::Script after_request(std::function<void(Connection&)> then) {
  return [then](Connection& c) {
    if (!c.read_head().empty()) then(c);
  };
}
const auto kReset = after_request([](Connection& c) { c.reset(); });
const auto kSilence = after_request([](Connection& c) { c.read_to_end(); });

TEST_F(OriginFailures, RefusedIsSafeToRetryAndGoesToTheNextServer) {
  const Error error = failing(options_for({refused_url()}));
  EXPECT_EQ(error.code, ErrorCode::ConnectionRefused);
  EXPECT_EQ(error.side, Side::Upstream);
  EXPECT_EQ(error.retry, Retry::Safe);

  ScriptedServer well(ok("well"));
  auto request = get(group(options_for({refused_url(), refused_url(), well.url()})));
  request.method = "POST";
  request.may_retry = false;
  const Recorder r = fetch(std::move(request));
  EXPECT_TRUE(r.complete);
  EXPECT_EQ(r.server, well.url());
  EXPECT_EQ(r.attempts, 3U);
  EXPECT_EQ(metrics.total("brink_origin_retries_total"), 2);
}

TEST_F(OriginFailures, RetriesAreCounted) {
  ScriptedServer well(ok("well"));
  auto options = options_for({refused_url(), refused_url(), well.url()});
  options.retries = 1;
  EXPECT_EQ(failing(options).code, ErrorCode::ConnectionRefused);
  EXPECT_EQ(well.accepted(), 0);
}

TEST_F(OriginFailures, NoServerAtAll) {
  EXPECT_EQ(failing(options_for({})).code, ErrorCode::NoServerAvailable);
}

TEST_F(OriginFailures, ANameThatDoesNotResolve) {
  EXPECT_EQ(failing(options_for({"http://" + std::string(70, 'a') + ":80"})).code,
            ErrorCode::DnsError);
}

TEST_F(OriginFailures, AResetBeforeTheHeadIsRetriedWhereTheMethodMayBe) {
  ScriptedServer resets(kReset);
  ScriptedServer well(ok("well"));
  const auto options = options_for({resets.url(), well.url()});
  auto request = get(group(options));
  const Recorder r = fetch(std::move(request));
  EXPECT_TRUE(r.complete);
  EXPECT_EQ(r.attempts, 2U);

  const Error error = failing(options, "POST");
  EXPECT_EQ(error.code, ErrorCode::ConnectionTerminated);
  EXPECT_EQ(resets.accepted(), 2);
  EXPECT_EQ(well.accepted(), 1);
}

TEST_F(OriginFailures, TheOnlyServerIsAskedAgainAfterAReset) {
  ScriptedServer server([](Connection& c) {
    c.read_head();
    if (c.index() < 2) return c.reset();
    c.write(ok("third time lucky"));
  });
  const Recorder r = fetch(server.url());
  EXPECT_TRUE(r.complete);
  EXPECT_EQ(r.attempts, 3U);
}

TEST_F(OriginFailures, ClosingInTheHeadIsNoAnswer) {
  ScriptedServer server(
      after_request([](Connection& c) { c.write("HTTP/1.1 200 OK\r\nContent-Le"); }));
  EXPECT_EQ(failing(server), ErrorCode::ConnectionTerminated);
  EXPECT_EQ(last_.status, 0);
}

TEST_F(OriginFailures, ACutBodyIsAnErrorAfterTheHeadAndNeverRetried) {
  const std::string cut[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcde",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdeXX"};
  for (const std::string& response : cut) {
    for (const bool hard : {false, true}) {
      ScriptedServer server(after_request([&](Connection& c) {
        c.write(response);
        if (hard) c.reset();
      }));
      EXPECT_EQ(failing(server), ErrorCode::ResponseIncomplete) << response;
      EXPECT_TRUE(hard || last_.body == "abcde") << last_.body;
      EXPECT_EQ(last_.attempts, 1U);
      EXPECT_EQ(server.accepted(), 1);
    }
  }
}

TEST_F(OriginFailures, AResetIsNoEndOfABodyThatEndsWithTheConnection) {
  std::promise<void> seen;
  ScriptedServer server(after_request([&](Connection& c) {
    c.write("HTTP/1.1 200 OK\r\n\r\nabc");
    seen.get_future().wait();
    c.reset();
  }));
  Recorder r;
  r.at_body = [&](std::string_view) {
    seen.set_value();
    return origin::Handler::Flow::Continue;
  };
  const auto call = upstream().start(get(group(server.url())), r);
  ASSERT_TRUE(run_until(io, [&] { return r.done(); }));
  ASSERT_TRUE(r.error);
  EXPECT_EQ(r.error->code, ErrorCode::ResponseIncomplete);
}

struct Bad {
  const char* name;
  std::string response;
  ErrorCode code = ErrorCode::ResponseMalformed;
};

TEST_F(OriginFailures, GarbageIsRefused) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const Bad table[] = {
      {"no http", "SSH-2.0-OpenSSH_9\r\n\r\n"},
      {"http/0.9", "<html>hello</html>"},
      {"binary", std::string("\x00\x01\x02\x03\r\n\r\n", 8)},
      {"lower-case protocol", "http/1.1 200 OK\r\n\r\n"},
      {"version 3", "HTTP/3.0 200 OK\r\n\r\n"},
      {"version 1.2", "HTTP/1.2 200 OK\r\n\r\n"},
      {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n"},
      {"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
      {"status 099", "HTTP/1.1 099 OK\r\n\r\n"},
      {"status 600", "HTTP/1.1 600 OK\r\n\r\n"},
      {"negative status", "HTTP/1.1 -20 OK\r\n\r\n"},
      {"no status", "HTTP/1.1\r\n\r\n"},
      {"switching protocols unasked", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"},
      {"no colon", head + "Content-Length 0\r\n\r\n"},
      {"no name", head + ": x\r\n\r\n"},
      {"space in the name", head + "Content Length: 0\r\n\r\n"},
      {"space before the colon", head + "Content-Length : 0\r\n\r\n"},
      {"obs-fold", head + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n"},
      {"obs-fold at once", head + " X: a\r\nContent-Length: 0\r\n\r\n"},
      {"bare CR", head + "X: a\rb\r\nContent-Length: 0\r\n\r\n"},
      {"control character", head + "X: a\x01\r\nContent-Length: 0\r\n\r\n"},
      {"delete", head + "X: a\x7f\r\nContent-Length: 0\r\n\r\n"},
      {"NUL", head + "X: a" + std::string(1, '\0') + "b\r\nContent-Length: 0\r\n\r\n"},
      {"two lengths", head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
      {"list of lengths", head + "Content-Length: 1, 1\r\n\r\nab"},
      {"length with a sign", head + "Content-Length: +1\r\n\r\na"},
      {"negative length", head + "Content-Length: -1\r\n\r\na"},
      {"empty length", head + "Content-Length:\r\n\r\na"},
      {"hexadecimal length", head + "Content-Length: 0x1\r\n\r\na"},
      {"length beyond 63 bits", head + "Content-Length: 18446744073709551616\r\n\r\na"},
      {"length and chunked",
       head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunked and length",
       head + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n"},
      {"unknown coding", head + "Transfer-Encoding: foo\r\n\r\nx"},
      {"gzip as transfer coding", head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"identity", head + "Transfer-Encoding: identity\r\n\r\nx"},
      {"chunked twice",
       head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunked, chunked", head + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
      {"chunked with a tail", head + "Transfer-Encoding: chunked;x\r\n\r\n0\r\n\r\n"},
      {"chunked on 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"head too large", head + "X: " + std::string(70'000, 'x') + "\r\n\r\n",
       ErrorCode::ResponseHeadTooLarge},
      {"endless line", head + "X: " + std::string(400'000, 'x'), ErrorCode::ResponseHeadTooLarge},
      {"endless status line", "HTTP/1.1 200 " + std::string(400'000, 'x'),
       ErrorCode::ResponseHeadTooLarge},
  };
  for (const Bad& bad : table) {
    ScriptedServer server(after_request([&](Connection& c) {
      c.write(bad.response);
      c.read_to_end();
    }));
    EXPECT_EQ(failing(server), bad.code) << bad.name;
    EXPECT_EQ(last_.status, 0) << bad.name;
    EXPECT_EQ(last_.body, "") << bad.name;
    EXPECT_EQ(server.accepted(), 1) << bad.name << ": retried";
  }
}

TEST_F(OriginFailures, ManyShortFieldsAreTooLargeAHeadAsWell) {
  ScriptedServer server(after_request([](Connection& c) {
    c.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 20'000 && c.write("X-A: b\r\n"); ++i) {
    }
    c.read_to_end();
  }));
  EXPECT_EQ(failing(server), ErrorCode::ResponseHeadTooLarge);
}

TEST_F(OriginFailures, EndlessInterimResponsesAreGivenUp) {
  ScriptedServer server(after_request([](Connection& c) {
    while (c.write("HTTP/1.1 103 Early Hints\r\n\r\n")) {
    }
  }));
  EXPECT_EQ(failing(server), ErrorCode::ResponseMalformed);
  EXPECT_LE(last_.interims.size(), 32U);
}

TEST_F(OriginFailures, RepeatedEqualLengthsAreOne) {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab");
  const Recorder r = fetch(server.url());
  EXPECT_EQ(r.body, "ab");
  EXPECT_EQ(r.fields.size(), 1U);
}

TEST_F(OriginFailures, ADeadIdleConnectionIsReplacedWithoutCounting) {
  // The server closes each connection after its first answer, but only once the next request is on
  // it.
  ScriptedServer server([](Connection& c) {
    if (c.read_head().empty()) return;
    c.write(ok("once"));
    c.read_exactly(1);
    c.reset();
  });
  auto options = options_for({server.url()});
  options.retries = 0;
  options.eject_after = 1;
  const auto servers = group(options);
  for (int i = 0; i < 5; ++i) {
    const Recorder r = fetch(get(servers));
    ASSERT_TRUE(r.complete);
    EXPECT_EQ(r.body, "once");
  }
  EXPECT_EQ(metrics.total("brink_origin_retries_total"), 0);
  EXPECT_EQ(metrics.total("brink_origin_ejections_total"), 0);

  auto post = get(servers);
  post.method = "POST";
  post.may_retry = false;
  const Recorder r = fetch(std::move(post));
  ASSERT_TRUE(r.error);
  EXPECT_EQ(r.error->code, ErrorCode::ConnectionTerminated);
  EXPECT_EQ(r.error->retry, Retry::IfConnectionWasReused);
  EXPECT_EQ(metrics.total("brink_origin_ejections_total"), 0);
}

TEST_F(OriginFailures, StrayBytesOnAnIdleConnectionAnswerNoRequest) {
  for (const bool late : {false, true}) {
    ScriptedServer server([&](Connection& c) {
      const std::string stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";
      for (bool first = true; !c.read_head().empty(); first = false) {
        c.write(late || !first ? ok("mine") : ok("mine") + stray);
        if (late && first) c.write(stray);
      }
    });
    const auto servers = group(server.url());
    for (int i = 0; i < 4; ++i) {
      const Recorder r = fetch(get(servers));
      EXPECT_EQ(r.body, "mine");
      // Lets what is on the wire arrive; nothing else is waited for.
      io.restart();
      io.run_for(Millis{20});
    }
  }
}

TEST_F(OriginFailures, BodyBytesAfterAHeadResponseAnswerNoRequest) {
  ScriptedServer server([](Connection& c) {
    c.read_head();
    c.write(ok("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"));
    c.answer_all(ok("mine"));
  });
  const auto servers = group(server.url());
  auto head = get(servers);
  head.method = "HEAD";
  EXPECT_TRUE(fetch(std::move(head)).complete);
  EXPECT_EQ(fetch(get(servers)).body, "mine");
}

TEST_F(OriginFailures, SilenceBeforeTheFirstByte) {
  ScriptedServer server(kSilence);
  auto options = options_for({server.url()});
  options.first_byte_timeout = kShort;
  EXPECT_EQ(failing(options).code, ErrorCode::ResponseTimeout);
  EXPECT_EQ(server.accepted(), 1) << "asked again although it is just slow";
}

TEST_F(OriginFailures, SilenceGoesToAnotherServerWhereTheMethodMayBeRepeated) {
  ScriptedServer silent(kSilence);
  ScriptedServer well(ok("well"));
  auto options = options_for({silent.url(), well.url()});
  options.first_byte_timeout = kShort;
  EXPECT_TRUE(fetch(get(group(options))).complete);
  EXPECT_EQ(failing(options, "POST").code, ErrorCode::ResponseTimeout);
}

TEST_F(OriginFailures, SilenceInTheBody) {
  ScriptedServer server(after_request([](Connection& c) {
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    c.read_to_end();
  }));
  auto options = options_for({server.url()});
  options.idle_timeout = kShort;
  EXPECT_EQ(failing(options).code, ErrorCode::ResponseTimeout);
  EXPECT_EQ(last_.body, "abc");
}

TEST_F(OriginFailures, TheTotalTimeCoversAllAttempts) {
  ScriptedServer silent(kSilence);
  ScriptedServer silent_too(kSilence);
  auto options = options_for({silent.url(), silent_too.url()});
  options.first_byte_timeout = kShort;
  options.total_timeout = kShort * 3 / 2;
  const Error error = failing(options);
  EXPECT_EQ(error.code, ErrorCode::ResponseTimeout);
  EXPECT_EQ(error.what, "total_timeout");
  EXPECT_EQ(silent.accepted() + silent_too.accepted(), 2);
}

TEST_F(OriginFailures, AHandshakeThatNeverEnds) {
  ScriptedServer server([](Connection& c) { c.read_to_end(); });
  auto options = options_for({server.url("https")});
  options.connect_timeout = kShort;
  options.retries = 0;
  const Error error = failing(options);
  EXPECT_EQ(error.code, ErrorCode::ConnectionTimeout);
  EXPECT_EQ(error.retry, Retry::Safe);
}

TEST_F(OriginFailures, NoTimeRunsWhileTheHandlerPauses) {
  ScriptedServer server(after_request([](Connection& c) {
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    c.read_exactly(1);
    c.write("def");
  }));
  auto options = options_for({server.url()});
  options.idle_timeout = kShort;
  Recorder r;
  r.at_body = [](std::string_view) { return origin::Handler::Flow::Pause; };
  const auto call = upstream().start(get(group(options)), r);
  ASSERT_TRUE(run_until(io, [&] { return !r.body.empty(); }));
  io.restart();
  io.run_for(kShort * 2);
  EXPECT_FALSE(r.done());
  call->resume_response();
  ASSERT_TRUE(run_until(io, [&] { return r.done(); }));
  EXPECT_EQ(r.error->code, ErrorCode::ResponseTimeout);
}

TEST_F(OriginFailures, MoreThanTheConnectionsWait) {
  ScriptedServer server(ok("x"));
  auto options = options_for({server.url()});
  options.connections = 2;
  const auto servers = group(options);
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<std::unique_ptr<origin::Call>> calls;
  for (int i = 0; i < 30; ++i) {
    recorders.push_back(std::make_unique<Recorder>());
    calls.push_back(upstream().start(get(servers), *recorders.back()));
  }
  calls[10].reset();  // one that waits in line goes away
  for (std::size_t i = 0; i < recorders.size(); ++i) {
    if (i == 10) continue;
    ASSERT_TRUE(run_until(io, [&] { return recorders[i]->done(); }));
    EXPECT_TRUE(recorders[i]->complete);
  }
  EXPECT_EQ(server.accepted(), 2);
  EXPECT_GT(metrics.total("brink_origin_waited_total"), 0);
  EXPECT_FALSE(recorders[10]->done());
  EXPECT_EQ(servers->status(clock.ticks())[0].outstanding, 0U);
}

TEST_F(OriginFailures, WaitingForAConnectionEndsAndDoesNotHurtTheServer) {
  ScriptedServer server(kSilence);
  auto options = options_for({server.url()});
  options.connections = 1;
  options.connect_timeout = kShort;
  options.eject_after = 1;
  options.retries = 0;
  const auto servers = group(options);
  Recorder first;
  const auto call = upstream().start(get(servers), first);
  ASSERT_TRUE(run_until(io, [&] { return server.accepted() == 1; }));
  const Recorder second = fetch(get(servers));
  ASSERT_TRUE(second.error);
  EXPECT_EQ(second.error->code, ErrorCode::LimitReached);
  EXPECT_EQ(second.error->side, Side::Internal);
  EXPECT_FALSE(servers->status(clock.ticks())[0].ejected);
}

// The call before it lost a reused connection; this one never gets as far as a connection.
TEST_F(OriginFailures, WhatOneCallMetIsForgottenInTheNext) {
  ScriptedServer silent(kSilence);
  auto crowded_options = options_for({silent.url()});
  crowded_options.connections = 1;
  const auto crowded = group(crowded_options);
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<std::unique_ptr<origin::Call>> calls;
  constexpr int kSlotAndWaiters = 17;
  for (int i = 0; i < kSlotAndWaiters; ++i) {
    recorders.push_back(std::make_unique<Recorder>());
    calls.push_back(upstream().start(get(crowded), *recorders.back()));
  }
  ScriptedServer server([](Connection& c) {
    if (c.read_head().empty()) return;
    c.write(ok("once"));
    c.read_exactly(1);
    c.reset();
  });
  const auto servers = group(options_for({server.url()}));
  ASSERT_TRUE(fetch(get(servers)).complete);
  auto post = get(servers);
  post.method = "POST";
  post.may_retry = false;
  ASSERT_TRUE(fetch(std::move(post)).error);
  const Recorder refused = fetch(get(crowded));
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->code, ErrorCode::LimitReached);
}

TEST_F(OriginFailures, AnEjectedServerIsNotAsked) {
  ScriptedServer well(ok("well"));
  auto options = options_for({refused_url(), well.url()});
  options.eject_after = 2;
  const auto servers = group(options);
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(fetch(get(servers)).complete);
  EXPECT_EQ(metrics.total("brink_origin_retries_total"), 2);
  EXPECT_EQ(metrics.total("brink_origin_ejections_total"), 1);
  EXPECT_TRUE(servers->status(clock.ticks())[0].ejected);
}

TEST_F(OriginFailures, GarbageDoesNotEject) {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
  auto options = options_for({server.url()});
  options.eject_after = 1;
  const auto servers = group(options);
  EXPECT_TRUE(fetch(get(servers)).error);
  EXPECT_FALSE(servers->status(clock.ticks())[0].ejected);
}

TEST_F(OriginFailures, CancellingInEveryState) {
  ScriptedServer silent(kSilence);
  ScriptedServer no_handshake([](Connection& c) { c.read_to_end(); });
  ScriptedServer endless(after_request([](Connection& c) {
    c.write("HTTP/1.1 200 OK\r\n\r\n");
    while (c.write(std::string(10'000, 'e'))) {
    }
  }));
  struct Case {
    const char* state;
    std::shared_ptr<origin::ServerGroup> servers;
    std::function<bool(const Recorder&)> reached;
  };
  const Case cases[] = {
      {"before anything", group(silent.url()), [](const Recorder&) { return true; }},
      {"connecting", group(no_handshake.url("https")),
       [&](const Recorder&) { return no_handshake.accepted() > 0; }},
      {"awaiting", group(silent.url()), [&](const Recorder&) { return silent.accepted() > 0; }},
      {"in the body", group(endless.url()),
       [](const Recorder& r) { return r.body_bytes > 100'000; }},
  };
  for (const Case& c : cases) {
    Recorder r;
    auto call = upstream().start(get(c.servers), r);
    ASSERT_TRUE(run_until(io, [&] { return c.reached(r); })) << c.state;
    call.reset();
    const std::uint64_t so_far = r.body_bytes;
    io.restart();
    io.run_for(Millis{5});
    EXPECT_FALSE(r.done()) << c.state;
    EXPECT_EQ(r.body_bytes, so_far) << c.state;
    EXPECT_EQ(c.servers->status(clock.ticks())[0].outstanding, 0U) << c.state;
  }
}

TEST_F(OriginFailures, AnotherCallMayBeCancelledFromInsideACallback) {
  ScriptedServer server(ok("x"));
  ScriptedServer silent(kSilence);
  Recorder waiting;
  auto other = upstream().start(get(group(silent.url())), waiting);
  ASSERT_TRUE(run_until(io, [&] { return silent.accepted() == 1; }));
  Recorder r;
  r.at_head = [&] { other.reset(); };
  const auto call = upstream().start(get(group(server.url())), r);
  ASSERT_TRUE(run_until(io, [&] { return r.done(); }));
  EXPECT_TRUE(r.complete);
  EXPECT_FALSE(waiting.done());
  EXPECT_TRUE(run_until(io, [&] {
    return metrics.total("brink_origin_requests_total", {{"outcome", "cancelled"}}) == 1;
  }));
}

}  // namespace
}  // namespace brink::test
