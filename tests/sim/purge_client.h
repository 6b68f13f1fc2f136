#pragma once
// A client of a simulated deployment: what it asks, and that its answer is put before the checker.

#include <memory>
#include <string>

#include "tests/sim/purge_session.h"

namespace brink::purgesim {

class PurgeClient final : public Session {
 public:
  // `plain`: an ordinary GET that reads to the end.
  static PurgeClient& start(Node& node, Page& page, bool plain);
  // Of a client that has been answered.
  struct Outcome {
    bool done = false;
    int status = 0;
    bool hit = false;  // at the node that was asked
    std::string text;
  };
  void tell(std::shared_ptr<Outcome> outcome) { outcome_ = std::move(outcome); }

 private:
  PurgeClient(Node& node, std::uint64_t id, Page& page, Question question, bool plain);
  static Question ask(World& world, const Page& page, bool plain);
  void on_head(const edge::ResponsePlan& plan) override;
  bool on_bytes(std::string_view bytes) override;
  void on_end(bool whole) override;
  std::size_t bytes_at_once() override;

  const Page& page_;
  const std::size_t acknowledged_;
  const TimePoint began_;
  const bool fenced_at_once_;
  const bool plain_;
  const bool leaves_;
  int status_ = 0;
  std::string head_text_;
  std::string body_;
  std::shared_ptr<Outcome> outcome_;
};

}  // namespace brink::purgesim
