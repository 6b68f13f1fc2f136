#pragma once
// A real nats-server with JetStream on a loopback port of its own, its store in a temporary folder.
// Started, stopped and killed by the test that owns it; its end takes the folder along.

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/child_process.h"
#include "tests/support/socket.h"

namespace brink::tests {

class NatsServer {
 public:
  struct Setup {
    std::string store;  // JetStream's folder; empty = a new one
    std::string more;   // lines for its configuration file, such as "authorization { token: t }"
  };
  NatsServer() : NatsServer(Setup{}) {}
  explicit NatsServer(const Setup& setup);
  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  // Before a start(): other lines than those of the setup.
  void configure(const std::string& more);
  // False when it does not get ready; standard_error() says why.
  bool start();
  void kill();    // SIGKILL, and waits for its end
  void freeze();  // SIGSTOP
  void thaw();    // SIGCONT
  std::string url(const std::string& scheme = "nats") const;
  std::string folder() const { return folder_; }  // "store" in it is JetStream's
  std::string standard_error() const { return process_ ? process_->standard_error() : ""; }

  // One question on a connection of its own: what an operator's `nats` tool does. Empty when nobody
  // answers.
  std::string ask(const std::string& subject, const std::string& body = {}) const;

 private:
  Listener port_;  // reserves it for all of our starts
  std::string folder_, store_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace brink::tests
