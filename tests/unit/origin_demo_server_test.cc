// The demo origin over a real socket: keep-alive, framing, limits, the routes that misbehave, the
// end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "origin/demo_origin.h"
#include "origin/demo_session.h"
#include "origin_demo_client.h"

namespace brink::origin::demo_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string pattern(std::uint64_t first, std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i)
    bytes[i] = static_cast<char>(demo_byte(first + i));
  return bytes;
}

class DemoServerTest : public ::testing::Test {
 protected:
  void SetUp() override { start({.address = "127.0.0.1:0"}); }
  void start(const DemoOriginOptions& options) {
    auto origin = DemoOrigin::create(options);
    ASSERT_TRUE(origin.has_value());
    origin_ = std::move(*origin);
  }
  // What a fresh connection gets for these bytes, until it is closed.
  std::string raw(std::string_view bytes) {
    Client client(origin_->port());
    client.send(bytes);
    return client.rest();
  }
  std::unique_ptr<DemoOrigin> origin_;
};

TEST_F(DemoServerTest, EveryResponseCarriesDateAndTheCountOfItsUrl) {
  Client client(origin_->port());
  EXPECT_EQ(client.get("/").field("X-Origin-Request"), "1");
  const Response second = client.get("/");
  EXPECT_EQ(second.field("X-Origin-Request"), "2");
  EXPECT_EQ(second.field("X-Origin-Name"), "origin");
  EXPECT_THAT(second.field("Date"), EndsWith(" GMT"));
  EXPECT_EQ(client.get("/?x").field("X-Origin-Request"), "1");
  EXPECT_EQ(client.get("http://shop.test/", "", "HEAD").field("X-Origin-Request"), "3");
  EXPECT_THAT(client.get("/requests").body, HasSubstr("\"/\": 3"));
  EXPECT_EQ(origin_->requests().at("/"), 3U);
  EXPECT_EQ(client.get("/_requests", "", "DELETE").status, 204);
  EXPECT_TRUE(origin_->requests().empty());
}

TEST_F(DemoServerTest, BytesAreWhatTheFormulaSays) {
  Client client(origin_->port());
  EXPECT_EQ(client.get("/bytes/0").body, "");
  EXPECT_EQ(client.get("/bytes/200000").body, pattern(0, 200'000));
  const Response part = client.get("/bytes/4294967296", "Range: bytes=4294967000-\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.field("Content-Range"), "bytes 4294967000-4294967295/4294967296");
  EXPECT_EQ(part.body, pattern(4'294'967'000ULL, 296));
  const Response none = client.get("/bytes/10", "Range: bytes=10-\r\n");
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(none.field("Content-Range"), "bytes */10");
  EXPECT_EQ(client.get("/bytes/4294967297").status, 400);
  EXPECT_EQ(client.get("/bytes/x").status, 400);
  EXPECT_EQ(client.get("/bytes/5?cache=max-age%3D1&tags=a+b").field("Cache-Control"), "max-age=1");
  EXPECT_EQ(client.get("/bytes/5?cache=a%0d%0aX:1").field("X"), "");
}

TEST_F(DemoServerTest, DripIsChunkedPieceByPiece) {
  Client client(origin_->port());
  const Response drip = client.get("/drip?bytes=1000&chunk=300&ms=1");
  EXPECT_EQ(drip.chunks, 4);
  EXPECT_TRUE(drip.complete);
  EXPECT_EQ(drip.body, pattern(0, 1000));
  const Response length = client.get("/drip?bytes=1000&chunk=300&ms=0&length=1");
  EXPECT_EQ(length.field("Content-Length"), "1000");
  EXPECT_EQ(length.body, pattern(0, 1000));
  EXPECT_EQ(client.get("/drip?chunk=0").status, 400);
  EXPECT_EQ(client.get("/drip?bytes=1000000&chunk=1&ms=60000").status, 400);
  EXPECT_EQ(client.get("/drip", "", "HEAD").field("Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.get("/status/204").status, 204);  // the connection is still in step
  client.send("GET /drip?bytes=10&chunk=5&ms=0 HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.rest(), EndsWith("\r\n\r\n" + pattern(0, 10)));
}

TEST_F(DemoServerTest, ResetCutAndGarbage) {
  Client reset(origin_->port());
  reset.send("GET /reset HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(reset.rest(), "");
  EXPECT_TRUE(reset.was_reset());

  Client cut(origin_->port());
  const Response short_one = cut.get("/cut?bytes=100&of=200");
  EXPECT_EQ(short_one.field("Content-Length"), "200");
  EXPECT_EQ(short_one.body, pattern(0, 100));
  EXPECT_FALSE(short_one.complete);

  Client chunked(origin_->port());
  const Response unended = chunked.get("/cut?bytes=100&of=200&chunked=1");
  EXPECT_EQ(unended.body, pattern(0, 100));
  EXPECT_FALSE(unended.complete);

  const std::string get = " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_THAT(raw("GET /garbage" + get), StartsWith("Arr!"));
  EXPECT_THAT(raw("GET /garbage?kind=coding" + get), HasSubstr("Transfer-Encoding: seaweed"));
  EXPECT_GT(raw("GET /garbage?kind=huge" + get).size(), 256U * 1024U);
}

TEST_F(DemoServerTest, EchoSendsTheBodyBack) {
  Client client(origin_->port());
  const std::string body = pattern(0, 300'000);
  EXPECT_EQ(client.post("/echo", body).body, body);
  client.send("PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  EXPECT_TRUE(client.more());  // while the rest has not been sent yet
  client.send("4;x=y\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n");
  const Response chunked = client.read();
  EXPECT_EQ(chunked.body, "abcdefg");
  EXPECT_TRUE(chunked.complete);
  EXPECT_EQ(client.post("/echo", "").body, "");
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read().status, 100);
  client.send("ok");
  EXPECT_EQ(client.read().body, "ok");
}

TEST_F(DemoServerTest, EarlyHintsUpgradeAndHeaders) {
  Client client(origin_->port());
  const Response hints = client.get("/early-hints");
  EXPECT_EQ(hints.status, 103);
  EXPECT_THAT(hints.field("Link"), HasSubstr("rel=preload"));
  EXPECT_EQ(client.read().status, 200);
  EXPECT_THAT(client.get("/headers", "X-A: 1\r\nX-A: \"2\"\r\n").body,
              HasSubstr("[\"X-A\", \"1\"],\n    [\"X-A\", \"\\\"2\\\"\"]"));
  EXPECT_EQ(client.get("/upgrade").status, 426);
  EXPECT_EQ(client.get("/upgrade", "Connection: upgrade\r\nUpgrade: echo\r\n").status, 101);
  client.send("any bytes");
  std::string back;
  while (back.size() < 9 && client.more())
    back = client.taken();
  EXPECT_EQ(back, "any bytes");
}

TEST_F(DemoServerTest, SlowFailRedirectStatus) {
  Client client(origin_->port());
  EXPECT_EQ(client.get("/slow?ms=1").status, 200);
  EXPECT_EQ(client.get("/slow?ms=60001").status, 400);
  std::string seen;
  for (int i = 0; i < 6; ++i)
    seen += client.get("/fail?every=3").status == 503 ? 'f' : '.';
  EXPECT_EQ(seen, "..f..f");
  EXPECT_EQ(client.get("/redirect?to=/about").field("Location"), "/about");
  for (const char* away : {"//evil.test", "/%5Cevil.test", "http://evil.test", "/%0d%0aX:1"}) {
    EXPECT_EQ(client.get("/redirect?to=" + std::string(away)).status, 400) << away;
  }
  for (const int status : {200, 204, 299, 304, 404, 410, 499, 503, 599}) {
    EXPECT_EQ(client.get("/status/" + std::to_string(status)).status, status);
  }
  EXPECT_EQ(client.get("/status/199").status, 400);
  EXPECT_EQ(client.get("/product/7", "", "DELETE").status, 405);
  EXPECT_EQ(client.get("/product/7", "", "OPTIONS").field("Allow"),
            "GET, POST, PUT, HEAD, OPTIONS");
}

TEST_F(DemoServerTest, WhatCouldBeFramedInTwoWaysIsRefused) {
  const std::string_view requests[] = {
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
      "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET nonsense HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
      "\x16\x03\x01 this is no HTTP\r\n\r\n",
  };
  for (const std::string_view request : requests) {
    EXPECT_THAT(raw(request), StartsWith("HTTP/1.1 400 ")) << request;
  }
  const std::string large = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(kDemoHeadBytes, 'x');
  EXPECT_THAT(raw(large), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(raw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(DemoServerTest, PipelinedRequestsAreAnsweredInOrder) {
  Client client(origin_->port());
  client.send(
      "POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "GET /status/201 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /status/202 HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /status/203 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read().status, 404);
  EXPECT_EQ(client.read().status, 201);
  EXPECT_EQ(client.read(true).status, 202);
  const Response last = client.read();
  EXPECT_EQ(last.status, 203);
  EXPECT_EQ(last.field("Connection"), "close");
  EXPECT_EQ(client.rest(), "");
}

TEST_F(DemoServerTest, SlowHeadsAndSilentBodiesAreNotWaitedForLong) {
  start({.address = "127.0.0.1:0", .idle_timeout = Millis{20}});
  EXPECT_EQ(raw(""), "");
  start({.address = "127.0.0.1:0", .header_timeout = Millis{20}, .body_timeout = Millis{20}});
  EXPECT_THAT(raw("GET / HTTP/1.1\r\nHo"), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(raw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"),
              StartsWith("HTTP/1.1 408 "));
}

TEST_F(DemoServerTest, TooManyConnectionsGet503) {
  start({.address = "127.0.0.1:0", .connections = 2});
  Client one(origin_->port());
  Client two(origin_->port());
  EXPECT_EQ(one.get("/now").status, 200);
  EXPECT_EQ(two.get("/now").status, 200);
  EXPECT_THAT(raw(""), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(one.get("/now").status, 200);
}

TEST_F(DemoServerTest, ManyConnectionsAtOnce) {
  std::deque<Client> clients;
  for (int i = 0; i < 300; ++i) {
    Client& client = clients.emplace_back(origin_->port());
    client.send("GET /drip?bytes=100&chunk=50&ms=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  for (Client& client : clients)
    EXPECT_EQ(client.read().body, pattern(0, 100));
  EXPECT_EQ(origin_->requests().at("/drip?bytes=100&chunk=50&ms=1"), 300U);
}

TEST_F(DemoServerTest, EndsWithConnectionsIdleAndBusy) {
  Client idle(origin_->port());
  EXPECT_EQ(idle.get("/now").status, 200);
  Client slow(origin_->port());
  slow.send("GET /slow?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
  Client dripping(origin_->port());
  dripping.send("GET /drip?bytes=10&chunk=1&ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(dripping.more());
  Client full(origin_->port());
  full.send("GET /bytes/4294967296 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(full.more());
  origin_.reset();
  EXPECT_EQ(idle.rest(), "");
  EXPECT_EQ(slow.rest(), "");
}

TEST(DemoOriginCreate, AddressesThatCannotBeAreErrors) {
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "[::1]:x"}) {
    const auto origin = DemoOrigin::create({.address = address});
    ASSERT_TRUE(origin.has_error()) << address;
    EXPECT_EQ(origin.error().code, ErrorCode::Invalid);
  }
  const auto first = DemoOrigin::create({.address = "127.0.0.1:0"});
  ASSERT_TRUE(first.has_value());
  const std::string taken = "127.0.0.1:" + std::to_string((*first)->port());
  EXPECT_TRUE(DemoOrigin::create({.address = taken}).has_error());
}

}  // namespace
}  // namespace brink::origin::demo_test
