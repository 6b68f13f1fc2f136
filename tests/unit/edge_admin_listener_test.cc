// The admin listener over real loopback connections: routes, framing, limits, stop.

#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>

#include "edge/admin_listener.h"
#include "edge/admin_session.h"
#include "edge/admin_stats.h"
#include "edge/edge_metrics.h"

namespace brink::edge {
namespace {

namespace net = boost::asio;
using net::ip::tcp;

class AdminListenerTest : public ::testing::Test {
 protected:
  void start(config::AdminOptions options = {}) {
    options.address = "127.0.0.1:0";
    AdminHooks hooks;
    hooks.ready = [this] { return ready_.load(); };
    hooks.before_scrape = [this] { scraped_.set(scraped_.value() + 1); };
    hooks.reload = [this](std::string& message) {
      message = "shop.yaml:3:1: error: unknown key";
      return reload_works_.load();
    };
    hooks.nodes_json = [] { return std::string("{\"nodes\":[]}"); };
    hooks.stats_json = [] { return std::string("{}"); };
    std::string message;
    listener_ = AdminListener::start(options, metrics_, hooks, message);
    ASSERT_NE(listener_, nullptr) << message;
  }

  tcp::socket connect() {
    tcp::socket socket(io_);
    socket.connect({net::ip::make_address("127.0.0.1"), listener_->port()});
    return socket;
  }

  // Sends `bytes`, reads until the other side closes.
  std::string exchange(std::string_view bytes) {
    tcp::socket socket = connect();
    boost::system::error_code error;
    net::write(socket, net::buffer(bytes), error);
    std::string out;
    net::read(socket, net::dynamic_buffer(out), error);
    return out;
  }

  std::string get(std::string_view path, std::string_view more = {},
                  std::string_view method = "GET") {
    return exchange(std::string(method) + " " + std::string(path) +
                    " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + std::string(more) +
                    "Connection: close\r\n\r\n");
  }

  MetricsRegistry metrics_;
  Gauge& scraped_ = metrics_.gauge("brink_edge_scraped", "Scrapes.");
  std::atomic<bool> ready_{true};
  std::atomic<bool> reload_works_{true};
  net::io_context io_;
  std::unique_ptr<AdminListener> listener_;
};

bool says(const std::string& response, std::string_view status, std::string_view text) {
  return response.starts_with("HTTP/1.1 " + std::string(status)) &&
         response.find(text) != std::string::npos;
}

TEST_F(AdminListenerTest, AnswersHealthReadinessMetricsAndDashboardWithoutAToken) {
  config::AdminOptions options;
  options.tokens.push_back(
      {.name = "ops", .token_env = "T", .secret = "s", .may = {}, .sites = {}});
  start(options);
  EXPECT_TRUE(says(get("/healthz"), "200", "\r\n\r\nok\n"));
  EXPECT_TRUE(says(get("/readyz"), "200", "ready\n"));
  ready_ = false;
  EXPECT_TRUE(says(get("/readyz"), "503", "not ready"));
  EXPECT_TRUE(says(get("/metrics"), "200", "brink_edge_scraped 1"));
  const std::string page = get("/");
  EXPECT_TRUE(says(page, "200", "Content-Type: text/html"));
  EXPECT_EQ(page.find("https://"), std::string::npos);
  EXPECT_TRUE(says(get("/v1/stats"), "401", "application/problem+json"));
}

TEST_F(AdminListenerTest, HeadHasTheLengthAndNoBody) {
  start();
  const std::string response = get("/healthz", "", "HEAD");
  EXPECT_TRUE(says(response, "200", "Content-Length: 3\r\n"));
  EXPECT_TRUE(response.ends_with("\r\n\r\n"));
}

TEST_F(AdminListenerTest, ReloadSaysWhetherItWorkedAndWhyNot) {
  start();
  EXPECT_TRUE(
      says(get("/v1/reload", "Content-Length: 0\r\n", "POST"), "200", "{\"reloaded\":true}"));
  reload_works_ = false;
  const std::string refused = get("/v1/reload", "Content-Length: 0\r\n", "POST");
  EXPECT_TRUE(says(refused, "422", "shop.yaml:3:1"));
  EXPECT_TRUE(says(get("/v1/reload"), "405", "Allow: POST\r\n"));
}

TEST_F(AdminListenerTest, TokensChangeWithAReload) {
  start();
  EXPECT_TRUE(says(get("/v1/nodes"), "200", "nodes"));
  config::AdminOptions options;
  options.tokens = {{.name = "ops",
                     .token_env = "T",
                     .secret = "new",
                     .may = {config::AdminRight::Read},
                     .sites = {"*"}}};
  listener_->set_access(options);
  EXPECT_TRUE(says(get("/v1/nodes"), "401", "unauthorized"));
  EXPECT_TRUE(says(get("/v1/nodes", "Authorization: Bearer new\r\n"), "200", "nodes"));
}

TEST_F(AdminListenerTest, SeveralRequestsShareAConnection) {
  start();
  const std::string two = exchange(
      "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(two.find("ok\nHTTP/1.1 200 OK"), std::string::npos) << two;
}

TEST_F(AdminListenerTest, RefusesWhatIsMalformedOrTooLarge) {
  struct Row {
    std::string bytes;
    std::string_view status;
  };
  const std::string post = "POST /v1/reload HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  const Row rows[] = {
      {"nonsense\r\n\r\n", "400"},
      {post + "Content-Length: 2000000\r\n\r\n", "413"},
      {post + "X: " + std::string(kAdminHeadBytes, 'x') + "\r\n\r\n", "431"},
      {post + "Transfer-Encoding: gzip\r\n\r\n", "400"},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "400"},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {post + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "200"},
      {post + "Connection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab", "100"},
  };
  start();
  for (const Row& row : rows) {
    EXPECT_TRUE(says(exchange(row.bytes), row.status, "")) << row.bytes.substr(0, 100);
  }
}

TEST_F(AdminListenerTest, MoreConnectionsThanItsBoundAreTurnedAwayAndPlacesComeFree) {
  start();
  std::vector<tcp::socket> sockets;
  constexpr std::string_view kAsk = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t i = 0; i < kAdminConnections; ++i) {
    sockets.push_back(connect());
    net::write(sockets.back(), net::buffer(kAsk));
    std::string out(12, ' ');
    net::read(sockets.back(), net::buffer(out));
    ASSERT_EQ(out, "HTTP/1.1 200");
  }
  EXPECT_FALSE(says(get("/healthz"), "200", ""));
  sockets.clear();
  std::string answer;
  for (int i = 0; i < 1'000 && !says(answer, "200", "ok"); ++i)
    answer = get("/healthz");
  EXPECT_TRUE(says(answer, "200", "ok"));
}

TEST_F(AdminListenerTest, StopsWithConnectionsOpenAndSaysWhyAnAddressIsTaken) {
  start();
  tcp::socket idle = connect();
  tcp::socket half = connect();
  net::write(half, net::buffer(std::string_view("GET /he")));
  config::AdminOptions taken;
  taken.address = "127.0.0.1:" + std::to_string(listener_->port());
  std::string message;
  EXPECT_EQ(AdminListener::start(taken, metrics_, {}, message), nullptr);
  EXPECT_NE(message.find(taken.address), std::string::npos) << message;
  EXPECT_NE(message.find("in use"), std::string::npos) << message;
  listener_.reset();
  taken.address = "127.0.0.1:notaport";
  EXPECT_EQ(AdminListener::start(taken, metrics_, {}, message), nullptr);
}

TEST(AdminStats, SumUpWhatTheShardsCounted) {
  MetricsRegistry registry;
  EdgeMetrics shard1(registry);
  EdgeMetrics shard2(registry);
  NodeFacts facts;
  facts.name = "fra-1";
  EXPECT_TRUE(
      boost::json::parse(stats_json(facts, registry)).at("requests").at("hit_ratio").is_null());
  shard1.count_request(CacheResult::Hit);
  shard1.count_request(CacheResult::Miss);
  shard2.count_request(CacheResult::Stale);
  shard2.count_request(CacheResult::VaryMiss);
  shard2.count_request(CacheResult::Refused);
  shard2.count_limit(Limit::Framing);
  facts.store.bytes_used = 7;
  facts.upstreams.push_back({"shop", {{"http://o:1", true, false, 3}}});
  const auto stats = boost::json::parse(stats_json(facts, registry));
  EXPECT_EQ(stats.at("requests").at("total"), 5);
  EXPECT_EQ(stats.at("requests").at("hit_ratio"), 0.5);
  EXPECT_EQ(stats.at("requests").at("by_result").at("hit"), 1);
  EXPECT_EQ(stats.at("store").at("bytes"), 7);
  EXPECT_EQ(stats.at("limits").as_object().size(), 1U);
  EXPECT_EQ(stats.at("upstreams").at(0).at("servers").at(0).at("outstanding"), 3);
  const auto nodes = boost::json::parse(nodes_json(facts, registry));
  EXPECT_EQ(nodes.at("nodes").at(0).at("name"), "fra-1");
  EXPECT_EQ(nodes.at("nodes").at(0).at("role"), "edge");
}

}  // namespace
}  // namespace brink::edge
