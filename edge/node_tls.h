#pragma once
// A node's TLS put together: the ticket keys and metrics that its listeners share, and the control
// thread's look at their files.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/asio.h"
#include "edge/tls_context.h"
#include "edge/tls_watch.h"

namespace brink::edge {

class NodeTls {
 public:
  using Context = std::shared_ptr<net::ssl::context>;
  // All outlive it. `clock` is the machine's.
  NodeTls(const Clock& clock, MetricsRegistry& metrics, net::io_context& control);
  ~NodeTls();  // REQUIRES: the control thread, shards and admin listener have ended

  // One listener: its context, what it was made of, and who uses it.
  struct Use {
    TlsListener listener;
    Context context;
    FileWatch files;
    std::function<void(const Context&)> install;  // on the control thread; must not wait for it
    std::map<std::string, TimePoint> ends = {};
    Ticks due = {};
  };
  // Any thread. Empty, with a sentence in `message`, when a file cannot be used.
  std::optional<Use> prepare(TlsListener listener, std::string& message) const;

  // Any thread: from now on these are in force, in place of those before. Each is installed, once
  // more when its files change; a change that cannot be used leaves the old one, said once.
  void commit(std::vector<Use> uses);
  // On the control thread, at `now`: what is due. Returns when to be called again.
  Ticks step();

  TlsMetrics& metrics() { return metrics_; }

 private:
  void start(std::vector<Use> uses);
  void wait();
  void renew(Use& use);
  static void warn(const Use& use, const std::vector<std::string>& warnings);
  void warn_of_ends(const Use& use) const;
  void publish_ends(const std::vector<Use>& uses);

  const Clock& clock_;
  net::io_context& control_;
  TlsTickets tickets_;
  TlsMetrics metrics_;
  TlsShared shared_;
  Timer timer_;
  std::vector<Use> uses_;  // the control thread's, as all below
  Ticks warn_due_{};
};

}  // namespace brink::edge
