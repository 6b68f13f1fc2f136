#pragma once
// One request at a simulated node: drives a Transaction as a session does, whoever asks.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/transaction.h"
#include "tests/sim/purge_call.h"
#include "tests/sim/purge_node.h"

namespace brink::purgesim {

struct Question {
  std::string method = "GET";
  std::string host;
  std::string target;
  OwnedLines fields = {};
  std::string client = "192.0.2.1";
  bool from_peer = false;
};

// Owned by its node's process; ends by itself.
class Session : public edge::store::Waker {
 public:
  Session(Node& node, std::uint64_t id, Question question);
  ~Session() override;
  void begin();
  void wake() noexcept override;
  void leave();  // whoever asked has gone
  std::uint64_t id() const { return id_; }

 protected:
  virtual void on_head(const edge::ResponsePlan& plan) = 0;
  // False: no more until resumed() is called.
  virtual bool on_bytes(std::string_view bytes) = 0;
  virtual void on_end(bool whole) = 0;
  virtual std::size_t bytes_at_once() = 0;
  void resumed();

  Node& node_;
  World& world_;
  const Question question_;
  bool was_fenced_ = false;  // while it looked into the cache
  bool responded_ = false;
  bool done_ = false;

 private:
  void run();
  bool read_body();
  void finish(bool whole);
  void lose_patience();

  const std::uint64_t id_;
  edge::RequestHead head_;
  std::vector<Field> fields_;
  edge::Transaction transaction_;
  bool posted_ = false;
  bool held_ = false;
};

}  // namespace brink::purgesim
