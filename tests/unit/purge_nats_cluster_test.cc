// The NATS log on three servers: what a majority has is what counts.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "purge/nats_format.h"
#include "purge/nats_log.h"
#include "tests/unit/purge_nats_support.h"

namespace brink::purge::tests {
namespace {

using ::testing::IsEmpty;

class NatsClusterTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kServers = 3;

  NatsClusterTest() {
    std::string routes;
    for (const auto& port : routes_)
      routes += fmt::format("\"nats://127.0.0.1:{}\", ", port.port());
    for (std::size_t i = 0; i < kServers; ++i) {
      servers_[i] = std::make_unique<NatsServer>(NatsServer::Setup{
          "",
          fmt::format("server_name: n{}\ncluster {{ name: c, host: 127.0.0.1, port: {}, routes: "
                      "[{}] }}",
                      i, routes_[i].port(), routes)});
      EXPECT_TRUE(servers_[i]->start()) << servers_[i]->standard_error();
      options_.nats.url += (i > 0 ? "," : "") + servers_[i]->url();
    }
    options_.nats.replicas = kServers;
  }

  // The number of the server that leads the log's stream.
  std::size_t leader() const {
    const std::string info = servers_[0]->ask("$JS.API.STREAM.INFO.BRINK_PURGE");
    for (std::size_t i = 0; i < kServers; ++i) {
      if (info.find(fmt::format("\"leader\":\"n{}\"", i)) != std::string::npos) return i;
    }
    ADD_FAILURE() << info;
    return 0;
  }

  std::array<brink::tests::Listener, kServers> routes_;
  std::array<std::unique_ptr<NatsServer>, kServers> servers_;
  config::PurgeOptions options_;
  SystemClock clock_;
};

// An append while servers elect a leader may take longer than its bound; it says so, and is
// repeated under its id.
void append_in_the_end(Log& log, const std::string& id) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    if (append(log, purge_record(id)).get()) return;
  }
  ADD_FAILURE() << id << " is not acknowledged";
}

std::vector<std::pair<std::uint64_t, std::string>> order_of(const Seen& seen) {
  std::vector<std::pair<std::uint64_t, std::string>> out;
  for (const Delivered& record : seen.records())
    out.emplace_back(record.sequence, record.id);
  return out;
}

TEST_F(NatsClusterTest, ALeaderThatIsCutOffFromTheOthersProvesNothing) {
  Node first(options_, "a", clock_);
  append_in_the_end(*first.log, "p-1");
  const std::size_t leads = leader();
  options_.nats.url = servers_[leads]->url();
  Node node(options_, "b", clock_);
  ASSERT_TRUE(node.seen.wait_for_proof_after(clock_.ticks()));
  for (std::size_t i = 0; i < kServers; ++i) {
    if (i != leads) servers_[i]->freeze();
  }
  // Time for what the others had on the way to the leader.
  const Ticks frozen = clock_.ticks() + Millis{2'000};
  EXPECT_FALSE(append(*node.log, purge_record("p-2")).get().has_value());
  for (const Ticks at : node.seen.proofs())
    EXPECT_LE(at, frozen);
  EXPECT_THAT(node.seen.lost(), IsEmpty());
}

TEST_F(NatsClusterTest, ALeaderThatDiesTakesNothingAlong) {
  Node a(options_, "a", clock_), b(options_, "b", clock_);
  for (int i = 1; i <= 20; ++i)
    append_in_the_end(*a.log, "p-" + std::to_string(i));
  servers_[leader()]->kill();
  for (int i = 21; i <= 40; ++i)
    append_in_the_end(*a.log, "p-" + std::to_string(i));
  ASSERT_TRUE(a.seen.wait_for_id("p-40"));
  ASSERT_TRUE(b.seen.wait_for_id("p-40"));
  ASSERT_TRUE(b.seen.wait_for_proof_after(clock_.ticks()));
  const std::vector<Delivered> records = a.seen.records();
  ASSERT_EQ(records.size(), 40U);
  for (std::size_t i = 0; i < records.size(); ++i)
    EXPECT_EQ(records[i].id, "p-" + std::to_string(i + 1));
  EXPECT_EQ(order_of(a.seen), order_of(b.seen));
}

}  // namespace
}  // namespace brink::purge::tests
