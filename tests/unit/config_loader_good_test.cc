// Files without mistakes, and what is in the options afterwards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "config_support.h"

namespace brink::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Options options_of(const std::string& text) {
  const LoadResult result = load_text(text, "f.yaml");
  EXPECT_THAT(lines_of(result), IsEmpty()) << text;
  return result.options;
}

TEST(ConfigGood, ListenAndOneOriginAreComplete) {
  const Options options = options_of(std::string(kRest));
  ASSERT_EQ(options.listen.size(), 1U);
  EXPECT_EQ(options.listen[0].address, "127.0.0.1:0");
  EXPECT_FALSE(options.listen[0].tls);
  ASSERT_EQ(options.sites.size(), 1U);
  EXPECT_EQ(options.sites[0].name, "default");
  EXPECT_THAT(options.sites[0].hosts, ElementsAre("*"));
  EXPECT_THAT(options.sites[0].origin.servers, ElementsAre("http://10.0.0.1:80"));
  EXPECT_EQ(options.cache.memory, 256ULL << 20U);
  EXPECT_EQ(options.admin.address, "127.0.0.1:9901");
  EXPECT_EQ(options.access_log.to, "stdout");
}

TEST(ConfigGood, EverySectionIsRead) {
  ::setenv("BRINK_TEST_TOKEN", "0123456789abcdef0123", 1);
  const Options options = options_of(
      "node: {name: fra-1, pop: fra, role: edge, workers: 4, shutdown_grace: 5s, peers: "
      "[10.0.0.0/8]}\n"
      "limits: {header_timeout: 250ms, header_bytes: 64KiB, body_bytes: 1GB, connections: 7}\n"
      "admin: {address: \"[::1]:0\", tokens: [{name: a, token_env: BRINK_TEST_TOKEN, may: "
      "[operate, read]}]}\n"
      "cache: {memory: 1GiB, max_response: 100MB, fetches: 3}\n"
      "tier: {regional: [\"http://r:80\"], bounded_load: 1.5, fall_back_to_origin: false, "
      "upstream: {retries: 0}}\n"
      "access_log: {to: /var/log/b, sample: 0.25, redact_query: [\"*\"], queue: 9}\n"
      "listen: [{address: \"0.0.0.0:80\"}, {address: \"[::]:80\"}]\n"
      "sites: [{hosts: [Shop.Example, \"*.b.example\"], origin: {servers: [\"https://o\"], "
      "balance: least_outstanding,\n"
      "  host: \"o:81\", tls: {verify: true, server_name: x}, total_timeout: 1d, health: {path: "
      "/h}}}]\n");
  EXPECT_EQ(options.node.name, "fra-1");
  EXPECT_EQ(options.node.workers, 4U);
  EXPECT_EQ(options.node.shutdown_grace, Millis{5'000});
  EXPECT_THAT(options.node.peers, ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(options.limits.header_timeout, Millis{250});
  EXPECT_EQ(options.limits.header_bytes, 65'536U);
  EXPECT_EQ(options.limits.body_bytes, 1'000'000'000U);
  EXPECT_EQ(options.limits.connections, 7U);
  ASSERT_EQ(options.admin.tokens.size(), 1U);
  EXPECT_EQ(options.admin.tokens[0].secret, "0123456789abcdef0123");
  EXPECT_THAT(options.admin.tokens[0].may, ElementsAre(AdminRight::Operate, AdminRight::Read));
  EXPECT_THAT(options.admin.tokens[0].sites, ElementsAre("*"));
  EXPECT_EQ(options.cache.max_response, 100'000'000U);
  EXPECT_THAT(options.tier.regional, ElementsAre("http://r:80"));
  EXPECT_EQ(options.tier.bounded_load, 1.5);
  EXPECT_FALSE(options.tier.fall_back_to_origin);
  EXPECT_EQ(options.tier.upstream.retries, 0U);
  EXPECT_EQ(options.access_log.to, "/var/log/b");
  EXPECT_EQ(options.access_log.sample, 0.25);
  EXPECT_EQ(options.access_log.queue, 9U);
  ASSERT_EQ(options.sites.size(), 1U);
  EXPECT_THAT(options.sites[0].hosts, ElementsAre("shop.example", "*.b.example"));
  EXPECT_EQ(options.sites[0].origin.balance, Balance::LeastOutstanding);
  EXPECT_EQ(options.sites[0].origin.host, "o:81");
  EXPECT_EQ(options.sites[0].origin.tls.server_name, "x");
  EXPECT_EQ(options.sites[0].origin.total_timeout, Millis{86'400'000});
  EXPECT_EQ(options.sites[0].origin.health.path, "/h");
}

TEST(ConfigGood, ProxiesInFrontAndTlsToUpstreams) {
  const TestFolder folder;
  const KeyPair pair = make_key_pair();
  folder.write("own.pem", pair.certificate);
  folder.write("own.key", pair.key);
  const std::string file = folder.write("brink.yaml",
      "listen: [{address: \"127.0.0.1:0\", proxy_protocol: [10.0.0.0/8, \"fd00::/8\"]}]\n"
      "sites: [{origin: {servers: [\"https://o\"], tls: {certificate: own.pem, key: own.key, min_version: 1.3,\n"
      "  pins: [\"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]}}}]\n");
  const LoadResult result = load_file(file);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result.options.listen[0].proxy_protocol, ElementsAre("10.0.0.0/8", "fd00::/8"));
  const UpstreamTlsOptions& tls = result.options.sites[0].origin.tls;
  EXPECT_EQ(tls.certificate, folder.path("own.pem"));
  EXPECT_EQ(tls.key, folder.path("own.key"));
  EXPECT_EQ(tls.min_version, UpstreamTlsVersion::Tls13);
  EXPECT_EQ(tls.pins.size(), 1U);
}

// Wherever in the file the rules stand.
TEST(ConfigGood, PathRulesBeginAsTheSites) {
  const Options options = options_of(
      "listen: [{address: \"127.0.0.1:0\"}]\n"
      "sites:\n"
      "  - paths:\n"
      "      - {path: /a/*, freshness: 5m}\n"
      "      - {path: /b/*, bypass: true, store_set_cookie: true}\n"
      "    rules: {store_set_cookie: false, ignore_query: true, stale_if_unreachable: 0}\n"
      "    origin: {servers: [\"http://o:1\"]}\n");
  ASSERT_EQ(options.sites.at(0).paths.size(), 2U);
  const PathRule& first = options.sites[0].paths[0];
  EXPECT_EQ(first.path, "/a/*");
  EXPECT_EQ(first.rules.freshness, Millis{300'000});
  EXPECT_FALSE(first.rules.store_set_cookie);
  EXPECT_TRUE(first.rules.ignore_query);
  EXPECT_EQ(first.rules.stale_if_unreachable, Millis{0});
  const PathRule& second = options.sites[0].paths[1];
  EXPECT_TRUE(second.rules.bypass);
  EXPECT_TRUE(second.rules.store_set_cookie);
  EXPECT_FALSE(second.rules.freshness);
}

TEST(ConfigGood, AccessLogMayBeOneWord) {
  EXPECT_EQ(options_of("access_log: none\n" + std::string(kRest)).access_log.to, "none");
  EXPECT_EQ(options_of("access_log: /var/log/x\n" + std::string(kRest)).access_log.to,
            "/var/log/x");
}

TEST(ConfigGood, AdminMayBeOff) {
  EXPECT_EQ(options_of("admin: {address: none}\n" + std::string(kRest)).admin.address, "");
  EXPECT_EQ(options_of("admin: {address: \"\"}\n" + std::string(kRest)).admin.address, "");
}

TEST(ConfigGood, LargestResponseFollowsASmallMemory) {
  EXPECT_EQ(options_of("cache: {memory: 16MiB}\n" + std::string(kRest)).cache.max_response,
            4ULL << 20U);
  EXPECT_EQ(options_of("cache: {memory: 1GiB}\n" + std::string(kRest)).cache.max_response,
            64ULL << 20U);
}

TEST(ConfigGood, AnchorsAndAliasesWork) {
  const Options options = options_of(
      "listen: [{address: \"127.0.0.1:0\"}]\n"
      "sites:\n"
      "  - {name: a, hosts: [a.example], origin: &o {servers: [\"http://o:1\"], retries: 7}}\n"
      "  - {name: b, hosts: [b.example], origin: *o}\n");
  EXPECT_EQ(options.sites.at(1).origin.retries, 7U);
}

TEST(ConfigGood, WindowsLineEndsAndAByteOrderMark) {
  const Options options = options_of("\xEF\xBB\xBFnode:\r\n  name: fra-1\r\n" + std::string(kRest));
  EXPECT_EQ(options.node.name, "fra-1");
}

// Advice for `brink check`: once per file, and silent when the site has said either way.
TEST(ConfigGood, RecommendsAboutSetCookieOnce) {
  const auto notes = [](const std::string& rules) {
    const LoadResult result = load_text(
        "listen: [{address: \"127.0.0.1:0\"}]\nsites:\n"
        "  - {name: a, hosts: [a.example], origin: {servers: [\"http://o:1\"]}" +
            rules +
            "}\n"
            "  - {name: b, hosts: [b.example], origin: {servers: [\"http://o:1\"]}" +
            rules + "}\n",
        "f.yaml");
    EXPECT_TRUE(result.ok());
    return result.diagnostics;
  };
  const auto advice = notes("");
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(
      to_string(advice[0]).rfind(
          "f.yaml:3:5: note: sites[0].rules: if site 'a' has logins, set store_set_cookie: false",
          0),
      0U);
  EXPECT_THAT(notes(", rules: {store_set_cookie: true}"), IsEmpty());
  EXPECT_THAT(notes(", rules: {bypass: true}"), IsEmpty());
}

class ConfigExample : public ::testing::TestWithParam<const char*> {};

TEST_P(ConfigExample, LoadsWithoutAWord) {
  ::setenv("BRINK_ADMIN_TOKEN", "0123456789abcdef0123", 1);
  ::setenv("BRINK_SHOP_TOKEN", "abcdef01234567890123", 1);
  const TestFolder folder;
  const KeyPair pair = make_key_pair({.common_name = "shop.example.com"});
  folder.write("cert.pem", pair.certificate);
  folder.write("key.pem", pair.key);
  const std::string name = GetParam();
  const std::string copy =
      folder.write(name, read_text(repository_path("config/examples/" + name)));
  const LoadResult result = load_file(copy);
  EXPECT_TRUE(result.ok());
  EXPECT_THAT(lines_of(result), IsEmpty());
  EXPECT_FALSE(result.options.sites.empty());
  for (const ListenOptions& listener : result.options.listen) {
    if (!listener.tls) continue;
    EXPECT_EQ(listener.tls->certificate, folder.path("cert.pem"));
  }
}

INSTANTIATE_TEST_SUITE_P(All, ConfigExample,
                         ::testing::Values("minimal.yaml", "edge.yaml", "regional.yaml"));

}  // namespace
}  // namespace brink::config
