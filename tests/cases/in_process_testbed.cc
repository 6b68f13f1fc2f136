#include "tests/cases/in_process_testbed.h"

#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include "config/loader.h"
#include "edge/node.h"

namespace brink::tests::cases {
namespace {

constexpr Seconds kStopLimit{30};

bool load(const std::string& yaml, config::Options& options, std::string& message) {
  const config::LoadResult loaded = config::load_text(yaml, "case");
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == config::Severity::Error)
      message += config::to_string(diagnostic) + "\n";
  }
  options = loaded.options;
  return loaded.ok();
}

class InProcessNode final : public RunningNode {
 public:
  explicit InProcessNode(std::unique_ptr<edge::Node> node)
      : node_(std::move(node)), ports_(node_->ports()), admin_port_(node_->admin_port()) {}
  std::uint16_t port() const override { return ports_.at(0); }
  std::uint16_t tls_port() const override { return ports_.size() > 1 ? ports_[1] : 0; }
  std::uint16_t admin_port() const override { return admin_port_; }
  bool reload(const std::string& yaml, std::string& message) override {
    config::Options options;
    return load(yaml, options, message) && node_->reload(options, message);
  }
  bool signal_reload(const std::string& yaml, std::string& message) override {
    return reload(yaml, message);
  }
  std::string stop() override {
    // A node that does not stop cannot be left behind: its threads use what is about to go.
    std::promise<void> stopped;
    std::thread stopper([&] {
      node_->stop();
      node_.reset();
      stopped.set_value();
    });
    if (stopped.get_future().wait_for(kStopLimit) != std::future_status::ready) {
      std::fputs("a node does not stop; giving up\n", stderr);
      std::_Exit(1);
    }
    stopper.join();
    return {};
  }

 private:
  std::unique_ptr<edge::Node> node_;
  const std::vector<std::uint16_t> ports_;
  std::uint16_t admin_port_;
};

class InProcessTestbed final : public Testbed {
 public:
  TimePoint now() const override { return clock_.now(); }
  void advance(Millis by) override { clock_.advance(by); }
  std::unique_ptr<RunningNode> start(const std::string& yaml, std::string& message) override {
    config::Options options;
    if (!load(yaml, options, message)) return nullptr;
    auto node = edge::Node::start(options, clock_, message);
    if (!node) return nullptr;
    return std::make_unique<InProcessNode>(std::move(node));
  }

 private:
  VirtualClock clock_{kCaseStart};
};

}  // namespace

std::unique_ptr<Testbed> make_in_process_testbed() {
  return std::make_unique<InProcessTestbed>();
}

}  // namespace brink::tests::cases
