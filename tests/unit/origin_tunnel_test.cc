#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "origin/tunnel.h"
#include "tests/unit/origin_certificates.h"
#include "tests/unit/origin_client_harness.h"
#include "tests/unit/origin_scripted_server.h"

namespace brink::test {
namespace {

namespace net = boost::asio;
using origin::RawStream;
using Connected = Result<std::unique_ptr<RawStream>>;

ScriptedServer::Script echo() {
  return [](Connection& c) {
    for (;;) {
      const std::string byte = c.read_exactly(1);
      if (byte.empty() || byte == "." || !c.write(byte)) return;
    }
  };
}

class Tunnels : public testing::Test {
 protected:
  template <class T>
  T run(net::awaitable<T> coroutine) {
    std::optional<T> result;
    net::co_spawn(io, std::move(coroutine),
                  [&](std::exception_ptr, T value) { result.emplace(std::move(value)); });
    EXPECT_TRUE(run_until(io, [&] { return result.has_value(); }));
    return std::move(*result);
  }
  Connected connect(const config::UpstreamOptions& options) {
    servers = origin::ServerGroup::create(options, nullptr);
    return run(origin::connect_raw(servers, clock));
  }
  std::string read(RawStream& stream, std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) {
      char some[64];
      const auto count = run(stream.read_some(some, sizeof some));
      if (!count || *count == 0) break;
      bytes.append(some, *count);
    }
    return bytes;
  }

  net::io_context io{1};
  SystemClock clock;
  std::shared_ptr<origin::ServerGroup> servers;
};

TEST_F(Tunnels, BytesBothWaysToTheEnd) {
  ScriptedServer server(echo());
  const Connected stream = connect(options_for({server.url()}));
  ASSERT_TRUE(stream);
  EXPECT_EQ(run((*stream)->write_all("hello")).value(), 5U);
  EXPECT_EQ(read(**stream, 5), "hello");
  EXPECT_EQ(run((*stream)->write_all(".")).value(), 1U);
  char byte;
  EXPECT_EQ(run((*stream)->read_some(&byte, 1)).value(), 0U);
  EXPECT_EQ(servers->status(clock.ticks())[0].outstanding, 0U);
}

TEST_F(Tunnels, TheNextServerWhereOneFails) {
  ScriptedServer server(echo());
  EXPECT_TRUE(connect(options_for({refused_url(), server.url()})));
  const Connected refused = connect(options_for({refused_url()}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::ConnectionRefused);
  EXPECT_EQ(connect(options_for({})).error().code, ErrorCode::NoServerAvailable);
  EXPECT_EQ(connect(options_for({"http://" + std::string(70, 'a')})).error().code,
            ErrorCode::DnsError);
}

TEST_F(Tunnels, AName) {
  ScriptedServer server(echo());
  EXPECT_TRUE(connect(options_for({"http://localhost:" + std::to_string(server.port())})));
}

TEST_F(Tunnels, OverTls) {
  Authority authority;
  const TlsContext context =
      authority.server("DNS:inner.example,IP:127.0.0.1", "\x02h2\x08http/1.1");
  ScriptedServer server([&](Connection& c) {
    if (c.start_tls(context.get())) echo()(c);
    c.close_tls();
  });
  auto options = options_for({server.url("https")});
  options.tls.ca = authority.file();
  for (const char* name : {"", "inner.example"}) {
    options.tls.server_name = name;
    const Connected stream = connect(options);
    ASSERT_TRUE(stream) << name << stream.error().what;
    EXPECT_EQ(run((*stream)->write_all("hello")).value(), 5U);
    EXPECT_EQ(read(**stream, 5), "hello");
  }
  options.tls.server_name = "wrong.example";
  EXPECT_EQ(connect(options).error().code, ErrorCode::TlsCertificateError);
  options.tls.verify = false;
  EXPECT_TRUE(connect(options));
  options.tls = {};
  EXPECT_EQ(connect(options).error().code, ErrorCode::TlsCertificateError);
}

TEST_F(Tunnels, OurCertificateAndTheirPin) {
  Authority authority;
  const TlsContext context = authority.server("IP:127.0.0.1", "\x08http/1.1");
  authority.demand_certificate(context.get());
  ScriptedServer server([&](Connection& c) {
    if (c.start_tls(context.get())) echo()(c);
    c.close_tls();
  });
  const ClientFiles own(authority);
  auto options = options_for({server.url("https")});
  options.tls.ca = authority.file();
  options.tls.certificate = own.certificate();
  options.tls.key = own.key();
  options.tls.pins = {pin_of(context.get())};
  const Connected stream = connect(options);
  ASSERT_TRUE(stream) << stream.error().what;
  EXPECT_EQ(run((*stream)->write_all("hello")).value(), 5U);
  EXPECT_EQ(read(**stream, 5), "hello");
  options.tls.pins = {kOtherPin};
  EXPECT_EQ(connect(options).error().code, ErrorCode::TlsCertificateError);
  options.tls.pins.push_back(pin_of(context.get()));  // one of several
  EXPECT_TRUE(connect(options));
  options.tls.min_version = config::UpstreamTlsVersion::Tls13;
  EXPECT_TRUE(connect(options));
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  EXPECT_EQ(connect(options).error().code, ErrorCode::TlsAlertReceived);
}

TEST_F(Tunnels, AHandshakeThatNeverEnds) {
  ScriptedServer server([](Connection& c) { c.read_to_end(); });
  auto options = options_for({server.url("https")});
  options.connect_timeout = Millis{150};
  EXPECT_EQ(connect(options).error().code, ErrorCode::ConnectionTimeout);
}

TEST_F(Tunnels, CloseWakesTheReader) {
  ScriptedServer server(echo());
  const Connected stream = connect(options_for({server.url()}));
  ASSERT_TRUE(stream);
  char byte;
  std::optional<Result<std::size_t>> result;
  net::co_spawn(io, (*stream)->read_some(&byte, 1),
                [&](std::exception_ptr, Result<std::size_t> value) { result.emplace(value); });
  io.restart();
  io.poll();
  EXPECT_FALSE(result);
  (*stream)->close();
  ASSERT_TRUE(run_until(io, [&] { return result.has_value(); }));
  EXPECT_FALSE(*result);
}

}  // namespace
}  // namespace brink::test
