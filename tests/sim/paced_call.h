#pragma once
// A call to a made-up origin whose body goes out at the seed's pace: in pieces, with delays and
// cuts, under back-pressure.

#include <functional>
#include <memory>
#include <string>

#include "origin/upstream.h"
#include "tests/sim/world.h"

namespace brink::sim {

class PacedCall : public origin::Call {
 public:
  PacedCall(World& world, origin::Request request, origin::Handler& handler);
  ~PacedCall() override;
  void resume_response() override;
  void resume_request() override {}

 protected:
  std::string_view field(std::string_view name) const;
  // Unless the call has been destroyed by then.
  void later(std::function<void()> f);
  // The head has been given; now the body, which `chance` cuts at each piece.
  void begin_body(std::string body, double cut_chance);

  World& world_;
  origin::Request request_;
  origin::Handler& handler_;

 private:
  void go_on();
  void send_body();

  std::shared_ptr<bool> alive_;
  std::string body_;
  double cut_chance_ = 0;
  std::size_t sent_ = 0;
  bool paused_ = false;
  bool burst_ = false;
};

}  // namespace brink::sim
