// Ticket keys, names, watched files and the reload of certificates, each with a clock of its own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "edge/node_tls.h"
#include "tests/unit/tls_handshake.h"

namespace brink::edge {
namespace {

using test::make;
using test::shake;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr TimePoint kStart{Seconds{1'800'000'000}};

TEST(TlsTickets, TheKeyBeforeStillOpens) {
  VirtualClock clock{kStart};
  TlsTickets tickets(clock, Seconds{100});
  const TicketKey first = tickets.seal();
  EXPECT_EQ(tickets.seal().name, first.name);
  clock.advance(Seconds{49});
  EXPECT_FALSE(tickets.open(first.name)->renew);
  clock.advance(Seconds{1});
  const TicketKey second = tickets.seal();
  EXPECT_NE(second.name, first.name);
  EXPECT_NE(second.cipher, first.cipher);
  EXPECT_NE(second.mac, first.mac);
  ASSERT_TRUE(tickets.open(first.name));
  EXPECT_TRUE(tickets.open(first.name)->renew);
  EXPECT_EQ(tickets.open(first.name)->key.cipher, first.cipher);
  clock.advance(Seconds{50});
  EXPECT_FALSE(tickets.open(first.name));
  EXPECT_TRUE(tickets.open(second.name)->renew);
}

TEST(TlsTickets, NoKeyOutlivesItsTimeUnused) {
  VirtualClock clock{kStart};
  TlsTickets tickets(clock, Seconds{100});
  const TicketKey first = tickets.seal();
  clock.advance(Seconds{100});
  EXPECT_FALSE(tickets.open(first.name));
  const TicketKey second = tickets.seal();
  tickets.set_lifetime(Seconds{10});
  clock.advance(Seconds{5});
  EXPECT_TRUE(tickets.open(second.name)->renew);
}

TEST(TlsNames, OneCertificateForEachKindOfKey) {
  const TlsNames names({{{"a.test", "b.test"}, "ECDSA"},
                        {{"a.test"}, "RSA"},
                        {{"a.test"}, "RSA"},
                        {{"*.test"}, "RSA"}});
  const auto group = [&](std::string_view host) { return names.groups()[names.find(host)]; };
  EXPECT_THAT(group("a.test"), ElementsAre(0, 1));
  EXPECT_THAT(group("b.test"), ElementsAre(0));
  EXPECT_THAT(group("c.test"), ElementsAre(3));
  EXPECT_THAT(group("C.TEST."), ElementsAre(3));
  EXPECT_THAT(group("d.c.test"), ElementsAre(0, 1));
  for (const std::string_view odd : {"", ".", "..", ".test", "test"}) {
    EXPECT_THAT(group(odd), ElementsAre(0, 1)) << odd;
  }
  EXPECT_THAT(group("*.test"), ElementsAre(3));
  EXPECT_THAT(group(std::string(5000, 'x') + ".test"), ElementsAre(0, 1));
  const TlsNames nameless(std::vector<TlsNames::Certificate>{{{}, "ECDSA"}});
  EXPECT_EQ(nameless.find("a.test"), 0U);
}

TEST(TlsFileWatch, SeesWhatChanges) {
  const test::CertificateFolder folder;
  const TimePoint now = SystemClock().now();
  const std::string file = folder.write("a", "one");
  FileWatch watch({file, folder.path("later"), ""}, now);
  EXPECT_FALSE(watch.changed(now));
  folder.write("a", "two");  // same length, perhaps within the same tick of the file system
  EXPECT_TRUE(watch.changed(now));
  EXPECT_FALSE(watch.changed(now));
  std::filesystem::last_write_time(
      file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_FALSE(watch.changed(now + Seconds{10})) << "touched, not changed";
  folder.write("later", "x");
  EXPECT_TRUE(watch.changed(now + Seconds{10}));
  std::filesystem::remove(folder.path("later"));
  EXPECT_TRUE(watch.changed(now + Seconds{10}));
  std::filesystem::rename(folder.write("b", "three"), file);
  EXPECT_TRUE(watch.changed(now + Seconds{10}));
  EXPECT_FALSE(watch.changed(now + Seconds{10}));
}

TEST(TlsFileWatch, FollowsLinks) {
  const test::CertificateFolder folder;
  const TimePoint now = SystemClock().now();
  folder.write("v1", "one");
  folder.write("v2", "two");
  std::filesystem::create_symlink("v1", folder.path("current"));
  FileWatch watch({folder.path("current")}, now);
  std::filesystem::create_symlink("v2", folder.path("next"));
  std::filesystem::rename(folder.path("next"), folder.path("current"));
  EXPECT_TRUE(watch.changed(now + Seconds{10}));
}

class NodeTlsReload : public ::testing::Test {
 protected:
  void put(const std::string& name, const test::Made& made) {
    folder_.write(name + ".pem", made.pem());
    folder_.write(name + ".key", made.key_pem());
  }
  void start() {
    options_.certificate = folder_.path("a.pem");
    options_.key = folder_.path("a.key");
    options_.reload_every = Seconds{5};
    std::string message;
    auto use = tls_.prepare({options_, "127.0.0.1:8443", true}, message);
    ASSERT_TRUE(use) << message;
    use->install = [this](const NodeTls::Context& context) {
      installed_ = context;
      ++installs_;
    };
    std::vector<NodeTls::Use> uses;
    uses.push_back(std::move(*use));
    tls_.commit(std::move(uses));
    control_.poll();
  }
  std::string shown(const std::string& host = "") {
    return shake(installed_->native_handle(), {.host = host}).certificate;
  }
  void wait(Seconds by) {
    clock_.advance(by);
    tls_.step();
  }
  std::int64_t reloads(const char* result) {
    return registry_.total("brink_edge_tls_reloads_total", {{"result", result}});
  }

  test::CertificateFolder folder_;
  VirtualClock clock_{SystemClock().now()};
  MetricsRegistry registry_;
  net::io_context control_{1};
  NodeTls tls_{clock_, registry_, control_};
  config::TlsOptions options_;
  NodeTls::Context installed_;
  int installs_ = 0;
};

TEST_F(NodeTlsReload, TakesOverWhatHasChanged) {
  put("a", make({.common_name = "old"}));
  start();
  EXPECT_EQ(installs_, 1);
  EXPECT_EQ(shown(), "old");
  wait(Seconds{6});
  EXPECT_EQ(installs_, 1);
  put("a", make({.common_name = "new", .rsa = true}));
  wait(Seconds{4});
  EXPECT_EQ(shown(), "old") << "not due yet";
  wait(Seconds{2});
  EXPECT_EQ(shown(), "new");
  EXPECT_EQ(reloads("done"), 1);
  EXPECT_EQ(reloads("failed"), 0);
}

TEST_F(NodeTlsReload, KeepsTheOldWhileThePairDoesNotFit) {
  put("a", make({.common_name = "old"}));
  start();
  const test::Made next = make({.common_name = "new"});
  folder_.write("a.pem", next.pem());
  wait(Seconds{6});
  EXPECT_EQ(shown(), "old");
  EXPECT_EQ(reloads("failed"), 1);
  wait(Seconds{6});
  EXPECT_EQ(reloads("failed"), 1) << "once for each change";
  folder_.write("a.key", next.key_pem().substr(0, 60));
  wait(Seconds{6});
  EXPECT_EQ(reloads("failed"), 2);
  folder_.write("a.key", next.key_pem());
  wait(Seconds{6});
  EXPECT_EQ(shown(), "new");
  EXPECT_EQ(reloads("done"), 1);
}

// One that ends, or is renewed badly, keeps no other from being renewed.
TEST_F(NodeTlsReload, EachCertificateIsKeptByItself) {
  put("a", make({.common_name = "first", .names = "DNS:a.test", .ends_in_s = 3600}));
  put("b", make({.common_name = "second", .names = "DNS:b.test"}));
  options_.certificates = {{folder_.path("b.pem"), folder_.path("b.key"), ""}};
  start();
  put("b", make({.common_name = "renewed", .names = "DNS:b.test"}));
  wait(Seconds{3601});
  EXPECT_EQ(shown("b.test"), "renewed");
  EXPECT_EQ(shown("a.test"), "first");
  EXPECT_EQ(reloads("failed"), 1);
}

TEST_F(NodeTlsReload, SaysWhenCertificatesEnd) {
  put("a", make({.common_name = "old", .ends_in_s = 1000}));
  start();
  const std::string name = "brink_edge_tls_certificate_not_after_seconds";
  const std::int64_t now = std::chrono::floor<Seconds>(clock_.now()).time_since_epoch().count();
  EXPECT_NEAR(static_cast<double>(registry_.total(name)), static_cast<double>(now + 1000), 60.0);
  EXPECT_THAT(registry_.expose(),
              HasSubstr(name + "{certificate=\"" + folder_.path("a.pem") + "\"}"));
  tls_.commit({});
  control_.poll();
  EXPECT_EQ(registry_.expose().find(name + "{"), std::string::npos) << "gone with the listener";
}

}  // namespace
}  // namespace brink::edge
