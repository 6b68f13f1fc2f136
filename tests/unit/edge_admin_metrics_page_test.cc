// docs/metrics.md against what a node really exposes.

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "edge/node.h"
#include "tests/unit/purge_log_support.h"
#include "tests/unit/tls_certificates.h"

namespace brink::edge {
namespace {

namespace net = boost::asio;

struct Family {
  std::string type;
  std::string help;
  std::set<std::string> labels;
};

// An edge with everything that registers metrics: a site, a regional tier (which nobody asks
// anything), a webhook, a certificate and an audit log.
std::unique_ptr<Node> start_node(const Clock& clock, const purge::TestFolder& folder) {
  config::Options options;
  options.node.workers = 1;
  options.listen = {{.address = "127.0.0.1:0", .tls = std::nullopt}};
  const test::Made made = test::make({.names = "DNS:shop.test"});
  config::TlsOptions tls;
  tls.certificate = folder.file("cert.pem");
  tls.key = folder.file("key.pem");
  std::ofstream(tls.certificate) << made.pem();
  std::ofstream(tls.key) << made.key_pem();
  options.listen.push_back({.address = "127.0.0.1:0", .tls = tls});
  options.admin.address = "127.0.0.1:0";
  options.access_log.to = "none";
  config::SiteOptions site;
  site.name = "shop";
  site.hosts = {"*"};
  site.origin.servers = {"http://127.0.0.1:1"};
  options.sites = {site};
  options.tier.regional = {"http://127.0.0.1:1"};
  config::EventOptions events;
  events.name = "deploy";
  events.webhook.emplace();
  events.webhook->secret = "nobody sends anything";
  events.tags = {"all"};
  options.purge.events = {events};
  options.admin.audit.path = folder.file("audit.log");
  std::string message;
  auto node = Node::start(options, clock, message);
  EXPECT_NE(node, nullptr) << message;
  return node;
}

std::string scrape(std::uint16_t port) {
  net::io_context io;
  net::ip::tcp::socket socket(io);
  socket.connect({net::ip::make_address("127.0.0.1"), port});
  net::write(socket, net::buffer(std::string_view(
                         "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")));
  std::string out;
  boost::system::error_code ended;
  net::read(socket, net::dynamic_buffer(out), ended);
  return out;
}

// "name{a="1",le="2"} 3" → a.
std::set<std::string> label_names(const std::string& line) {
  std::set<std::string> out;
  for (std::size_t i = line.find('{'); i != std::string::npos && line[i] != '}';) {
    const std::size_t equals = line.find('=', i);
    const std::string name = line.substr(i + 1, equals - i - 1);
    if (name != "le") out.insert(name);
    i = line.find('"', equals + 2);
    if (i != std::string::npos) ++i;
  }
  return out;
}

std::map<std::string, Family> families(const std::string& exposed) {
  std::map<std::string, Family> out;
  std::istringstream in(exposed);
  std::string name;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string hash, kind, rest;
    if (line.starts_with("# ")) {
      words >> hash >> kind >> name >> std::ws;
      std::getline(words, rest);
      (kind == "HELP" ? out[name].help : out[name].type) = rest;
    } else if (!name.empty() && line.starts_with(name)) {
      for (const std::string& label : label_names(line))
        out[name].labels.insert(label);
    }
  }
  return out;
}

std::string page(const std::map<std::string, Family>& all) {
  std::ostringstream out;
  out << "# Metrics\n\n"
         "`GET /metrics` on the admin address answers in the Prometheus text format, without a "
         "token. Cells of all\n"
         "threads are summed when it is read. Durations are in seconds, sizes in bytes.\n\n"
         "This page is made from what a node exposes "
         "(tests/unit/edge_admin_metrics_page_test.cc).\n\n"
         "| metric | type | labels | meaning |\n|---|---|---|---|\n";
  for (const auto& [name, family] : all) {
    out << "| `" << name << "` | " << family.type << " | ";
    std::string separator;
    for (const std::string& label : family.labels) {
      out << separator << '`' << label << '`';
      separator = ", ";
    }
    out << " | " << family.help << " |\n";
  }
  return out.str();
}

// BRINK_UPDATE_DOCS=1 writes the page anew.
TEST(MetricsPage, IsWhatANodeExposes) {
  const SystemClock clock;
  const purge::TestFolder folder;
  const auto node = start_node(clock, folder);
  ASSERT_NE(node, nullptr);
  const std::string expected = page(families(scrape(node->admin_port())));
  const auto path = std::filesystem::path(BRINK_SOURCE_FOLDER) / "docs/metrics.md";
  if (std::getenv("BRINK_UPDATE_DOCS") != nullptr) std::ofstream(path) << expected;
  std::ostringstream found;
  found << std::ifstream(path).rdbuf();
  EXPECT_EQ(found.str(), expected) << "run this test with BRINK_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace brink::edge
