// The purge routes over real loopback connections: answers that come later hold nobody up.

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <mutex>

#include "edge/admin_listener.h"
#include "edge/admin_purge.h"
#include "purge/api.h"

namespace brink::edge {
namespace {

namespace net = boost::asio;
using net::ip::tcp;

// Acknowledges when the test says so, on the test's thread.
class HeldLog final : public purge::Log {
 public:
  std::string id() const override { return "held"; }
  void attach(purge::LogListener& listener) override { listener_ = &listener; }
  void detach(purge::LogListener&) override {}
  void append(purge::Record record, Done done) override {
    const std::lock_guard lock(mutex_);
    if (is_open_) return done(Error{.code = ErrorCode::Cancelled, .side = Side::Store});
    held_.push_back({std::move(record), std::move(done)});
    changed_.notify_all();
  }
  void report(purge::Report) override {}
  bool is_local() const override { return true; }

  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_.size() >= count; });
  }
  std::vector<purge::Record> release() {
    std::vector<std::pair<purge::Record, Done>> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    std::vector<purge::Record> out;
    for (auto& [record, done] : held) {
      record.sequence = ++last_;
      listener_->on_record(record, false);
      done(last_);
      out.push_back(record);
    }
    return out;
  }
  void open() {  // holds nothing any more
    const std::lock_guard lock(mutex_);
    is_open_ = true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<purge::Record, Done>> held_;
  bool is_open_ = false;
  std::uint64_t last_ = 0;
  purge::LogListener* listener_ = nullptr;
};

class NoCache final : public purge::Target {
 public:
  purge::Matched apply(const purge::Record&, bool) override { return {1, 10}; }
  void lost_until(std::uint64_t) override {}
};

class AdminPurgeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    service_.start();
    start();
  }
  void TearDown() override {
    listener_.reset();
    log_.open();
    log_.release();
  }
  void start(config::AdminOptions options = {}) {
    listener_.reset();
    options.address = "127.0.0.1:0";
    AdminHooks hooks;
    hooks.purges = &api_;
    std::string message;
    listener_ = AdminListener::start(options, metrics_, hooks, message);
    ASSERT_NE(listener_, nullptr) << message;
  }
  tcp::socket send(std::string_view line, std::string_view body, std::string_view more = {}) {
    tcp::socket socket(io_);
    socket.connect({net::ip::make_address("127.0.0.1"), listener_->port()});
    const std::string bytes =
        std::string(line) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + std::string(more) +
        "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
        std::string(body);
    net::write(socket, net::buffer(bytes));
    return socket;
  }
  static std::string read(tcp::socket& socket) {
    std::string out;
    boost::system::error_code ended;
    net::read(socket, net::dynamic_buffer(out), ended);
    return out;
  }
  std::string ask(std::string_view line, std::string_view body = {}, std::string_view more = {}) {
    tcp::socket socket = send(line, body, more);
    return read(socket);
  }
  static bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }

  static constexpr std::string_view kAll = R"({"all":true})";
  net::io_context io_;
  MetricsRegistry metrics_;
  SystemClock clock_;
  HeldLog log_;
  NoCache cache_;
  purge::Position position_;
  purge::Service service_{{.node = "fra-1", .pop = "fra", .role = "edge", .retain = 10'000},
                          {log_, cache_, position_, clock_, metrics_}};
  purge::Api api_{service_,
                  {.site_of = [](std::string_view) { return std::string("shop"); },
                   .has = [](std::string_view site) { return site == "shop"; }}};
  std::unique_ptr<AdminListener> listener_;
};

TEST_F(AdminPurgeTest, AnAnswerThatComesLaterHoldsNobodyUp) {
  tcp::socket waiting = send("POST /v1/purges", kAll);
  log_.wait_for(1);
  EXPECT_TRUE(ask("GET /healthz").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(has(ask("GET /v1/purges"), R"({"purges":[]})"));
  EXPECT_EQ(log_.release().size(), 1U);
  const std::string answer = read(waiting);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_TRUE(has(answer, R"("state":"done")")) << answer;
}

TEST_F(AdminPurgeTest, WhoAskedIsInTheRecord) {
  tcp::socket first = send("POST /v1/purges", kAll, "Idempotency-Key: abc\r\n");
  log_.wait_for(1);
  const auto records = log_.release();
  EXPECT_EQ(records.at(0).from, "127.0.0.1 at fra-1");
  EXPECT_EQ(records.at(0).by, "anyone");
  EXPECT_TRUE(records.at(0).id.starts_with("k-"));
  const std::string again = ask("POST /v1/purges", kAll, "Idempotency-Key: abc\r\n");
  EXPECT_EQ(again.substr(again.find("\r\n\r\n")), [&] {
    const std::string text = read(first);
    return text.substr(text.find("\r\n\r\n"));
  }());
  EXPECT_TRUE(ask("POST /v1/purges", R"({"host":"a"})", "Idempotency-Key: abc\r\n")
                  .starts_with("HTTP/1.1 422"));
}

TEST_F(AdminPurgeTest, AClientThatHasGoneIsNoHarm) {
  send("POST /v1/purges", kAll).close();
  log_.wait_for(1);
  log_.release();
  EXPECT_TRUE(ask("GET /healthz").starts_with("HTTP/1.1 200"));
}

TEST_F(AdminPurgeTest, AListenerThatHasGoneIsNoHarm) {
  tcp::socket waiting = send("POST /v1/purges", kAll);
  log_.wait_for(1);
  listener_.reset();
  log_.release();
  EXPECT_EQ(read(waiting), "");
}

TEST_F(AdminPurgeTest, CallsThatWaitAreBounded) {
  std::vector<tcp::socket> waiting;
  for (std::size_t i = 0; i < kPurgeCallsWaiting; ++i)
    waiting.push_back(send("POST /v1/purges", kAll));
  log_.wait_for(kPurgeCallsWaiting);
  EXPECT_TRUE(has(ask("POST /v1/purges", kAll), "urn:brink:problem:busy"));
  EXPECT_TRUE(ask("GET /healthz").starts_with("HTTP/1.1 200"));
  log_.release();
  for (tcp::socket& each : waiting)
    EXPECT_TRUE(read(each).starts_with("HTTP/1.1 200"));
  tcp::socket next = send("POST /v1/purges", kAll);
  log_.wait_for(1);  // there is room again
  log_.release();
  EXPECT_TRUE(read(next).starts_with("HTTP/1.1 200"));
}

TEST_F(AdminPurgeTest, RightsAndSites) {
  config::AdminOptions options;
  using config::AdminRight;
  options.tokens = {{.name = "reader", .token_env = "A", .secret = "r", .may = {AdminRight::Read}},
                    {.name = "ci",
                     .token_env = "B",
                     .secret = "p",
                     .may = {AdminRight::Purge},
                     .sites = {"shop"}}};
  start(options);
  const std::string reader = "Authorization: Bearer r\r\n";
  const std::string ci = "Authorization: Bearer p\r\n";
  EXPECT_TRUE(ask("POST /v1/purges", kAll).starts_with("HTTP/1.1 401"));
  EXPECT_TRUE(has(ask("POST /v1/purges", kAll, reader), "right-missing"));
  EXPECT_TRUE(has(ask("PUT /v1/sites/shop/version", kAll, reader), "right-missing"));
  EXPECT_TRUE(has(ask("POST /v1/purges", kAll, ci), "site-not-allowed"));
  EXPECT_TRUE(has(ask("GET /v1/purges", {}, ci), "right-missing"));
  EXPECT_TRUE(ask("GET /v1/purges", {}, reader).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(ask("GET /v1/purges/p-1", {}, reader).starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(ask("GET /v1/sites/shop/version", {}, reader).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(ask("GET /v1/sites/none/version", {}, reader).starts_with("HTTP/1.1 404"));
  tcp::socket put = send("PUT /v1/sites/shop/version", R"({"version":"2"})", ci);
  log_.wait_for(1);
  log_.release();
  EXPECT_TRUE(has(read(put), R"("version":"2")"));
}

}  // namespace
}  // namespace brink::edge
