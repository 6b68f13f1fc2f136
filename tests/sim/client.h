#pragma once
// One simulated request: drives a Transaction as a session would, reads at the seed's pace, may leave, and checks what it got.

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace brink::sim {

class SimClient final : public edge::store::Waker {
 public:
  SimClient(World& world, SimShard& shard, std::size_t number);
  ~SimClient() override;
  void begin();
  bool done() const { return done_; }
  void wake() noexcept override;
  std::string describe() const;

 private:
  void run();
  void take_head();
  bool read_body();
  void finish(bool whole);
  void check_body();
  void check_age();
  std::string_view header(std::string_view name) const;
  void fail(const std::string& what);

  World& world_;
  SimShard& shard_;
  const std::size_t number_;
  std::string target_;
  std::string flavour_;
  std::string id_;
  std::string cache_control_;
  std::string range_;
  std::vector<Field> fields_;
  edge::RequestHead head_;
  edge::Transaction transaction_;
  std::shared_ptr<bool> alive_;
  bool started_ = false;
  bool posted_ = false;
  bool responded_ = false;
  bool done_ = false;
  bool leaves_ = false;
  int status_ = 0;
  TimePoint answered_at_{};
  std::string head_text_;
  std::string body_;
};

}  // namespace brink::sim
