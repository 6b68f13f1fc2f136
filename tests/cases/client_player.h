#pragma once
// Carries out one `client { … }`: one connection at a time, and what came back on it.

#include <functional>
#include <memory>
#include <string>

#include "tests/cases/case_model.h"
#include "tests/cases/client_exchange.h"
#include "tests/cases/stage.h"

namespace brink::tests::cases {

class ClientPlayer {
 public:
  using Do = std::function<void(const Action&)>;
  // `run` carries out actions of the case that stand inside the client.
  ClientPlayer(const Client& client, const Door& door, Stage& stage, Do run);
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
  // Opens a connection unless there is one that takes requests; false when that fails.
  bool be_connected(int line);
  std::size_t outstanding() const { return exchange_ ? exchange_->outstanding() : 0; }
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
  const Door door_;
  Stage& stage_;
  Do run_;
  std::unique_ptr<ClientExchange> exchange_;  // null = no connection
  HttpMessage response_;
  Progress progress_ = Progress::None;
  bool cut_expected_ = false;
};

}  // namespace brink::tests::cases
