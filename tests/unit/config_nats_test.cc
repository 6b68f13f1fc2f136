// purge.nats: how the shared log is reached, and what contradicts itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "config_support.h"

namespace brink::config {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

LoadResult load_nats(const std::string& keys, const std::string& log = "nats") {
  return load_text("purge: {log: " + log + ", nats: {" + keys + "}}\n" + std::string(kRest), "f");
}

// Errors, and warnings about purge.nats, without their place.
std::vector<std::string> problems(const LoadResult& result) {
  std::vector<std::string> out;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.severity == Severity::Error || diagnostic.message.rfind("purge.nats", 0) == 0)
      out.push_back(diagnostic.message);
  }
  return out;
}

const std::string kUrl = "url: \"nats://a:4222, nats://b:4222\"";
const std::string kTlsUrl = "url: \"tls://a:4222\"";

TEST(ConfigNats, EveryKeyIsRead) {
  ::setenv("BRINK_TEST_NATS", "hunter2 with a space", 1);
  const TestFolder folder;
  const KeyPair pair = make_key_pair();
  const LoadResult result = load_nats(
      kTlsUrl + ", stream: SHOP_purge-1, replicas: 3, user: brink, password_env: BRINK_TEST_NATS" +
      ", ca: " + folder.write("ca.pem", pair.certificate) + ", certificate: " +
      folder.write("cert.pem", pair.certificate) + ", key: " + folder.write("key.pem", pair.key));
  EXPECT_THAT(problems(result), IsEmpty());
  const NatsOptions& nats = result.options.purge.nats;
  EXPECT_EQ(nats.url, "tls://a:4222");
  EXPECT_EQ(nats.stream, "SHOP_purge-1");
  EXPECT_EQ(nats.replicas, 3U);
  EXPECT_EQ(nats.user, "brink");
  EXPECT_EQ(nats.password, "hunter2 with a space");
  EXPECT_EQ(nats.ca, folder.path("ca.pem"));
  EXPECT_EQ(nats.certificate, folder.path("cert.pem"));
  EXPECT_EQ(nats.key, folder.path("key.pem"));
}

TEST(ConfigNats, CredentialsFile) {
  const TestFolder folder;
  const std::string good =
      folder.write("good.creds",
                   "-----BEGIN NATS USER JWT-----\ne\n------END NATS USER JWT------\n"
                   "-----BEGIN USER NKEY SEED-----\nS\n------END USER NKEY SEED------\n");
  EXPECT_THAT(problems(load_nats(kUrl + ", credentials: " + good)), IsEmpty());
  EXPECT_THAT(problems(load_nats(kUrl + ", credentials: " + folder.write("bad.creds", "x"))),
              Contains(HasSubstr("is no NATS credentials file")));
  EXPECT_THAT(problems(load_nats(kUrl + ", credentials: /nowhere/x.creds")),
              Contains(HasSubstr("cannot be read")));
}

TEST(ConfigNats, Contradictions) {
  ::setenv("BRINK_TEST_NATS", "hunter2", 1);
  ::setenv("BRINK_TEST_EMPTY", "", 1);
  ::unsetenv("BRINK_TEST_UNSET");
  struct Row {
    std::string keys;
    std::string expected;
  };
  const std::vector<Row> rows = {
      {kUrl + ", stream: a.b", "purge.nats.stream: expected at most 32 letters"},
      {kUrl + ", stream: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "purge.nats.stream: expected at most"},
      {kUrl + ", replicas: 2", "purge.nats.replicas: expected 1, 3 or 5, found 2"},
      {kUrl + ", replicas: 7", "purge.nats.replicas: expected a whole number from 1 to 5"},
      {kUrl + ", user: u", "purge.nats.user: needs password_env"},
      {kUrl + ", password_env: BRINK_TEST_UNSET",
       "purge.nats.password_env: the environment variable BRINK_TEST_UNSET is not set; it must "
       "hold the token"},
      {kUrl + ", user: u, password_env: BRINK_TEST_EMPTY",
       "purge.nats.password_env: the environment variable BRINK_TEST_EMPTY is empty; it must hold "
       "the password"},
      {kUrl + ", credentials: /nowhere/x, user: u", "purge.nats.user: contradicts credentials"},
      {kUrl + ", credentials: /nowhere/x, password_env: BRINK_TEST_NATS",
       "purge.nats.password_env: contradicts credentials"},
      {kTlsUrl + ", key: k.pem", "purge.nats.key: needs certificate"},
      {kTlsUrl + ", certificate: c.pem", "purge.nats.certificate: needs key"},
      {kTlsUrl + ", certificate: /nowhere/c.pem, key: /nowhere/k.pem",
       "purge.nats.certificate: \"/nowhere/c.pem\": cannot be read"},
      {kTlsUrl + ", ca: /nowhere/c.pem", "purge.nats.ca: \"/nowhere/c.pem\": cannot be read"},
      {kUrl + ", ca: /nowhere/c.pem", "purge.nats.ca: is for tls:// servers"},
      {"url: \"tls://a,nats://b\"", "purge.nats.url: mixes nats:// and tls://"},
      {"url: \"nats://u:secret@a\"", "purge.nats.url: expected nats://host:port"},
  };
  for (const Row& row : rows) {
    const LoadResult result = load_nats(row.keys);
    EXPECT_FALSE(result.ok()) << row.keys;
    EXPECT_THAT(problems(result), Contains(HasSubstr(row.expected))) << row.keys;
    EXPECT_THAT(problems(result), Not(Contains(HasSubstr("secret")))) << row.keys;
    EXPECT_THAT(problems(result), Not(Contains(HasSubstr("hunter2")))) << row.keys;
  }
}

TEST(ConfigNats, IsPointlessWithTheEmbeddedLog) {
  const LoadResult result = load_nats(kUrl + ", password_env: BRINK_TEST_UNSET", "embedded");
  EXPECT_TRUE(result.ok());
  EXPECT_THAT(problems(result), Contains(HasSubstr("purge.nats: has no effect")));
}

}  // namespace
}  // namespace brink::config
