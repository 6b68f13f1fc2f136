#pragma once
// A client on an io_context of its own, and handlers that write down what they are told.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "origin/server_group.h"
#include "origin/upstream.h"

namespace brink::test {

class Recorder : public origin::Handler {
 public:
  using FieldList = std::vector<std::pair<std::string, std::string>>;

  void on_interim(int code, Fields with) override { interims.emplace_back(code, copy(with)); }
  void on_head(const origin::ResponseHead& head) override {
    EXPECT_EQ(status, 0) << "a second head";
    status = head.status;
    fields = copy(head.fields);
    content_length = head.content_length;
    server = head.server;
    from_tier = head.from_tier;
    attempts = head.attempts;
    if (at_head) at_head();
  }
  Flow on_body(std::string_view bytes) override {
    EXPECT_NE(status, 0) << "a body without a head";
    body_bytes += bytes.size();
    if (keep_body) body.append(bytes);
    return at_body ? at_body(bytes) : Flow::Continue;
  }
  void on_complete() override {
    finish();
    complete = true;
  }
  void on_error(Error e) override {
    finish();
    error = e;
  }
  bool done() const { return complete || error; }
  std::string field(std::string_view name) const {
    for (const auto& [n, v] : fields) {
      if (iequals(n, name)) return v;
    }
    return {};
  }

  std::vector<std::pair<int, FieldList>> interims;
  int status = 0;
  FieldList fields;
  std::optional<std::uint64_t> content_length;
  std::string server;
  bool from_tier = false;
  std::uint32_t attempts = 0;
  std::string body;
  std::uint64_t body_bytes = 0;
  bool keep_body = true;
  bool complete = false;
  std::optional<Error> error;
  std::function<void()> at_head;
  std::function<Flow(std::string_view)> at_body;
  std::function<void()> at_end;

 private:
  static FieldList copy(Fields from) {
    FieldList to;
    for (const Field& f : from)
      to.emplace_back(f.name, f.value);
    return to;
  }
  void finish() {
    EXPECT_FALSE(done()) << "ended twice";
    if (at_end) at_end();
  }
};

// Runs `io` until `done` or ten seconds have passed; false for the latter.
inline bool run_until(boost::asio::io_context& io, const std::function<bool()>& done) {
  const SystemClock clock;
  const Ticks give_up = clock.ticks() + Seconds{10};
  while (!done()) {
    if (clock.ticks() > give_up) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(Millis{100});
  }
  return true;
}

inline config::UpstreamOptions options_for(std::vector<std::string> servers) {
  config::UpstreamOptions options;
  options.servers = std::move(servers);
  options.connect_timeout = Millis{5'000};
  options.first_byte_timeout = Millis{8'000};
  options.idle_timeout = Millis{8'000};
  return options;
}

inline origin::Request get(std::shared_ptr<origin::ServerGroup> group, std::string target = "/") {
  origin::Request request;
  request.method = "GET";
  request.scheme = "http";
  request.authority = "shop.example";
  request.target = std::move(target);
  request.fields = {{"Accept", "*/*"}};
  request.origin = std::move(group);
  return request;
}

// Each test has its loop, clock, metrics and whatever Upstream it makes with them.
class ClientTest : public testing::Test {
 protected:
  std::shared_ptr<origin::ServerGroup> group(const config::UpstreamOptions& options) {
    return origin::ServerGroup::create(options, nullptr);
  }
  std::shared_ptr<origin::ServerGroup> group(std::string url) {
    return group(options_for({std::move(url)}));
  }

  // Asks and waits for the end.
  Recorder fetch(origin::Request request) {
    Recorder recorder;
    const auto call = upstream().start(std::move(request), recorder);
    EXPECT_FALSE(recorder.done()) << "called back from inside start()";
    EXPECT_TRUE(run_until(io, [&] { return recorder.done(); })) << "no end in time";
    return recorder;
  }
  Recorder fetch(std::string url, std::string target = "/") {
    return fetch(get(group(std::move(url)), std::move(target)));
  }
  virtual origin::Upstream& upstream() = 0;

  boost::asio::io_context io{1};
  SystemClock clock;
  MetricsRegistry metrics;
};

}  // namespace brink::test
