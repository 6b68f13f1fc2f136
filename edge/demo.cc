#include "edge/demo.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "purge/embedded_log.h"

namespace brink::edge {

namespace {

constexpr std::uint16_t kAdminOffset = 10;

// Asked with a plain socket: the nodes' own SO_REUSEPORT would let them share a port with another
// demo.
bool is_free(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_bound =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return is_bound;
}

// "127.0.0.1:PORT", or any free port where that one is taken.
std::string loopback(unsigned port, std::vector<std::uint16_t>& replaced) {
  const auto wanted = static_cast<std::uint16_t>(port);
  if (is_free(wanted)) return fmt::format("127.0.0.1:{}", wanted);
  replaced.push_back(wanted);
  return "127.0.0.1:0";
}

config::Options node_options(std::string name, std::string pop, config::Role role) {
  constexpr std::uint64_t kMemory = 64ULL << 20U;
  config::Options options;
  options.node = {.name = std::move(name), .pop = std::move(pop), .role = role, .workers = 1};
  options.node.shutdown_grace = Millis{1'000};
  options.cache.memory = kMemory;
  options.cache.max_response = kMemory / 4;
  options.access_log.to = "none";
  return options;
}

std::string url(std::uint16_t port) {
  return fmt::format("http://127.0.0.1:{}", port);
}

constexpr std::string_view kStory = R"(
Brink demo: an origin, a regional node and two edges, one process, nothing outside this machine.

  edge fra-1  {fra}  --+
                                        +--> regional-1 --> origin  {origin}
  edge nyc-1  {nyc}  --+

  A shop to browse, through fra    {fra}/
  Dashboards: fra, nyc, regional   {fra_admin}/  {nyc_admin}/  {regional_admin}/
  Metrics (Prometheus)             {fra_admin}/metrics
  What the origin was asked        {origin}/requests.html
  All routes of the origin         {origin}/routes

Copy and paste, in this order. Both edges are asked for the same site, so they are sent the same Host.

1. A miss. fra asks the regional node, which asks the origin: Cache-Status has a member for each of the two.

   curl -si -H 'Host: shop.test' {fra}/product/7 | grep -iE '^(HTTP|age|cache-status)'

2. The same again: a hit at fra. Nobody else is asked.

   curl -si -H 'Host: shop.test' {fra}/product/7 | grep -iE '^(HTTP|age|cache-status)'

3. nyc has never seen it, but the regional node has. The origin still counts one request.

   curl -si -H 'Host: shop.test' {nyc}/product/7 | grep -iE '^(HTTP|age|cache-status)'
   curl -s {origin}/_requests

4. Fifty clients at once want a page that takes a second to make. They share one fetch: the origin counts one.

   curl -sZ --parallel-immediate -o /dev/null '{fra}/slow?ms=1000#[1-50]' 2>/dev/null
   curl -s {origin}/_requests

5. Fresh for one second, then stale while it revalidates. Repeat it after two seconds: the stale response comes at
   once, and the fetch of almost a second runs behind your back.

   curl -s -o /dev/null -w '%{{time_total}} s  %header{{cache-status}}\n' '{fra}/slow?ms=700&cache=max-age=1,stale-while-revalidate=60'

6. A range, then a condition, answered from one stored response:

   curl -s -o /dev/null -w '%{{http_code}}  %header{{cache-status}}\n' {fra}/images/harbour.png
   curl -s -o /dev/null -w '%{{http_code}}  %header{{content-range}}\n' -r 0-1023 {fra}/images/harbour.png
   curl -s -o /dev/null -w '%{{http_code}}  %header{{cache-status}}\n' -H 'If-None-Match: *' {fra}/images/harbour.png

7. A seek into a film of 2 GiB: one slice of it is fetched and stored, not the film. The second range lies in the same slice.

   curl -s -o /dev/null -w '%{{http_code}}  %header{{content-range}}  %header{{cache-status}}\n' -r 1000000000-1000000099 {fra}/bytes/2147483648
   curl -s -o /dev/null -w '%{{http_code}}  %header{{content-range}}  %header{{cache-status}}\n' -r 1000000500-1000000599 {fra}/bytes/2147483648

8. A purge by tag, answered once all three nodes have applied it; then product 7 is a miss again, at fra and at nyc.

   curl -s {fra_admin}/v1/purges -d '{{"tags":["product-7"],"wait":"all"}}'
   curl -si -H 'Host: shop.test' {fra}/product/7 | grep -iE '^(HTTP|age|cache-status)'
   curl -s {nyc_admin}/v1/nodes

Ctrl-C ends it.
)";

}  // namespace

std::unique_ptr<Demo> Demo::start(std::uint16_t port_base, const Clock& clock,
                                  std::string& message) {
  auto demo = std::make_unique<Demo>();
  origin::DemoOriginOptions origin_options;
  origin_options.address = loopback(port_base, demo->replaced_);
  auto origin = origin::DemoOrigin::create(origin_options);
  if (!origin) {
    message = "demo origin: " + std::string(origin.error().what);
    return nullptr;
  }
  demo->origin_ = std::move(*origin);
  if (!demo->open_purge_log(clock, message)) return nullptr;
  const std::pair<const char*, const char*> kPlaces[] = {
      {"regional-1", "core"}, {"fra-1", "fra"}, {"nyc-1", "nyc"}};
  for (const auto& [name, pop] : kPlaces) {
    const bool is_regional = demo->places_.empty();
    const auto port = static_cast<unsigned>(port_base + 1 + demo->places_.size());
    auto options =
        node_options(name, pop, is_regional ? config::Role::Regional : config::Role::Edge);
    options.listen = {{.address = loopback(port, demo->replaced_), .tls = std::nullopt}};
    options.admin.address = loopback(port + kAdminOffset, demo->replaced_);
    config::SiteOptions site;
    site.name = "shop";
    site.hosts = {"*"};
    site.origin.servers = {url(demo->origin_->port())};
    options.sites.push_back(site);
    if (!is_regional) options.tier.regional = {url(demo->places_.front().port)};
    if (!demo->start_node(options, clock, message)) return nullptr;
  }
  return demo;
}

Demo::~Demo() {
  places_.clear();
  purge_log_.reset();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

bool Demo::open_purge_log(const Clock& clock, std::string& message) {
  std::error_code error;
  std::string folder = (std::filesystem::temp_directory_path(error) / "brink-demo-XXXXXX").string();
  if (error || ::mkdtemp(folder.data()) == nullptr) {
    message = "purge log: no temporary folder: " + std::string(std::strerror(errno));
    return false;
  }
  folder_ = folder;
  purge::EmbeddedLogOptions options;
  options.path = folder_ + "/purge.log";
  purge_log_ = purge::EmbeddedLog::open(options, clock, message);
  return purge_log_ != nullptr;
}

bool Demo::start_node(const config::Options& options, const Clock& clock, std::string& message) {
  auto node = Node::start(options, clock, message, {.reload = {}, .purge_log = purge_log_});
  if (node == nullptr) {
    message = options.node.name + ": " + message;
    return false;
  }
  const std::uint16_t port = node->ports().at(0);
  const std::uint16_t admin_port = node->admin_port();
  places_.push_back({options.node.name, std::move(node), port, admin_port});
  return true;
}

std::string Demo::story() const {
  std::string out =
      fmt::format(fmt::runtime(kStory), fmt::arg("origin", url(origin_->port())),
                  fmt::arg("fra", url(places_[1].port)), fmt::arg("nyc", url(places_[2].port)),
                  fmt::arg("regional_admin", url(places_[0].admin_port)),
                  fmt::arg("fra_admin", url(places_[1].admin_port)),
                  fmt::arg("nyc_admin", url(places_[2].admin_port)));
  if (!replaced_.empty()) {
    out += fmt::format("\nTaken by other programs, so replaced by free ports: {}.\n",
                       fmt::join(replaced_, ", "));
  }
  return out;
}

void Demo::stop() {
  for (auto place = places_.rbegin(); place != places_.rend(); ++place)
    place->node->stop();
}

}  // namespace brink::edge
