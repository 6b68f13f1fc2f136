// Who may reach the log: passwords, tokens, certificates, several servers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "config/runtime/random.h"
#include "purge/nats_log.h"
#include "tests/unit/origin_certificates.h"
#include "tests/unit/purge_nats_support.h"

#ifdef __SANITIZE_THREAD__
// When libnats closes an encrypted connection, the closing thread sends what is left and shuts the
// socket down; its reading thread sees that and ends the TLS session, with the same OpenSSL object.
// The socket orders the two, which ThreadSanitizer cannot see. Both are libnats' threads' business:
// no code of ours touches a TLS object here.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:libssl.so\nrace:libcrypto.so\n";
}
#endif

namespace brink::purge::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A server's certificate and key as files.
struct ServerFiles {
  ServerFiles(brink::test::Authority& authority, const std::string& names)
      : folder(std::filesystem::temp_directory_path() /
               ("brink-nats-tls-" + std::to_string(secure_random()))) {
    std::filesystem::create_directory(folder);
    const brink::test::TlsContext context = authority.server(names);
    FILE* file = std::fopen(certificate().c_str(), "w");
    CHECK(file && PEM_write_X509(file, SSL_CTX_get0_certificate(context.get())) == 1);
    std::fclose(file);
    file = std::fopen(key().c_str(), "w");
    CHECK(file && PEM_write_PrivateKey(file, SSL_CTX_get0_privatekey(context.get()), nullptr,
                                       nullptr, 0, nullptr, nullptr) == 1);
    std::fclose(file);
  }
  ~ServerFiles() { std::filesystem::remove_all(folder); }
  ServerFiles(const ServerFiles&) = delete;
  ServerFiles& operator=(const ServerFiles&) = delete;

  std::string certificate() const { return folder / "cert.pem"; }
  std::string key() const { return folder / "key.pem"; }
  // For the server's configuration; `more`: such as "verify: true".
  std::string setup(const std::string& more = {}) const {
    return "tls { cert_file: \"" + certificate() + "\", key_file: \"" + key() + "\" " + more + "}";
  }

  std::filesystem::path folder;
};

void expect_works(const config::PurgeOptions& options) {
  const SystemClock clock;
  Node node(options, "a", clock);
  append_now(*node.log, purge_record("p-1"));
  EXPECT_TRUE(node.seen.wait_for_id("p-1"));
  EXPECT_TRUE(node.seen.wait_for_proof_after(Ticks{}));
}

// All of them at once: each takes as long as an append may.
void expect_refused(const std::vector<config::PurgeOptions>& all) {
  const SystemClock clock;
  MetricsRegistry metrics;
  std::vector<std::shared_ptr<Log>> logs;
  std::vector<std::future<Result<std::uint64_t>>> results;
  for (const config::PurgeOptions& options : all) {
    std::string message;
    logs.push_back(open_nats_log(options, "a", clock, metrics, message));
    ASSERT_NE(logs.back(), nullptr) << message;
    results.push_back(append(*logs.back(), purge_record("p-1")));
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto result = results[i].get();
    ASSERT_FALSE(result.has_value()) << "options " << i;
    EXPECT_EQ(result.error().code, ErrorCode::NoServerAvailable) << "options " << i;
    EXPECT_EQ(logs[i]->id(), "");
  }
}

TEST(NatsAccess, UserAndPassword) {
  NatsServer server({"", "authorization { user: brink, password: \"s3cret word\" }"});
  ASSERT_TRUE(server.start()) << server.standard_error();
  config::PurgeOptions good = options_for(server);
  good.nats.user = "brink";
  good.nats.password = "s3cret word";
  expect_works(good);
  config::PurgeOptions wrong = good, none = options_for(server);
  wrong.nats.password = "guess";
  expect_refused({wrong, none});
}

TEST(NatsAccess, Token) {
  NatsServer server({"", "authorization { token: \"t0ken\" }"});
  ASSERT_TRUE(server.start()) << server.standard_error();
  config::PurgeOptions good = options_for(server);
  good.nats.password = "t0ken";
  expect_works(good);
}

// libnats gives a connection up for good when it is refused twice.
TEST(NatsAccess, ARefusalWhileItRunsIsNotForEver) {
  NatsServer server({"", "authorization { token: \"t0ken\" }"});
  ASSERT_TRUE(server.start()) << server.standard_error();
  const SystemClock clock;
  config::PurgeOptions options = options_for(server);
  options.nats.password = "t0ken";
  Node node(options, "a", clock);
  append_now(*node.log, purge_record("p-1"));
  server.kill();
  server.configure("authorization { token: \"another\" }");
  ASSERT_TRUE(server.start()) << server.standard_error();
  EXPECT_FALSE(append(*node.log, purge_record("p-2")).get().has_value());
  server.kill();
  server.configure("authorization { token: \"t0ken\" }");
  ASSERT_TRUE(server.start()) << server.standard_error();
  ASSERT_TRUE(node.seen.wait_for_proof_after(clock.ticks()));
  append_now(*node.log, purge_record("p-3"));
  ASSERT_TRUE(node.seen.wait_for_id("p-3"));
  EXPECT_EQ(node.seen.records().size(), 2U);
}

TEST(NatsAccess, EncryptedWithAServerThatIsWhoItSays) {
  brink::test::Authority authority, stranger;
  const ServerFiles files(authority, "DNS:nats.test,IP:127.0.0.1");
  const ServerFiles elsewhere(authority, "DNS:elsewhere.test");
  NatsServer server({"", files.setup()}), other({"", elsewhere.setup()});
  ASSERT_TRUE(server.start()) << server.standard_error();
  ASSERT_TRUE(other.start()) << other.standard_error();
  config::PurgeOptions good = options_for(server);
  good.nats.url = server.url("tls");
  good.nats.ca = authority.file();
  expect_works(good);
  config::PurgeOptions other_authority = good, other_name = good, no_authority = good;
  other_authority.nats.ca = stranger.file();
  no_authority.nats.ca.clear();  // the system's, which do not know ours
  other_name.nats.url = other.url("tls");
  expect_refused({other_authority, no_authority, other_name});
}

TEST(NatsAccess, ACertificateOfTheNodesOwn) {
  brink::test::Authority authority;
  const ServerFiles files(authority, "IP:127.0.0.1");
  const ServerFiles own(authority, "DNS:fra-1");
  NatsServer server({"", files.setup(", ca_file: \"" + authority.file() + "\", verify: true")});
  ASSERT_TRUE(server.start()) << server.standard_error();
  config::PurgeOptions good = options_for(server);
  good.nats.url = server.url("tls");
  good.nats.ca = authority.file();
  config::PurgeOptions without = good;
  good.nats.certificate = own.certificate();
  good.nats.key = own.key();
  expect_works(good);
  expect_refused({without});
}

TEST(NatsAccess, AServerThatIsNotThereIsPassedOver) {
  NatsServer away, server;
  ASSERT_TRUE(server.start()) << server.standard_error();
  config::PurgeOptions options = options_for(server);
  options.nats.url = away.url() + ", " + server.url();
  expect_works(options);
}

TEST(NatsAccess, FilesThatCannotBeUsedAreSaidAtOnce) {
  const SystemClock clock;
  MetricsRegistry metrics;
  config::PurgeOptions options;
  options.nats.url = "tls://127.0.0.1:4222";
  options.nats.ca = "/nowhere/ca.pem";
  std::string message;
  EXPECT_EQ(open_nats_log(options, "a", clock, metrics, message), nullptr);
  EXPECT_THAT(message, HasSubstr("purge.nats.ca"));
  options.nats.ca.clear();
  options.nats.certificate = options.nats.key = "/nowhere/x.pem";
  EXPECT_EQ(open_nats_log(options, "a", clock, metrics, message), nullptr);
  EXPECT_THAT(message, HasSubstr("purge.nats.certificate"));
}

}  // namespace
}  // namespace brink::purge::tests
