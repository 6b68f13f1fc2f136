#pragma once
// Carries out one `client { … }`: one connection at a time, and what came back on it.

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "tests/cases/case_model.h"
#include "tests/cases/stage.h"
#include "tests/support/http_reader.h"
#include "tests/support/socket.h"

namespace brink::tests::cases {

class ClientPlayer {
 public:
  using Do = std::function<void(const Action&)>;
  // `run` carries out actions of the case that stand inside the client.
  ClientPlayer(const Client& client, std::uint16_t port, Stage& stage, Do run);
  // To its end, or to the first failure of the case.
  void play();

 private:
  // How far the response that `expect` looks at has been read.
  enum class Progress : std::uint8_t { None, Interim, Head, Whole };

  void play_steps(const std::vector<ClientStep>& steps);
  void play_step(const ClientStep& step);
  void play_receive(const ClientStep& step);
  void play_connection(const ClientStep& step);
  void play_action(const Action& action);
  void send(const ClientStep& step);
  void write_bytes(const ClientStep& step, bool request);
  void connect(int line);
  void disconnect(bool with_reset);
  void expect(const Check& check);
  void expect_closed(int line);
  // Each reads what is still missing; a failure of the case when it does not come.
  void receive_head(int line, bool only_interim);
  void receive_whole(int line);
  void receive_outstanding(int line);
  // A response that was cut must have been expected to be.
  void settle(int line);
  bool ok(Read read, int line, const char* what);

  const Client& client_;
  const std::uint16_t port_;
  Stage& stage_;
  Do run_;
  Socket socket_;
  std::unique_ptr<HttpReader> reader_;
  std::deque<std::string> outstanding_;  // methods of requests without a response yet
  HttpMessage response_;
  Progress progress_ = Progress::None;
  bool cut_expected_ = false;
};

}  // namespace brink::tests::cases
