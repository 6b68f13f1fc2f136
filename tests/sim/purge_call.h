#pragma once
// A call of a simulated node: what comes back arrives piece by piece, at the seed's pace and under
// back-pressure.

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "origin/upstream.h"
#include "tests/sim/purge_world.h"

namespace brink::purgesim {

using OwnedLines = std::vector<std::pair<std::string, std::string>>;

// One piece of an answer.
struct Piece {
  enum class Kind : std::uint8_t { Head, Body, Complete, Broken } kind = Kind::Complete;
  int status = 0;
  OwnedLines fields = {};
  std::optional<std::uint64_t> content_length = {};
  bool from_tier = false;
  std::string body = {};
  ErrorCode error = ErrorCode::ConnectionTerminated;
};

class Call : public origin::Call {
 public:
  Call(Node& node, origin::Request request, origin::Handler& handler);
  ~Call() override;
  void resume_response() override;
  void resume_request() override {}
  // It is under way to this node; pieces come in the order of these calls.
  void send(Piece piece, Millis delay);
  bool has_head() const { return head_given_; }

 protected:
  std::string_view field(std::string_view name) const;
  // Unless the call is gone by then. At the node, or elsewhere.
  void later_here(Millis delay, std::function<void()> f);
  void later_there(Millis delay, Whose whose, std::function<void()> f);
  virtual void taken() {}  // a piece of body has been taken: the next may be sent

  Node& node_;
  World& world_;
  origin::Request request_;

 private:
  void schedule(Millis delay);
  void give();
  void give_head(const Piece& piece);

  origin::Handler& handler_;
  std::shared_ptr<bool> alive_;
  std::deque<Piece> inbox_;
  bool scheduled_ = false;
  bool paused_ = false;
  bool head_given_ = false;
};

std::unique_ptr<origin::Call> ask_origin(Node& node, origin::Request request,
                                         origin::Handler& handler);
std::unique_ptr<origin::Call> ask_node(Node& node, Node& asked, origin::Request request,
                                       origin::Handler& handler);

}  // namespace brink::purgesim
