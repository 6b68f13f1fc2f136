#pragma once
// Carries out one `upstream { … }`: an origin that knows what it will be asked, in which order, and
// what it says.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/cases/case_model.h"
#include "tests/cases/message_writer.h"
#include "tests/cases/stage.h"
#include "tests/support/http_reader.h"
#include "tests/support/socket.h"

namespace brink::tests::cases {

class UpstreamServer {
 public:
  // Both outlive it. Listens at once.
  UpstreamServer(const UpstreamScript& script, Stage& stage);
  ~UpstreamServer();
  UpstreamServer(const UpstreamServer&) = delete;
  UpstreamServer& operator=(const UpstreamServer&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  // How often it was asked; empty method or target = any.
  std::size_t requests(const std::string& method, const std::string& target) const;
  std::size_t connections() const { return connections_; }
  // Breaks every connection and refuses new ones, until start().
  void stop();
  void start();
  // Fails the case when the script was not played to its end.
  void expect_finished();

 private:
  struct Connection {
    Socket socket;
    std::thread thread;
    std::atomic<bool> done{false};
  };

  void accept_loop();
  void serve(Connection& connection);
  // False when the connection is over.
  bool serve_one(Socket& socket, HttpReader& reader);
  const Exchange* choose(const HttpMessage& request);
  bool read_body(Socket& socket, HttpReader& reader, HttpMessage& request);
  bool play(const Exchange& exchange, HttpMessage& request, Writing& writing, HttpReader& reader);
  Written play_step(const ExchangeStep& step, HttpMessage& request, Writing& writing,
                    HttpReader& reader);
  Written take(const ExchangeStep& step, HttpReader& reader);
  void reap(bool all);

  const UpstreamScript& script_;
  Stage& stage_;
  Listener listener_;
  std::atomic<bool> running_{false};
  std::atomic<std::size_t> connections_{0};
  mutable std::mutex mutex_;
  std::size_t next_ = 0;                                   // in script_.sequence
  std::vector<std::pair<std::string, std::string>> seen_;  // method, target
  std::list<Connection> open_;                             // of the accepting thread
  std::thread acceptor_;
};

}  // namespace brink::tests::cases
