// The client against an upstream that behaves.

#include <gmock/gmock.h>

#include <future>

#include "origin/client.h"
#include "tests/unit/origin_client_harness.h"
#include "tests/unit/origin_scripted_server.h"

namespace brink::test {
namespace {

using origin::Handler;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class OriginClient : public ClientTest {
 protected:
  origin::Upstream& upstream() override { return *upstream_; }
  std::unique_ptr<origin::Upstream> upstream_ = origin::make_origin_upstream(io, clock, metrics);
};

TEST_F(OriginClient, PassesHeadAndBodyOn) {
  ScriptedServer server(
      ok("hello", "ETag: \"1\"\r\nX-A:  padded \t\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n"));
  const Recorder r = fetch(server.url());
  ASSERT_TRUE(r.complete);
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.body, "hello");
  EXPECT_EQ(r.content_length, 5U);
  EXPECT_EQ(r.server, server.url());
  EXPECT_FALSE(r.from_tier);
  EXPECT_EQ(r.attempts, 1U);
  const Recorder::FieldList expected = {{"Content-Length", "5"},
                                        {"ETag", "\"1\""},
                                        {"X-A", "padded"},
                                        {"Set-Cookie", "a=1"},
                                        {"set-cookie", "b=2"}};
  EXPECT_EQ(r.fields, expected);
  EXPECT_EQ(metrics.total("brink_origin_requests_total", {{"outcome", "answered"}}), 1);
}

TEST_F(OriginClient, SendsExactlyWhatTheRequestSays) {
  std::promise<std::string> head;
  ScriptedServer server([&](Connection& c) {
    head.set_value(c.read_head());
    c.write(ok(""));
  });
  auto request = get(group(server.url()), "/a/../b//%2e?q=[1]&x#");
  request.fields = {{"User-Agent", "u"},   {"X-Empty", ""},         {"x-two", "1"},
                    {"x-two", "2"},        {"Accept", "text/html"}, {"Range", "bytes=0-1"},
                    {"Cookie", "a=1; b=2"}};
  EXPECT_TRUE(fetch(std::move(request)).complete);
  EXPECT_EQ(head.get_future().get(),
            "GET /a/../b//%2e?q=[1]&x# HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: "
            "u\r\nX-Empty:\r\nx-two: 1\r\n"
            "x-two: 2\r\nAccept: text/html\r\nRange: bytes=0-1\r\nCookie: a=1; b=2\r\n\r\n");
}

TEST_F(OriginClient, AddsNothingOfItsOwn) {
  std::promise<std::string> head;
  ScriptedServer server([&](Connection& c) {
    head.set_value(c.read_head());
    c.write(ok(""));
  });
  auto request = get(group(server.url()));
  request.fields.clear();
  EXPECT_TRUE(fetch(std::move(request)).complete);
  EXPECT_EQ(head.get_future().get(), "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n");
}

TEST_F(OriginClient, TheGroupsHostReplacesTheClients) {
  std::promise<std::string> head;
  ScriptedServer server([&](Connection& c) {
    head.set_value(c.read_head());
    c.write(ok(""));
  });
  auto options = options_for({server.url()});
  options.host = "internal.example:81";
  EXPECT_TRUE(fetch(get(group(options))).complete);
  EXPECT_THAT(head.get_future().get(), HasSubstr("\r\nHost: internal.example:81\r\n"));
}

TEST_F(OriginClient, DecodesChunksAndDropsTrailers) {
  ScriptedServer server(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n "
      "world\r\n0\r\nX-Late: 1\r\n\r\n");
  const Recorder r = fetch(server.url());
  ASSERT_TRUE(r.complete);
  EXPECT_EQ(r.body, "hello world");
  EXPECT_FALSE(r.content_length);
  EXPECT_EQ(r.field("X-Late"), "");
}

TEST_F(OriginClient, LeavesContentCodingsAlone) {
  ScriptedServer server(ok("\x1f\x8b-not-really", "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(fetch(server.url()).body, "\x1f\x8b-not-really");
}

TEST_F(OriginClient, ReadsToTheEndOfTheConnectionWithoutALength) {
  ScriptedServer server([](Connection& c) {
    c.read_head();
    c.write("HTTP/1.0 200 OK\n\nto the end");  // bare LF is a line end, too
  });
  const Recorder r = fetch(server.url());
  ASSERT_TRUE(r.complete);
  EXPECT_EQ(r.body, "to the end");
}

TEST_F(OriginClient, StatusesWithoutABodyEndAtTheHead) {
  for (const char* status : {"204 No Content", "304 Not Modified"}) {
    ScriptedServer server(std::string("HTTP/1.1 ") + status + "\r\nETag: \"x\"\r\n\r\n");
    const Recorder r = fetch(server.url());
    EXPECT_TRUE(r.complete) << status;
    EXPECT_EQ(r.body, "");
    EXPECT_EQ(fetch(server.url()).field("etag"), "\"x\"");
  }
}

TEST_F(OriginClient, RedirectsAndErrorsAreAnswersLikeOthers) {
  for (const char* status :
       {"301 Moved", "401 No", "407 No", "417 No", "500 Oops", "503", "599 Odd"}) {
    ScriptedServer server(
        std::string("HTTP/1.1 ") + status +
        "\r\nLocation: /elsewhere\r\nWWW-Authenticate: Basic\r\nRetry-After: 9\r\n"
        "Content-Length: 3\r\n\r\nabc");
    const Recorder r = fetch(server.url());
    EXPECT_TRUE(r.complete) << status;
    EXPECT_EQ(r.status, std::stoi(status));
    EXPECT_EQ(r.body, "abc");
    EXPECT_EQ(r.attempts, 1U);
  }
  EXPECT_EQ(metrics.total("brink_origin_requests_total", {{"outcome", "server_error"}}), 3);
}

TEST_F(OriginClient, HeadHasALengthButNoBody) {
  std::promise<std::string> seen;
  ScriptedServer server([&](Connection& c) {
    seen.set_value(c.read_head());
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    c.answer_all(ok("next"));
  });
  const auto servers = group(server.url());
  auto request = get(servers);
  request.method = "HEAD";
  const Recorder r = fetch(std::move(request));
  EXPECT_TRUE(r.complete);
  EXPECT_EQ(r.content_length, 1000U);
  EXPECT_EQ(r.body, "");
  EXPECT_THAT(seen.get_future().get(), StartsWith("HEAD / HTTP/1.1\r\n"));
  EXPECT_EQ(fetch(get(servers)).body, "next");  // the handle forgets that it was a HEAD
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(OriginClient, KeepsConnections) {
  ScriptedServer server(ok("x"));
  const auto servers = group(server.url());
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(fetch(get(servers)).complete);
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(metrics.total("brink_origin_connections_total", {{"kind", "new"}}), 1);
  EXPECT_EQ(metrics.total("brink_origin_connections_total", {{"kind", "reused"}}), 19);
}

TEST_F(OriginClient, ManyCallsAtOnce) {
  ScriptedServer server(ok(std::string(10'000, 'z')));
  const auto servers = group(server.url());
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<std::unique_ptr<origin::Call>> calls;
  for (int i = 0; i < 200; ++i) {
    recorders.push_back(std::make_unique<Recorder>());
    calls.push_back(upstream().start(get(servers), *recorders.back()));
  }
  for (const auto& r : recorders) {
    ASSERT_TRUE(run_until(io, [&] { return r->done(); }));
    EXPECT_TRUE(r->complete);
    EXPECT_EQ(r->body_bytes, 10'000U);
  }
}

TEST_F(OriginClient, InterimResponsesGoFirstAndLeaveNoTrace) {
  ScriptedServer server([](Connection& c) {
    c.read_head();
    c.write(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n"
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 104 Odd\r\nX: 1\r\n\r\n");
    c.write(ok("done"));
  });
  const Recorder r = fetch(server.url());
  ASSERT_TRUE(r.complete);
  ASSERT_EQ(r.interims.size(), 2U);
  EXPECT_EQ(r.interims[0].first, 103);
  const Recorder::FieldList links = {{"Link", "</a>"}, {"Link", "</b>"}};
  EXPECT_EQ(r.interims[0].second, links);
  EXPECT_EQ(r.interims[1].first, 102);
  EXPECT_EQ(r.fields.size(), 1U);
  EXPECT_EQ(r.body, "done");
}

TEST_F(OriginClient, MethodsAreSentAsTheyAre) {
  for (const char* method : {"OPTIONS", "DELETE", "PROPFIND", "x-odd"}) {
    std::promise<std::string> head;
    ScriptedServer server([&](Connection& c) {
      head.set_value(c.read_head());
      c.write(ok("fine"));
    });
    auto request = get(group(server.url()), "*");
    request.method = method;
    EXPECT_EQ(fetch(std::move(request)).body, "fine");
    EXPECT_THAT(head.get_future().get(), StartsWith(std::string(method) + " * HTTP/1.1\r\n"));
  }
}

TEST_F(OriginClient, WhatWouldFrameTheRequestTwiceIsNotSent) {
  ScriptedServer server(ok("x"));
  const auto servers = group(server.url());
  const auto refused = [&](auto&& spoil) {
    auto request = get(servers);
    spoil(request);
    const Recorder r = fetch(std::move(request));
    return r.error && r.error->code == ErrorCode::BadRequest && r.error->side == Side::Client;
  };
  using R = origin::Request;
  EXPECT_TRUE(refused([](R& r) { r.target = "/ HTTP/1.1\r\nX: y"; }));
  EXPECT_TRUE(refused([](R& r) { r.target = ""; }));
  EXPECT_TRUE(refused([](R& r) { r.method = "GET /x"; }));
  EXPECT_TRUE(refused([](R& r) { r.authority = "a\r\nb"; }));
  EXPECT_TRUE(refused([](R& r) { r.fields = {{"X", "a\nb"}}; }));
  EXPECT_TRUE(refused([](R& r) { r.fields = {{"X", std::string("a\0b", 3)}}; }));
  EXPECT_TRUE(refused([](R& r) { r.fields = {{"X:Y", "a"}}; }));
  EXPECT_TRUE(refused([](R& r) { r.fields = {{"", "a"}}; }));
  EXPECT_TRUE(refused([](R& r) { r.target = "/" + std::string(9'000'000, 'x'); }));
  EXPECT_TRUE(refused([](R& r) { r.fields = {{"X", std::string(600'000, 'x')}}; }));
  EXPECT_EQ(server.accepted(), 0);
}

TEST_F(OriginClient, FramingAmongTheFieldsIsLeftOut) {
  std::promise<std::string> head;
  ScriptedServer server([&](Connection& c) {
    head.set_value(c.read_head());
    c.write(ok(""));
  });
  auto request = get(group(server.url()));
  request.fields = {{"Content-Length", "9"},
                    {"transfer-encoding", "chunked"},
                    {"HOST", "evil"},
                    {"Expect", "100-continue"}};
  EXPECT_TRUE(fetch(std::move(request)).complete);
  EXPECT_EQ(head.get_future().get(), "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n");
}

TEST_F(OriginClient, ACallMayBeDestroyedAndAnotherStartedInItsLastCallback) {
  ScriptedServer server(ok("x"));
  const auto servers = group(server.url());
  Recorder first;
  Recorder second;
  std::unique_ptr<origin::Call> call;
  std::unique_ptr<origin::Call> next;
  first.at_end = [&] {
    call.reset();
    next = upstream().start(get(servers), second);
  };
  call = upstream().start(get(servers), first);
  EXPECT_TRUE(run_until(io, [&] { return second.done(); }));
  EXPECT_TRUE(first.complete && second.complete);
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(OriginClient, ANameIsResolvedWithoutBlocking) {
  ScriptedServer server(ok("x"));
  EXPECT_TRUE(fetch("http://localhost:" + std::to_string(server.port())).complete);
}

TEST_F(OriginClient, TheClientMayGoBeforeItsCalls) {
  ScriptedServer server([](Connection& c) { c.read_to_end(); });
  const auto servers = group(server.url());
  Recorder waiting;
  Recorder fresh;
  const auto call = upstream().start(get(servers), waiting);
  EXPECT_TRUE(run_until(io, [&] { return server.accepted() == 1; }));
  const auto late = upstream().start(get(servers), fresh);
  upstream_.reset();
  io.restart();
  io.poll();
  call->resume_response();
  EXPECT_FALSE(waiting.done() || fresh.done());
  EXPECT_EQ(servers->status(clock.ticks())[0].outstanding, 0U);
}

}  // namespace
}  // namespace brink::test
