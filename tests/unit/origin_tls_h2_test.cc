// TLS toward the upstream, and HTTP/2 in both its forms.

#include <gmock/gmock.h>

#include <future>

#include "origin/client.h"
#include "tests/unit/origin_certificates.h"
#include "tests/unit/origin_client_harness.h"
#include "tests/unit/origin_h2_peer.h"
#include "tests/unit/origin_scripted_server.h"

namespace brink::test {
namespace {

using Flow = origin::Handler::Flow;

class OriginTls : public ClientTest {
 protected:
  origin::Upstream& upstream() override { return *upstream_; }
  config::UpstreamOptions trusting(const ScriptedServer& server, const Authority& authority) {
    auto options = options_for({server.url("https")});
    options.tls.ca = authority.file();
    return options;
  }
  std::unique_ptr<origin::Upstream> upstream_ = origin::make_origin_upstream(io, clock, metrics);
};
using OriginH2 = OriginTls;

ScriptedServer::Script over_tls(SSL_CTX* context, std::function<void(Connection&)> then) {
  return [context, then](Connection& c) {
    if (c.start_tls(context)) then(c);
    c.close_tls();
  };
}

TEST_F(OriginTls, APrivateAuthorityIsTrustedForItsNames) {
  Authority authority;
  const TlsContext context = authority.server("IP:127.0.0.1", "\x08http/1.1");
  ScriptedServer server(over_tls(context.get(), [](Connection& c) { c.answer_all(ok("secret")); }));
  const auto servers = group(trusting(server, authority));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(fetch(get(servers)).body, "secret");
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(OriginTls, TheConfiguredNameIsSentAndVerified) {
  Authority authority;
  const TlsContext context = authority.server("DNS:inner.example");
  std::string name;
  ScriptedServer server(over_tls(context.get(), [&](Connection& c) {
    name = c.server_name();
    c.answer_all(ok("named"));
  }));
  auto options = trusting(server, authority);
  options.tls.server_name = "inner.example";
  const auto servers = group(options);
  EXPECT_EQ(fetch(get(servers)).body, "named");
  EXPECT_EQ(fetch(get(servers)).body, "named");
  EXPECT_EQ(server.accepted(), 1);
  server.stop();
  EXPECT_EQ(name, "inner.example");
}

TEST_F(OriginTls, WhatCannotBeVerifiedIsATlsErrorUnlessVerificationIsOff) {
  Authority authority;
  Authority stranger;
  const TlsContext context = authority.server("DNS:other.example");
  ScriptedServer server(over_tls(context.get(), [](Connection& c) { c.answer_all(ok("x")); }));
  auto wrong_name = trusting(server, authority);
  auto wrong_authority = trusting(server, stranger);
  wrong_authority.tls.server_name = "other.example";
  auto system_authorities = options_for({server.url("https")});
  system_authorities.tls.server_name = "other.example";
  auto no_file = trusting(server, authority);
  no_file.tls.ca = "/nonexistent/ca.pem";
  for (const auto& options : {wrong_name, wrong_authority, system_authorities, no_file}) {
    const Recorder r = fetch(get(group(options)));
    ASSERT_TRUE(r.error);
    // Of an authority of the same name and another key, OpenSSL finds only that the signature cannot be read.
    const bool none_or_same_name = options.tls.ca != authority.file() && !options.tls.ca.empty();
    EXPECT_EQ(r.error->code, none_or_same_name ? ErrorCode::TlsError : ErrorCode::TlsCertificateError);
    EXPECT_EQ(r.error->side, Side::Upstream);
  }
  auto off = options_for({server.url("https")});
  off.tls.verify = false;
  EXPECT_EQ(fetch(get(group(off))).body, "x");
  // A connection that was not verified never serves a group that asks for it.
  EXPECT_TRUE(fetch(get(group(wrong_name))).error);
}

TEST_F(OriginTls, AServerThatDemandsACertificate) {
  Authority authority;
  Authority stranger;
  for (const int newest : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsContext context = authority.server("IP:127.0.0.1", "\x08http/1.1");
    SSL_CTX_set_max_proto_version(context.get(), newest);
    authority.demand_certificate(context.get());
    ScriptedServer server(over_tls(context.get(), [](Connection& c) { c.answer_all(ok("known")); }));
    const ClientFiles own(authority);
    const ClientFiles foreign(stranger);
    auto options = trusting(server, authority);
    EXPECT_EQ(fetch(get(group(options))).error.value().code, ErrorCode::TlsAlertReceived) << newest;
    options.tls.certificate = foreign.certificate();
    options.tls.key = foreign.key();
    EXPECT_EQ(fetch(get(group(options))).error.value().code, ErrorCode::TlsAlertReceived) << newest;
    options.tls.certificate = own.certificate();
    options.tls.key = own.key();
    EXPECT_EQ(fetch(get(group(options))).body, "known") << newest;
    // The connection that is open now is ours by that certificate: nobody else gets it.
    EXPECT_TRUE(fetch(get(group(trusting(server, authority)))).error) << newest;
  }
}

TEST_F(OriginTls, FilesAreReadWhenTheGroupIsMade) {
  Authority authority;
  Authority stranger;
  const TlsContext context = authority.server("IP:127.0.0.1", "\x08http/1.1");
  authority.demand_certificate(context.get());
  ScriptedServer server(over_tls(context.get(), [](Connection& c) {
    c.read_head();
    c.write(ok("known", "Connection: close\r\n"));
  }));
  ClientFiles own(authority);
  auto options = trusting(server, authority);
  options.tls.certificate = own.certificate();
  options.tls.key = own.key();
  const auto before = group(options);
  own.renew(stranger);
  const auto after = group(options);
  EXPECT_EQ(fetch(get(before)).body, "known");
  EXPECT_EQ(fetch(get(after)).error.value().code, ErrorCode::TlsAlertReceived);
  own.renew(authority);
  EXPECT_EQ(fetch(get(group(options))).body, "known");
}

TEST_F(OriginTls, AuthoritiesAreReadAnewWithTheGroup) {
  Authority authority;
  Authority stranger;
  const TlsContext context = authority.server("IP:127.0.0.1", "\x08http/1.1");
  ScriptedServer server(over_tls(context.get(), [](Connection& c) {
    c.read_head();
    c.write(ok("x", "Connection: close\r\n"));
  }));
  const ClientFiles folder(authority);
  auto options = trusting(server, authority);
  options.tls.ca = folder.certificate() + ".ca";
  std::filesystem::copy_file(stranger.file(), options.tls.ca);
  EXPECT_TRUE(fetch(get(group(options))).error);
  std::filesystem::copy_file(authority.file(), options.tls.ca, std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(fetch(get(group(options))).body, "x");
}

TEST_F(OriginTls, Pins) {
  Authority authority;
  const TlsContext context = authority.server("IP:127.0.0.1", "\x08http/1.1");
  ScriptedServer server(over_tls(context.get(), [](Connection& c) { c.answer_all(ok("pinned")); }));
  auto options = trusting(server, authority);
  options.tls.pins = {kOtherPin, pin_of(context.get())};
  EXPECT_EQ(fetch(get(group(options))).body, "pinned");
  options.tls.pins = {kOtherPin};
  const Recorder r = fetch(get(group(options)));
  EXPECT_EQ(r.error.value().code, ErrorCode::TlsCertificateError);
  EXPECT_EQ(r.error->what, "the server's key is none of tls.pins");
  options.tls.verify = false;  // the pin holds without an authority
  EXPECT_TRUE(fetch(get(group(options))).error);
  options.tls.pins = {pin_of(context.get())};
  EXPECT_EQ(fetch(get(group(options))).body, "pinned");
}

TEST_F(OriginTls, TheOldestVersion) {
  Authority authority;
  const TlsContext context = authority.server("IP:127.0.0.1", "\x08http/1.1");
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  ScriptedServer server(over_tls(context.get(), [](Connection& c) { c.answer_all(ok("old")); }));
  auto options = trusting(server, authority);
  options.tls.min_version = config::UpstreamTlsVersion::Tls13;
  EXPECT_TRUE(fetch(get(group(options))).error);
  options.tls.min_version = config::UpstreamTlsVersion::Tls12;
  EXPECT_EQ(fetch(get(group(options))).body, "old");
}

TEST_F(OriginTls, PlainTextWhereTlsIsExpected) {
  ScriptedServer server([](Connection& c) {
    c.read_exactly(5);
    c.write(ok("not encrypted"));
  });
  auto options = options_for({server.url("https")});
  EXPECT_EQ(fetch(get(group(options))).error.value().code, ErrorCode::TlsError);
}

TEST_F(OriginTls, ABodyCutWithoutAnAlertIsIncomplete) {
  Authority authority;
  const TlsContext context = authority.server("IP:127.0.0.1");
  ScriptedServer server([&](Connection& c) {
    if (!c.start_tls(context.get())) return;
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\n\r\nhalf");
  });
  const Recorder r = fetch(get(group(trusting(server, authority))));
  ASSERT_TRUE(r.error);
  EXPECT_EQ(r.error->code, ErrorCode::ResponseIncomplete);
}

TEST_F(OriginTls, ABodyEndedByAnAlertIsComplete) {
  Authority authority;
  const TlsContext context = authority.server("IP:127.0.0.1");
  ScriptedServer server(over_tls(context.get(), [](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\n\r\nall of it");
  }));
  const Recorder r = fetch(get(group(trusting(server, authority))));
  EXPECT_TRUE(r.complete);
  EXPECT_EQ(r.body, "all of it");
}

TEST_F(OriginTls, StrayBytesInsideTheSessionAnswerNoRequest) {
  Authority authority;
  const TlsContext context = authority.server("IP:127.0.0.1");
  const std::string stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";
  for (const std::size_t size : {4UL, 100'000UL}) {
    const std::string mine(size, 'm');
    ScriptedServer server(
        over_tls(context.get(), [&](Connection& c) { c.answer_all(ok(mine) + stray); }));
    const auto servers = group(trusting(server, authority));
    for (int i = 0; i < 5; ++i) {
      const Recorder r = fetch(get(servers));
      EXPECT_TRUE(r.body == mine) << size << ": " << r.body.substr(0, 80)
                                  << (r.error ? r.error->what : "");
    }
  }
}

TEST_F(OriginH2, ByAlpn) {
  Authority authority;
  const TlsContext context = authority.server("IP:127.0.0.1", "\x02h2");
  ScriptedServer server(
      over_tls(context.get(), [](Connection& c) { H2Peer(c).answer_all("over h2"); }));
  const auto servers = group(trusting(server, authority));
  for (int i = 0; i < 3; ++i) {
    const Recorder r = fetch(get(servers));
    EXPECT_EQ(r.status, 200);
    EXPECT_EQ(r.body, "over h2");
    EXPECT_EQ(r.content_length, 7U);
  }
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(OriginH2, ByPriorKnowledge) {
  ScriptedServer server([](Connection& c) { H2Peer(c).answer_all(std::string(300'000, 'h')); });
  const auto servers = group(server.url("http+h2c"));
  for (int i = 0; i < 3; ++i) {
    const Recorder r = fetch(get(servers));
    EXPECT_EQ(r.body, std::string(300'000, 'h'));
    EXPECT_EQ(r.attempts, 1U);
  }
}

TEST_F(OriginH2, HeadInterimAndTrailers) {
  Authority authority;
  const TlsContext context = authority.server("IP:127.0.0.1", "\x02h2");
  ScriptedServer server(over_tls(context.get(), [](Connection& c) {
    H2Peer peer(c);
    if (!peer.begin()) return;
    peer.headers(peer.next_request(), 200, true, {{"content-length", "1000"}});
    const std::uint32_t second = peer.next_request();
    peer.headers(second, 103, false, {{"link", "</a>"}});
    peer.headers(second, 200, false, {{"etag", "\"x\""}});
    peer.data(second, "body", false);
    peer.trailers(second);
    peer.next_request();
  }));
  const auto servers = group(trusting(server, authority));
  auto head = get(servers);
  head.method = "HEAD";
  const Recorder first = fetch(std::move(head));
  EXPECT_TRUE(first.complete);
  EXPECT_EQ(first.content_length, 1000U);
  const Recorder second = fetch(get(servers));
  EXPECT_TRUE(second.complete);
  ASSERT_EQ(second.interims.size(), 1U);
  EXPECT_EQ(second.fields.size(), 1U);
  EXPECT_EQ(second.body, "body");
}

TEST_F(OriginH2, Uploads) {
  class Once : public origin::BodySource {
   public:
    State pull(char* into, std::size_t size, std::size_t& count) override {
      count = text.copy(into, size);
      text.erase(0, count);
      return count ? State::Data : State::End;
    }
    std::string text = std::string(200'000, 'u');
  };
  for (const bool sized : {false, true}) {
    std::size_t seen = 0;
    ScriptedServer server([&](Connection& c) {
      H2Peer peer(c);
      if (!peer.begin()) return;
      const std::uint32_t stream = peer.next_request();
      seen = peer.body().size();
      peer.answer(stream, "thanks");
      peer.next_request();
    });
    Once source;
    source.text.resize(60'000);  // within the peer's window, which it never widens
    auto request = get(group(server.url("http+h2c")));
    request.method = "POST";
    request.body = &source;
    if (sized) request.content_length = source.text.size();
    EXPECT_EQ(fetch(std::move(request)).body, "thanks");
    server.stop();
    EXPECT_EQ(seen, 60'000U);
  }
}

TEST_F(OriginH2, ResetStreams) {
  const auto fails = [&](bool in_body) {
    std::promise<void> seen;
    ScriptedServer server([&](Connection& c) {
      H2Peer peer(c);
      if (!peer.begin()) return;
      const std::uint32_t stream = peer.next_request();
      if (in_body) {
        peer.headers(stream, 200, false);
        peer.data(stream, "half", false);
        seen.get_future().wait();
      }
      peer.reset(stream, 2);
      peer.next_request();
    });
    auto options = options_for({server.url("http+h2c")});
    options.retries = 0;
    Recorder r;
    r.at_body = [&](std::string_view) {
      seen.set_value();
      return Flow::Continue;
    };
    const auto call = upstream().start(get(group(options)), r);
    EXPECT_TRUE(run_until(io, [&] { return r.done(); }));
    return r.error.value().code;
  };
  EXPECT_EQ(fails(false), ErrorCode::ConnectionTerminated);
  EXPECT_EQ(fails(true), ErrorCode::ResponseIncomplete);
}

TEST_F(OriginH2, AGoAwayBetweenRequestsCostsNothing) {
  ScriptedServer server([](Connection& c) {
    H2Peer peer(c);
    if (!peer.begin()) return;
    const std::uint32_t stream = peer.next_request();
    peer.answer(stream, "once");
    peer.go_away(static_cast<std::uint8_t>(stream));
    c.read_to_end();
  });
  const auto servers = group(server.url("http+h2c"));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(fetch(get(servers)).body, "once");
}

TEST_F(OriginH2, NotHttp2AtAll) {
  ScriptedServer server(ok("http/1.1 here"));
  EXPECT_TRUE(fetch(get(group(server.url("http+h2c")))).error);
}

TEST_F(OriginH2, APausedResponseHoldsUpNoOther) {
  ScriptedServer server([](Connection& c) { H2Peer(c).answer_all(std::string(2'000'000, 'p')); });
  const auto servers = group(server.url("http+h2c"));
  Recorder paused;
  paused.at_body = [](std::string_view) { return Flow::Pause; };
  const auto call = upstream().start(get(servers), paused);
  ASSERT_TRUE(run_until(io, [&] { return paused.body_bytes > 0; }));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(fetch(get(servers)).body_bytes, 2'000'000U);
  EXPECT_LT(paused.body_bytes, 100'000U);
  paused.at_body = nullptr;
  call->resume_response();
  ASSERT_TRUE(run_until(io, [&] { return paused.done(); }));
  EXPECT_TRUE(paused.complete);
  EXPECT_EQ(paused.body_bytes, 2'000'000U);
}

}  // namespace
}  // namespace brink::test
